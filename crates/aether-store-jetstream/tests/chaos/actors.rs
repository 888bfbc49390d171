//! Which actors a task writes to: the few that everybody races for, or a few that it has in common with one task of each
//! other process. The latter keep as many appends in flight as there are tasks: a store has one per actor at a time.

use aether_core::ActorId;

const FOUGHT_OVER: usize = 4;
/// How many actors a task has that the others of its process leave alone.
const OWN: usize = 4;

/// The actors of one task.
#[derive(Debug)]
pub(crate) struct Actors {
    first: usize,
    count: usize,
    /// Of a hundred calls, so many go to another actor than the call before.
    moves: u32,
    at: usize,
}

impl Actors {
    /// Those that every task may be at: a different one for each call.
    pub(crate) fn fought_over() -> Self {
        Self { first: 0, count: FOUGHT_OVER, moves: 100, at: 0 }
    }

    /// Those of the task with this number, in each process the same.
    pub(crate) fn of_task(task: usize) -> Self {
        Self { first: FOUGHT_OVER + task * OWN, count: OWN, moves: 30, at: FOUGHT_OVER + task * OWN }
    }

    /// Chooses whom the next call is for.
    pub(crate) fn next(&mut self, random: &mut fastrand::Rng) -> usize {
        if random.u32(0..100) < self.moves {
            self.at = self.first + random.usize(..self.count);
        }
        self.at
    }
}

pub(crate) fn id(actor: usize) -> ActorId {
    ActorId::new(format!("chaos-{actor}")).unwrap()
}
