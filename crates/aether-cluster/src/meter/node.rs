//! What a node tells the `metrics` facade; nothing without the feature `metrics`.
//!
//! | name | kind | labels |
//! | --- | --- | --- |
//! | `aether_cluster_members` | gauge | `cluster`, `node`: members that this node counts as alive |
//! | `aether_cluster_owned_shards`, `aether_cluster_moving_shards` | gauge | as these: shards at this node, and on their way to it or from it |
//! | `aether_cluster_leader_changes_total`, `aether_cluster_acquired_total` | counter | as these: an acquisition is a new epoch |
//! | `aether_cluster_lease_margin_seconds` | histogram | as these: what was left of the time to serve when a renewal was acknowledged |

#[cfg(not(feature = "metrics"))]
pub(crate) use off::Meter;
#[cfg(feature = "metrics")]
pub(crate) use on::Meter;

#[cfg(feature = "metrics")]
mod on {
    use std::time::Duration;

    use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

    use crate::cluster::Members;
    use crate::driver::Locals;
    use crate::name::ClusterName;
    use crate::placement::NodeId;
    use crate::protocol::Stage;

    /// What one node tells.
    pub(crate) struct Meter {
        members: Gauge,
        owned: Gauge,
        moving: Gauge,
        leader_changes: Counter,
        acquired: Counter,
        lease_margin: Histogram,
    }

    impl Meter {
        pub(crate) fn new(cluster: &ClusterName, node: &NodeId) -> Self {
            let labels = [("cluster", cluster.to_string()), ("node", node.to_string())];
            Self {
                members: gauge!("aether_cluster_members", &labels),
                owned: gauge!("aether_cluster_owned_shards", &labels),
                moving: gauge!("aether_cluster_moving_shards", &labels),
                leader_changes: counter!("aether_cluster_leader_changes_total", &labels),
                acquired: counter!("aether_cluster_acquired_total", &labels),
                lease_margin: histogram!("aether_cluster_lease_margin_seconds", &labels),
            }
        }

        pub(crate) fn members(&self, members: &Members) {
            self.members.set(members.alive().count() as f64);
        }

        pub(crate) fn leader_changed(&self) {
            self.leader_changes.increment(1);
        }

        pub(crate) fn lease_margin(&self, margin: Duration) {
            self.lease_margin.record(margin.as_secs_f64());
        }

        pub(crate) fn locals(&self, before: &Locals, after: &Locals) {
            let owned = |locals: &Locals| locals.values().filter(|local| local.epoch.is_some()).count();
            self.owned.set(owned(after) as f64);
            // What has been released is on its way no more, though this node says for a while where it went.
            let stages = after.values().map(|local| local.stage);
            let moving = stages.filter(|stage| !matches!(stage, Stage::Serving | Stage::Forwarding));
            self.moving.set(moving.count() as f64);
            let is_new = |shard, epoch| before.get(shard).and_then(|local| local.epoch) != epoch;
            let acquired =
                after.iter().filter(|(shard, local)| local.epoch.is_some() && is_new(shard, local.epoch));
            self.acquired.increment(acquired.count() as u64);
        }
    }

    impl Drop for Meter {
        fn drop(&mut self) {
            self.members.set(0.0);
            self.owned.set(0.0);
            self.moving.set(0.0);
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    use std::time::Duration;

    use crate::cluster::Members;
    use crate::driver::Locals;
    use crate::name::ClusterName;
    use crate::placement::NodeId;

    pub(crate) struct Meter;

    impl Meter {
        pub(crate) fn new(_: &ClusterName, _: &NodeId) -> Self {
            Self
        }

        #[inline]
        pub(crate) fn members(&self, _: &Members) {}

        #[inline]
        pub(crate) fn leader_changed(&self) {}

        #[inline]
        pub(crate) fn lease_margin(&self, _: Duration) {}

        #[inline]
        pub(crate) fn locals(&self, _: &Locals, _: &Locals) {}
    }
}
