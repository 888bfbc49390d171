//! What a plan starts from: nodes by number, and who holds which shard, as far as it is alive. Pure.

use std::collections::HashMap;

use super::{Node, NodeId, Nodes, Place, Shard, ShardMap, Standing};

/// A shard, as far as its holders are alive. Nodes are numbered by their ids' order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) shard: Shard,
    /// The live node that has it.
    pub(super) owner: Option<usize>,
    /// The live node that it is on its way to, if that still takes it.
    pub(super) target: Option<usize>,
}

impl Seat {
    /// The node that it counts for: turning back what is on its way would gain nothing.
    pub(super) fn holder(self) -> Option<usize> {
        self.target.or(self.owner)
    }

    pub(super) fn is_between_live_nodes(self) -> bool {
        self.target.is_some() && self.owner.is_some()
    }
}

pub(super) struct Scene<'a> {
    pub(super) nodes: Vec<&'a Node>,
    pub(super) seats: Vec<Seat>,
    /// The shards whose targets are not there any more, or take nothing.
    pub(super) withdrawn: Vec<Shard>,
    /// How many shards each node holds.
    pub(super) held: Vec<usize>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(map: &ShardMap, nodes: &'a Nodes) -> Self {
        let nodes: Vec<&Node> = nodes.iter().collect();
        let numbers: HashMap<&NodeId, usize> = (0..).zip(&nodes).map(|(at, node)| (&node.id, at)).collect();
        let number = |id: &Option<NodeId>| id.as_ref().and_then(|id| numbers.get(id).copied());
        let takes = |at: &usize| nodes.get(*at).is_some_and(|node| node.standing != Standing::Draining);
        let (mut seats, mut withdrawn) = (Vec::with_capacity(map.places().len()), Vec::new());
        let mut held = vec![0; nodes.len()];
        for (shard, Place { owner, target }) in map.places() {
            let target_now = number(target).filter(takes);
            if target.is_some() && target_now.is_none() {
                withdrawn.push(shard);
            }
            let owner = number(owner);
            let seat = Seat { shard, owner, target: target_now.filter(|target| Some(*target) != owner) };
            if let Some(held) = seat.holder().and_then(|holder| held.get_mut(holder)) {
                *held += 1;
            }
            seats.push(seat);
        }
        Self { nodes, seats, withdrawn, held }
    }

    pub(super) fn node(&self, at: usize) -> Option<&'a Node> {
        self.nodes.get(at).copied()
    }

    pub(super) fn is_draining(&self, at: usize) -> bool {
        self.node(at).is_some_and(|node| node.standing == Standing::Draining)
    }

    /// Says whether a shard ought to be somewhere else, whether or not somebody takes it.
    pub(super) fn has_to_go(&self, seat: &Seat) -> bool {
        seat.holder().is_none_or(|holder| self.is_draining(holder))
    }
}
