//! The partitions of a store: which one to ask.

use aether_core::error::Unsupported;
use aether_core::{ActorId, Checkpoint, Position, ReadError};
use futures_util::future::join_all;

use crate::partition;
use crate::store::{Inner, Shared};

/// All of them: one at least.
#[derive(Debug)]
pub(crate) struct Partitions {
    pub(crate) first: Shared,
    others: Vec<Shared>,
}

impl Partitions {
    /// Takes the partitions in the order of their numbers.
    pub(crate) fn new(first: Shared, others: Vec<Shared>) -> Self {
        Self { first, others }
    }

    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.others.len()).map_or(u32::MAX, |others| others.saturating_add(1))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Shared> {
        [&self.first].into_iter().chain(&self.others)
    }

    /// Returns the partition that holds an actor.
    pub(crate) fn of(&self, actor: &ActorId) -> &Shared {
        self.at(partition::index_of(actor, self.count())).unwrap_or(&self.first)
    }

    /// Returns the partition with a number, if there is one.
    fn at(&self, index: u32) -> Option<&Shared> {
        match usize::try_from(index).ok()?.checked_sub(1) {
            None => Some(&self.first),
            Some(other) => self.others.get(other),
        }
    }

    /// Checks that the store still holds what it held at `position`.
    pub(crate) async fn verify(&self, position: &Position) -> Result<(), ReadError> {
        match self.at(position.partition()) {
            Some(partition) => Inner::verify(partition, position).await,
            None => Err(self.of_no_partition(position).into()),
        }
    }

    /// Checks each position of a checkpoint, all at once; of several errors, the first partition's is returned.
    pub(crate) async fn verify_all(&self, checkpoint: &Checkpoint) -> Result<(), ReadError> {
        let all = join_all(checkpoint.positions().map(|position| self.verify(position))).await;
        all.into_iter().collect()
    }

    fn of_no_partition(&self, position: &Position) -> Unsupported {
        let needed = match self.count() {
            1 => "a position of this store, which has one partition, number 0".to_owned(),
            count => format!("a position of this store, which has the partitions 0 to {}", count - 1),
        };
        Unsupported { operation: "looking at a position", needed, found: format!("position {position}") }
    }
}
