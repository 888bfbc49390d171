//! A message to an actor, as its host gets it.

use std::time::Duration;

use aether_core::{ActorId, CommandId};
use bytes::Bytes;

use crate::clock::Clock;
use crate::protocol::Moment;
use aether_core::TraceParent;

/// A message to an actor.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Message {
    /// To whom.
    pub actor: ActorId,
    /// The command's id: the same in each attempt to deliver it.
    pub command: CommandId,
    /// What is said, as the asker's codec wrote it.
    pub payload: Bytes,
    /// Whether the answer must have seen everything that was acknowledged before, whatever clocks do: claim the actor first.
    pub linearizable: bool,
    /// The trace and span that it is handled in.
    pub trace: Option<TraceParent>,
    deadline: Moment,
    clock: Clock,
}

impl Message {
    /// A message that is to be answered within `left`, and 30 seconds at the most: for tests of hosts.
    #[must_use]
    pub fn new(actor: ActorId, command: CommandId, payload: Bytes, left: Duration) -> Self {
        let clock = Clock::default();
        Self::made(actor, command, payload).by(clock.now().plus(left), clock)
    }

    /// A message whose deadline is yet to be said: it has passed.
    pub(crate) fn made(actor: ActorId, command: CommandId, payload: Bytes) -> Self {
        let (deadline, clock) = (Moment::START, Clock::default());
        Self { actor, command, payload, linearizable: false, trace: None, deadline, clock }
    }

    pub(crate) fn by(self, deadline: Moment, clock: Clock) -> Self {
        Self { deadline, clock, ..self }
    }

    pub(crate) fn linearizable(self, linearizable: bool) -> Self {
        Self { linearizable, ..self }
    }

    pub(crate) fn in_trace(self, trace: Option<TraceParent>) -> Self {
        Self { trace, ..self }
    }

    /// Returns how long the asker will go on waiting; nothing when it has given up.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.deadline.since(self.clock.now())
    }
}
