//! Who holds which shard. Pure.

use serde::{Deserialize, Serialize};

use super::{NodeId, Nodes, Plan, Shard, ShardCount};

/// Who holds a shard, and where it is on its way to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The node that holds it, alive or not; nobody, where it was never given or was released.
    pub owner: Option<NodeId>,
    /// The node that it is on its way to.
    pub target: Option<NodeId>,
}

/// Who holds which shard now, and for which nodes that was last planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct ShardMap {
    places: Vec<Place>,
    /// The nodes when last nothing was left to do: what has changed since is why shards move.
    planned_for: Nodes,
}

/// A map as it is read, with a number of places that nobody has checked.
#[derive(Deserialize)]
struct Stored {
    places: Vec<Place>,
    planned_for: Nodes,
}

impl ShardMap {
    /// Returns the map of a new cluster, in which nobody holds anything.
    #[must_use]
    pub fn new(count: ShardCount) -> Self {
        Self { places: count.shards().map(|_| Place::default()).collect(), planned_for: Nodes::new() }
    }

    /// Returns how many shards there are.
    #[must_use]
    pub fn count(&self) -> ShardCount {
        // There was a valid count when it was made, or read.
        u32::try_from(self.places.len())
            .ok()
            .and_then(|count| ShardCount::new(count).ok())
            .unwrap_or_default()
    }

    /// Returns the place of a shard; none for a shard of a map with more of them.
    #[must_use]
    pub fn place(&self, shard: Shard) -> Option<&Place> {
        self.places.get(shard.index())
    }

    /// Returns the node that holds a shard, alive or not.
    #[must_use]
    pub fn owner(&self, shard: Shard) -> Option<&NodeId> {
        self.place(shard)?.owner.as_ref()
    }

    /// Returns all places, by shard.
    pub fn places(&self) -> impl ExactSizeIterator<Item = (Shard, &Place)> {
        self.count().shards().zip(&self.places)
    }

    /// Returns the shards that a node holds, by number.
    pub fn held_by(&self, node: &NodeId) -> impl Iterator<Item = Shard> {
        self.places().filter(move |(_, place)| place.owner.as_ref() == Some(node)).map(|(shard, _)| shard)
    }

    /// Returns the nodes for which the map was last planned to the end.
    #[must_use]
    pub fn planned_for(&self) -> &Nodes {
        &self.planned_for
    }

    /// Writes down who holds a shard. A shard that has come to its target is no longer on its way.
    pub fn set_owner(&mut self, shard: Shard, owner: Option<NodeId>) {
        if let Some(place) = self.places.get_mut(shard.index()) {
            place.target = place.target.take().filter(|target| Some(target) != owner.as_ref());
            place.owner = owner;
        }
    }

    /// Writes down where a shard is on its way to, or that it is not.
    pub fn set_target(&mut self, shard: Shard, target: Option<NodeId>) {
        if let Some(place) = self.places.get_mut(shard.index()) {
            place.target = target;
        }
    }

    /// Writes down for which nodes the map was last planned to the end.
    pub fn set_planned_for(&mut self, nodes: Nodes) {
        self.planned_for = nodes;
    }

    /// Writes down that a plan's moves have begun: shards that it withdraws stay, and those that it moves have its targets.
    pub fn begin(&mut self, plan: &Plan) {
        plan.withdrawn.iter().for_each(|shard| self.set_target(*shard, None));
        plan.moves.iter().for_each(|of| self.set_target(of.shard, Some(of.to.clone())));
        if plan.is_complete() {
            self.planned_for.clone_from(&plan.nodes);
        }
    }

    /// Returns the map with the moves of the plan done, and of none before it: what a dry run shows.
    #[must_use]
    pub fn after(&self, plan: &Plan) -> Self {
        let mut map = self.clone();
        map.begin(plan);
        plan.moves.iter().for_each(|of| map.set_owner(of.shard, Some(of.to.clone())));
        map
    }
}

impl TryFrom<Stored> for ShardMap {
    type Error = super::InvalidShardCount;

    fn try_from(Stored { places, planned_for }: Stored) -> Result<Self, Self::Error> {
        ShardCount::new(u32::try_from(places.len()).unwrap_or(u32::MAX))?;
        Ok(Self { places, planned_for })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Option<NodeId> {
        Some(NodeId::new(text).unwrap())
    }

    #[test]
    fn a_shard_that_has_come_to_its_target_is_no_longer_on_its_way() {
        let mut map = ShardMap::new(ShardCount::new(2).unwrap());
        let shard = map.count().shard(1).unwrap();
        map.set_target(shard, id("b"));
        map.set_owner(shard, id("a"));
        assert_eq!(map.place(shard), Some(&Place { owner: id("a"), target: id("b") }));
        map.set_owner(shard, id("b"));
        assert_eq!(map.place(shard), Some(&Place { owner: id("b"), target: None }));
    }

    #[test]
    fn a_map_comes_back_from_json_and_one_without_shards_is_refused() {
        let mut map = ShardMap::new(ShardCount::new(3).unwrap());
        map.set_owner(map.count().shard(2).unwrap(), id("a"));
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(serde_json::from_str::<ShardMap>(&json).unwrap(), map);
        assert!(serde_json::from_str::<ShardMap>(r#"{"places":[],"planned_for":[]}"#).is_err());
    }
}
