//! The actors' logs: append with an expected sequence, and what must be so of what is in them.

use std::collections::{BTreeMap, BTreeSet};

use aether_cluster::protocol::{HeadMark, Incarnation};
use aether_core::Epoch;

/// A command, and what it does to a counter that never goes below nothing or above a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) id: u64,
    pub(crate) actor: usize,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Add(i64),
    Read,
    ReadLinearizable,
}

/// What is to be stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Append {
    pub(crate) actor: usize,
    /// The last sequence that the writer has seen; without the mechanism, none.
    pub(crate) expected: Option<u64>,
    pub(crate) epoch: Epoch,
    pub(crate) incarnation: Incarnation,
    /// A command and the version it makes; a claim has none.
    pub(crate) event: Option<(Command, u64)>,
    /// Tells the attempt from all others.
    pub(crate) request: u64,
}

/// An actor as its log tells it, up to some message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) sequence: u64,
    pub(crate) version: u64,
    pub(crate) value: i64,
    pub(crate) head: Option<HeadMark>,
    pub(crate) known: BTreeMap<u64, u64>,
}

#[derive(Debug, Default)]
struct Actor {
    now: Told,
    /// As it was before the last message: for readings that are old.
    before: Told,
    /// The highest epoch of whoever answered for it without storing.
    answered: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    sequence: u64,
    actors: BTreeMap<usize, Actor>,
    rejected: BTreeSet<u64>,
    refused: BTreeSet<u64>,
    stored: BTreeSet<u64>,
}

impl Log {
    pub(crate) fn read(&mut self, actor: usize, is_old: bool) -> Told {
        let actor = self.actors.entry(actor).or_default();
        if is_old { actor.before.clone() } else { actor.now.clone() }
    }

    /// Stores, and returns the new sequence, or nothing when the actor is not where it is expected.
    pub(crate) fn append(&mut self, append: &Append) -> Result<Option<u64>, String> {
        let actor = self.actors.entry(append.actor).or_default();
        let is_expected = append.expected.is_none_or(|expected| expected == actor.now.sequence);
        if !is_expected {
            if !self.stored.contains(&append.request) {
                self.refused.insert(append.request);
            }
            return Ok(None);
        }
        let number = append.actor;
        let highest = actor.now.head.map_or(0, |head| head.epoch.number()).max(actor.answered);
        let epoch = append.epoch.number();
        if epoch < highest {
            return Err(format!("invariant 4: actor {number}: epoch {epoch} landed after {highest}"));
        }
        if self.refused.contains(&append.request) {
            return Err(format!("invariant 3: actor {number}: an append landed that was refused"));
        }
        self.sequence += 1;
        self.stored.insert(append.request);
        actor.before = actor.now.clone();
        let told = &mut actor.now;
        told.sequence = self.sequence;
        told.head = Some(HeadMark { epoch: append.epoch, incarnation: Some(append.incarnation) });
        if let Some((command, version)) = append.event {
            if version != told.version + 1 {
                return Err(format!("invariant 1: actor {number}: version {version} after {}", told.version));
            }
            if self.rejected.contains(&command.id) {
                return Err(format!("invariant 5: command {} took effect and was rejected", command.id));
            }
            if told.known.insert(command.id, version).is_some() {
                return Err(format!("invariant 5: command {} took effect twice", command.id));
            }
            told.version = version;
            told.value = told.value.saturating_add(change(command.kind));
            if !LIMITS.contains(&told.value) {
                return Err(format!("invariant 6: actor {number} is at {}", told.value));
            }
        }
        Ok(Some(self.sequence))
    }

    /// An owner answers for the actor, and stores nothing.
    pub(crate) fn answers(&mut self, actor: usize, epoch: Epoch) {
        let actor = self.actors.entry(actor).or_default();
        actor.answered = actor.answered.max(epoch.number());
    }

    /// A client was told that its command is stored.
    pub(crate) fn acknowledged(&self, command: Command, version: u64) -> Result<(), String> {
        let known = self.actors.get(&command.actor).and_then(|actor| actor.now.known.get(&command.id));
        if known == Some(&version) && !self.rejected.contains(&command.id) {
            return Ok(());
        }
        Err(format!("invariant 2: command {} was acknowledged at {version}, is at {known:?}", command.id))
    }

    /// A client was told that its command is refused.
    pub(crate) fn rejected(&mut self, command: Command) -> Result<(), String> {
        self.rejected.insert(command.id);
        match self.actors.get(&command.actor).and_then(|actor| actor.now.known.get(&command.id)) {
            Some(version) => {
                Err(format!("invariant 5: command {} was rejected, is at {version}", command.id))
            }
            None => Ok(()),
        }
    }

    pub(crate) fn events(&self) -> u64 {
        self.actors.values().map(|actor| actor.now.version).sum()
    }
}

pub(crate) const LIMITS: std::ops::RangeInclusive<i64> = 0..=1;

pub(crate) fn change(kind: Kind) -> i64 {
    if let Kind::Add(change) = kind { change } else { 0 }
}
