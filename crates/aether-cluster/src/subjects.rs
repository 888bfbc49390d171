//! The subjects of a cluster, and the only place that builds or reads them. Pure.
//!
//! | subject | carries |
//! | --- | --- |
//! | `aether.cluster.NAME.route.INCARNATION.SHARD.EPOCH` | messages to one ownership of one shard |
//! | `aether.cluster.NAME.node.ID` | hints of nodes to a node |

use aether_core::Epoch;

use crate::name::ClusterName;
use crate::placement::{NodeId, Shard};
use crate::protocol::{Address, Incarnation};

/// The subjects of one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Subjects {
    prefix: String,
}

impl Subjects {
    pub(crate) fn new(cluster: &ClusterName) -> Self {
        Self { prefix: format!("aether.cluster.{cluster}") }
    }

    /// Where one ownership hears.
    pub(crate) fn route(&self, to: Address) -> String {
        format!("{}.route.{}.{}.{}", self.prefix, to.incarnation, to.shard, to.epoch)
    }

    /// What a node subscribes to, to hear for all that it owns.
    pub(crate) fn routes(&self, incarnation: Incarnation) -> String {
        format!("{}.route.{incarnation}.*.*", self.prefix)
    }

    /// Reads a subject of [`routes`](Self::routes).
    pub(crate) fn address(&self, subject: &str, incarnation: Incarnation) -> Option<Address> {
        let rest = subject.strip_prefix(self.prefix.as_str())?.strip_prefix(".route.")?;
        // The subscription brings no other incarnation's.
        let (_, rest) = rest.split_once('.')?;
        let (shard, epoch) = rest.split_once('.')?;
        Some(Address {
            shard: Shard::new(shard.parse().ok()?),
            epoch: Epoch::new(epoch.parse().ok()?),
            incarnation,
        })
    }

    /// Where a node hears hints.
    pub(crate) fn node(&self, node: &NodeId) -> String {
        format!("{}.node.{node}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back_from_its_subject() {
        let subjects = Subjects::new(&ClusterName::new("orders").unwrap());
        let incarnation = Incarnation::new(42);
        let to = Address { shard: Shard::new(17), epoch: Epoch::new(4), incarnation };
        let subject = subjects.route(to);
        assert_eq!(subject, "aether.cluster.orders.route.0000000000000000000000000000002a.17.4");
        assert_eq!(subjects.address(&subject, incarnation), Some(to));
        for bad in ["aether.cluster.orders.route.2a.x.4", "aether.cluster.orders.route.2a.1", "a.b", ""] {
            assert_eq!(subjects.address(bad, incarnation), None, "{bad}");
        }
    }
}
