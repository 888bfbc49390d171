//! The model: what the contract says that a store holds.

use std::collections::HashMap;

use aether_core::error::AppendError;
use aether_core::{ActorId, Commit, Epoch, EventId, Expected, Head, Snapshot, SnapshotOutcome, Version};

use super::command::Expectation;
use crate::reference::{Attempt, History};
use crate::suite::sample::numbered;

/// All actors as they should be, and the appends that were tried.
#[derive(Default)]
pub(crate) struct World {
    histories: HashMap<ActorId, History>,
    snapshots: HashMap<ActorId, Snapshot>,
    sequence: u64,
    attempts: Vec<Attempt>,
    content: u64,
}

impl World {
    pub(crate) fn history(&mut self, actor: &ActorId) -> &mut History {
        self.histories.entry(actor.clone()).or_insert_with(|| History::without(None))
    }

    pub(crate) fn version(&mut self, actor: &ActorId) -> Version {
        self.history(actor).version()
    }

    /// Says what an expectation that is relative to the current version amounts to.
    pub(crate) fn resolve(&mut self, actor: &ActorId, expected: Expectation) -> Expected {
        let current = self.version(actor);
        match expected {
            Expectation::Exactly(off) => Expected::Exactly(moved(current, off)),
            Expectation::NoEvents => Expected::NoEvents,
            Expectation::Any => Expected::Any,
            Expectation::Below(off) => Expected::Below(moved(current, off)),
        }
    }

    /// Makes an append of fresh events, each with content of its own.
    pub(crate) fn attempt(
        &mut self,
        actor: &ActorId,
        expected: Expected,
        events: u8,
        epoch: Option<u8>,
    ) -> Attempt {
        let events = (0..events)
            .map(|_| {
                self.content += 1;
                // Short ids for a report that can be read; each history has a stream of its own.
                numbered(self.content).with_id(EventId::as_read(format!("e{}", self.content)))
            })
            .collect();
        let epoch = epoch.map(|epoch| Epoch::new(epoch.into()));
        Attempt { actor: actor.clone(), expected, events, epoch }
    }

    /// Returns an earlier append, counted back from the latest.
    pub(crate) fn earlier(&self, back: u8) -> Option<Attempt> {
        let count = self.attempts.len();
        let back = usize::from(back) % count.max(1);
        count.checked_sub(back + 1).and_then(|at| self.attempts.get(at)).cloned()
    }

    /// Returns an earlier append with other content under its ids.
    pub(crate) fn forged(&mut self, back: u8) -> Option<Attempt> {
        let mut attempt = self.earlier(back)?;
        for event in &mut attempt.events {
            self.content += 1;
            *event = numbered(self.content).with_id(event.id().clone());
        }
        // Which of two truths a store tells first, that it is fenced or that the id is taken, is its own affair.
        attempt.epoch = None;
        Some(attempt)
    }

    pub(crate) fn append(&mut self, attempt: Attempt) -> Result<Commit, AppendError> {
        self.sequence += 1;
        let sequence = self.sequence;
        let outcome = self.history(&attempt.actor).append(attempt.clone(), sequence);
        self.remember(attempt, outcome.as_ref().ok());
        outcome
    }

    /// Keeps the append for a repeat, with its expectation resolved: `Any` is not recognized.
    fn remember(&mut self, mut attempt: Attempt, commit: Option<&Commit>) {
        if attempt.expected == Expected::Any {
            let Some(first) = commit.and_then(|commit| commit.events.first()) else {
                return;
            };
            attempt.expected = Expected::Exactly(first.version().previous());
        }
        self.attempts.push(attempt);
    }

    pub(crate) fn claim(&mut self, actor: &ActorId, epoch: Epoch) -> Result<Head, AppendError> {
        self.sequence += 1;
        let sequence = self.sequence;
        self.history(actor).claim(actor, epoch, false, sequence)
    }

    pub(crate) fn save_snapshot(&mut self, snapshot: Snapshot) -> SnapshotOutcome {
        match self.snapshots.get(&snapshot.actor) {
            Some(newer) if newer.version > snapshot.version => {
                SnapshotOutcome::Superseded { by: newer.version }
            }
            _ => {
                self.snapshots.insert(snapshot.actor.clone(), snapshot);
                SnapshotOutcome::Saved
            }
        }
    }

    pub(crate) fn latest_snapshot(&self, actor: &ActorId) -> Option<&Snapshot> {
        self.snapshots.get(actor)
    }
}

/// Moves a version, but not below 0.
pub(crate) fn moved(version: Version, off: i8) -> Version {
    let number = version.number().saturating_add_signed(off.into());
    Version::new(number).unwrap_or(Version::MAX)
}
