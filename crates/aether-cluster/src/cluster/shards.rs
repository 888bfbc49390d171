//! Who owns which shard, as a value. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use aether_core::Epoch;
use serde::Serialize;

use crate::placement::{NodeId, Reason, Shard, ShardCount};
use crate::protocol::{Identity, View};

/// Where a shard is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ShardPlace {
    /// Which one.
    pub shard: Shard,
    /// The node that owns it, in the life that acquired it; nobody, where it was never acquired or was released. It may have died
    /// since.
    pub owner: Option<Identity>,
    /// How often it was acquired.
    pub epoch: Epoch,
    /// The node that is planned to own it.
    pub target: Option<NodeId>,
    /// Why it is on its way there, if it is and the plan says so.
    pub reason: Option<Reason>,
}

impl ShardPlace {
    /// Says whether it is where it is planned to be.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.owner.as_ref().map(|owner| &owner.node) == self.target.as_ref()
    }
}

/// All shards, by number. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ShardPlaces {
    places: Arc<[ShardPlace]>,
    #[serde(skip)]
    count: ShardCount,
}

impl ShardPlaces {
    /// Nobody owns anything.
    pub(crate) fn none(count: ShardCount) -> Self {
        Self::of(&View::default(), count)
    }

    /// What was seen of them. Shards that the cluster does not have are not among them, whoever wrote of them.
    pub(crate) fn of(view: &View, count: ShardCount) -> Self {
        let plan = view.plan.as_ref().map(|(_, plan)| plan.reasons.as_slice()).unwrap_or_default();
        let reasons: BTreeMap<_, _> = plan.iter().map(|why| (why.shard, &why.reason)).collect();
        let place = |shard| {
            let record = view.shards.get(&shard).map(|(_, record)| record);
            let owner = record.and_then(|record| record.owner.clone());
            let reason = reasons.get(&shard).map(|reason| (*reason).clone());
            let epoch = record.map_or(Epoch::new(0), |record| record.epoch);
            ShardPlace { shard, owner, epoch, target: view.target(shard).cloned(), reason }
        };
        Self { places: count.shards().map(place).collect(), count }
    }

    /// Returns how many there are.
    #[must_use]
    pub fn count(&self) -> ShardCount {
        self.count
    }

    /// Returns where a shard is.
    #[must_use]
    pub fn get(&self, shard: Shard) -> Option<&ShardPlace> {
        self.places.get(shard.index())
    }

    /// Returns all, by number.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &ShardPlace> {
        self.places.iter()
    }

    /// Returns those that a node owns.
    pub fn owned_by(&self, node: &NodeId) -> impl Iterator<Item = &ShardPlace> {
        self.iter().filter(move |place| place.owner.as_ref().is_some_and(|owner| owner.node == *node))
    }
}
