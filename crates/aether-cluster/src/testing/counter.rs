//! What a host knows of one actor, and what follows from it. Pure.

use std::collections::HashMap;

use aether_core::event::DecodeError;
use aether_core::{CommandId, Epoch, Event, Head, State, Version};

use super::command::{CounterCommand, CounterReply, OutOfBounds, Sum};
use crate::protocol::{HeadMark, Incarnation};

/// What was loaded of an actor, and has been appended since.
#[derive(Debug, Default)]
pub(super) struct Counter {
    pub(super) version: Version,
    sum: Sum,
    /// What each command that is stored was told: a command that comes again is told the same. A host with more than counters keeps those of a
    /// while, at least the longest deadline and a lease, and keeps them in its snapshots.
    stored: HashMap<CommandId, CounterReply>,
    epoch: Option<Epoch>,
    /// Whether this ownership wrote the head itself. After a load it does not know, since stores do not keep who wrote it, and claims.
    is_own: bool,
}

/// What is to be done about a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is stored already.
    Known(CounterReply),
    Append(i64),
    Reject(OutOfBounds),
    Answer(CounterReply),
}

impl Counter {
    /// Applies the actor's next event.
    pub(super) fn apply(&mut self, event: &Event) -> Result<(), DecodeError> {
        self.sum.apply(event.decode()?);
        self.version = event.version();
        let reply = self.reply();
        event.command_id().map(|command| self.stored.insert(command.clone(), reply));
        Ok(())
    }

    /// Takes note of a head that somebody wrote.
    pub(super) fn found(&mut self, head: &Head) {
        self.epoch = head.epoch;
    }

    /// Takes note that this ownership wrote the head.
    pub(super) fn wrote(&mut self, epoch: Epoch) {
        (self.epoch, self.is_own) = (Some(epoch), true);
    }

    /// Who wrote the head, as far as is known.
    pub(super) fn head(&self, me: Incarnation) -> Option<HeadMark> {
        let incarnation = self.is_own.then_some(me);
        self.epoch.map(|epoch| HeadMark { epoch, incarnation })
    }

    pub(super) fn decide(&self, id: &CommandId, command: CounterCommand, bounds: &(i64, i64)) -> Decision {
        if let Some(reply) = self.stored.get(id) {
            return Decision::Known(*reply);
        }
        let (CounterCommand::Add(change), Sum(value)) = (command, self.sum) else {
            return Decision::Answer(self.reply());
        };
        match value.checked_add(change).filter(|next| bounds.0 <= *next && *next <= bounds.1) {
            Some(_) => Decision::Append(change),
            None => Decision::Reject(OutOfBounds { value, change }),
        }
    }

    pub(super) fn reply(&self) -> CounterReply {
        CounterReply { version: self.version.number(), value: self.sum.0 }
    }
}
