//! A message on its way, with where its answer goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aether_core::{ActorId, CommandId};
use async_nats::Subject;

use crate::host::Message;
use crate::protocol::{Address, Reply};
use crate::route::{Answer, Place};

/// A message, with where its answer goes.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(super) message: Message,
    pub(super) reply: ReplyTo,
    /// Counts it as long as it is here.
    pub(super) seat: Seat,
    /// Orders the mails of a room as they came; 0 before that.
    pub(super) number: u64,
}

/// Where an answer goes.
#[derive(Debug)]
pub(crate) enum ReplyTo {
    /// To an ask of another node.
    Subject(Subject),
    /// To an ask of this one.
    Here(Place),
}

/// What tells commands apart: an id is its actor's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) actor: ActorId,
    pub(super) command: CommandId,
}

impl Key {
    pub(super) fn of(message: &Message) -> Self {
        Self { actor: message.actor.clone(), command: message.command.clone() }
    }
}

/// What is to leave a room.
#[derive(Debug)]
pub(super) enum Outgoing {
    Answer(ReplyTo, Reply<Answer>),
    Forward(Address, Mail),
}

/// Counts the messages at a node.
#[derive(Debug, Clone, Default)]
pub(super) struct Seats(Arc<AtomicUsize>);

/// One of them.
#[derive(Debug)]
pub(super) struct Seat(Arc<AtomicUsize>);

impl Seats {
    /// Takes one, unless there are so many.
    pub(super) fn take(&self, limit: usize) -> Option<Seat> {
        let seat = Seat(Arc::clone(&self.0));
        (self.0.fetch_add(1, Ordering::Relaxed) < limit).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_given_back() {
        let seats = Seats::default();
        let one = seats.take(1);
        assert!(one.is_some() && seats.take(1).is_none());
        drop(one);
        assert!(seats.take(1).is_some());
    }
}
