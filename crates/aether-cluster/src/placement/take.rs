//! Who takes a shard: of the nodes below their quotas the one that rendezvous hashing prefers. Pure.

use super::rendezvous::{Rank, rank, rank_of_equals};
use super::{Node, Weight};

/// A node that is below its quota.
#[derive(Debug, Clone, Copy)]
struct Taker {
    node: usize,
    key: u64,
    weight: Weight,
    /// How many more it takes.
    short: usize,
}

/// The nodes that are below their quotas.
pub(super) struct Takers {
    takers: Vec<Taker>,
    /// Between equal weights, logarithms need not be taken.
    of_one_weight: bool,
}

impl Takers {
    pub(super) fn new(nodes: &[&Node], held: &[usize], quotas: &[usize]) -> Self {
        let shorts = quotas.iter().zip(held).map(|(quota, held)| quota.saturating_sub(*held));
        let takers: Vec<Taker> = nodes
            .iter()
            .zip(shorts)
            .enumerate()
            .map(|(at, (node, short))| Taker { node: at, key: node.id.key(), weight: node.weight, short })
            .filter(|taker| taker.short > 0)
            .collect();
        let of_one_weight = takers.windows(2).all(|pair| matches!(pair, [a, b] if a.weight == b.weight));
        Self { takers, of_one_weight }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.takers.is_empty()
    }

    /// How much the taker that prefers it most prefers a shard, whose key was spread.
    pub(super) fn best(&self, spread: u64) -> Option<Rank> {
        if self.of_one_weight {
            return self.takers.iter().map(|taker| (0, rank_of_equals(taker.key, spread))).min();
        }
        self.takers.iter().map(|taker| rank(taker.key, taker.weight, spread)).min()
    }

    /// Gives the shard to the taker that prefers it most.
    pub(super) fn take(&mut self, spread: u64) -> Option<usize> {
        let takers = self.takers.iter().enumerate();
        let (at, _) = if self.of_one_weight {
            takers.min_by_key(|(_, taker)| rank_of_equals(taker.key, spread))?
        } else {
            takers.min_by_key(|(_, taker)| rank(taker.key, taker.weight, spread))?
        };
        let taker = self.takers.get_mut(at)?;
        let node = taker.node;
        taker.short -= 1;
        if taker.short == 0 {
            self.takers.remove(at);
        }
        Some(node)
    }
}
