//! What the tasks of one member share: which slices it has, and how far each has come.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aether_core::key_value::Revision;
use aether_core::{
    ActorId, Checkpoint, Epoch, Position, RecordedEvent, SubscriptionError, Timestamp, Version,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::record::{ParkedActor, SliceRecord, Wish};
use super::tracker::Tracker;

/// The most actors that are parked in one slice: they are written down with each checkpoint.
pub(crate) const MOST_PARKED: usize = 1_000;

/// The state, and who waits for it to change.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// The slices are others than before: read anew.
    pub(crate) slices_changed: Notify,
    /// There is something to write down, or to give up, at once.
    pub(crate) hurry: Notify,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) held: BTreeMap<u32, Held>,
    /// Counts claims: tells a slice that was lost and claimed again from the one before.
    claims: u64,
    /// Counts the subscriptions of this member.
    run: u64,
    pub(crate) counts: Counts,
    pub(crate) lag: Option<u64>,
    pub(crate) failure: Option<SubscriptionError>,
    pub(crate) is_stopping: bool,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) handled: u64,
    pub(crate) failures: u64,
    pub(crate) malformed: u64,
}

/// A slice that this member has.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) token: u64,
    pub(crate) epoch: Epoch,
    pub(crate) revision: Revision,
    /// When the last record that was accepted was begun.
    pub(crate) renewed: Instant,
    pub(crate) tracker: Tracker,
    pub(crate) parked: BTreeMap<ActorId, Parked>,
    /// Up to where events were handled ahead of their turn, when their actor was no longer parked.
    ahead: BTreeMap<ActorId, Version>,
    /// The subscription that reads for it.
    run: Option<u64>,
    /// The calls of the handler that are under way.
    running: u32,
    pub(crate) is_leaving: bool,
    /// Whether there is more to write down than a checkpoint.
    pub(crate) is_dirty: bool,
    pub(crate) recorded: Checkpoint,
}

#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) record: ParkedActor,
    /// The latest version that was passed over.
    passed: Version,
    is_resuming: bool,
}

/// A place of work: a slice, as it was claimed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) slice: u32,
    pub(crate) token: u64,
}

/// Whether the handler may be called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    Granted(Epoch),
    /// Not before the lease was renewed.
    NotYet,
    /// Somebody else has the slice, or will.
    Never,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks whether the handler may be called for an event of the slice now, while nobody else can have it.
    pub(crate) fn start(&self, turn: Turn, lease: Duration) -> Permission {
        let mut state = self.lock();
        let Some(held) = state.find(turn).filter(|held| !held.is_leaving) else {
            return Permission::Never;
        };
        if held.renewed.elapsed() >= lease {
            return Permission::NotYet;
        }
        held.running += 1;
        Permission::Granted(held.epoch)
    }

    /// Notes that a call of the handler has ended; `done` is the position of an event that is handled.
    pub(crate) fn end(&self, turn: Turn, done: Option<&Position>) {
        let mut state = self.lock();
        match done {
            Some(_) => state.counts.handled += 1,
            None => state.counts.failures += 1,
        }
        let Some(held) = state.find(turn) else { return };
        held.running = held.running.saturating_sub(1);
        if let Some(position) = done {
            held.tracker.complete(position);
        }
        if held.is_leaving {
            self.hurry.notify_one();
        }
    }

    /// Parks the actor of the first of `events`, which could not be handled; the others wait with it. Returns whether there
    /// was room.
    pub(crate) fn park(&self, turn: Turn, events: &[RecordedEvent], error: String, attempts: u32) -> bool {
        let mut state = self.lock();
        let (Some(held), Some(first)) = (state.find(turn), events.first()) else { return true };
        if held.parked.len() >= MOST_PARKED {
            return false;
        }
        let (actor, version) = (first.actor().clone(), first.version());
        let record = ParkedActor {
            actor: actor.clone(),
            version,
            error,
            attempts,
            since: Timestamp::now(),
            wish: None,
        };
        let passed = events.last().map_or(version, |event| event.version());
        held.parked.insert(actor, Parked { record, passed, is_resuming: false });
        events.iter().for_each(|event| held.tracker.complete(&event.position()));
        held.is_dirty = true;
        self.hurry.notify_one();
        true
    }

    /// Notes that a parked actor still cannot be gone on with: now for the event of this version.
    pub(crate) fn park_again(
        &self,
        turn: Turn,
        actor: &ActorId,
        version: Version,
        error: String,
        attempts: u32,
    ) {
        let mut state = self.lock();
        let Some(held) = state.find(turn) else { return };
        if let Some(parked) = held.parked.get_mut(actor) {
            let record = &mut parked.record;
            (record.version, record.error, record.attempts) = (version, error, attempts);
            (record.since, record.wish, parked.is_resuming) = (Timestamp::now(), None, false);
        }
        held.is_dirty = true;
        self.hurry.notify_one();
    }

    /// Lets a parked actor go on that was handled up to `version`, unless more of it was passed over meanwhile.
    pub(crate) fn unpark(&self, turn: Turn, actor: &ActorId, version: Version) -> bool {
        let mut state = self.lock();
        let Some(held) = state.find(turn) else { return true };
        if held.parked.get(actor).is_some_and(|parked| parked.passed > version) {
            return false;
        }
        held.parked.remove(actor);
        held.ahead.insert(actor.clone(), version);
        held.is_dirty = true;
        self.hurry.notify_one();
        true
    }

    /// Returns the parked actors that somebody asked to be gone on with, once for each wish, and with which version.
    pub(crate) fn wishes(&self) -> Vec<(Turn, ActorId, Version)> {
        let mut state = self.lock();
        let mut wishes = Vec::new();
        for (slice, held) in state.held.iter_mut().filter(|(_, held)| !held.is_leaving) {
            let turn = Turn { slice: *slice, token: held.token };
            for (actor, parked) in held.parked.iter_mut().filter(|(_, parked)| !parked.is_resuming) {
                let from = match parked.record.wish {
                    Some(Wish::Retry) => Some(parked.record.version),
                    Some(Wish::Skip) => parked.record.version.next(),
                    None => None,
                };
                if let Some(from) = from {
                    parked.is_resuming = true;
                    wishes.push((turn, actor.clone(), from));
                }
            }
        }
        wishes
    }
}

impl State {
    pub(crate) fn find(&mut self, turn: Turn) -> Option<&mut Held> {
        self.held.get_mut(&turn.slice).filter(|held| held.token == turn.token)
    }

    /// Takes a slice, as its record was accepted.
    pub(crate) fn take(&mut self, slice: u32, record: SliceRecord, revision: Revision, renewed: Instant) {
        self.claims += 1;
        let parked = record.parked.into_iter().map(|record| {
            let parked = Parked { passed: record.version, record, is_resuming: false };
            (parked.record.actor.clone(), parked)
        });
        let held = Held {
            token: self.claims,
            epoch: record.epoch,
            revision,
            renewed,
            parked: parked.collect(),
            ahead: BTreeMap::new(),
            tracker: Tracker::new(record.checkpoint.clone()),
            run: None,
            running: 0,
            is_leaving: false,
            is_dirty: false,
            recorded: record.checkpoint,
        };
        self.held.insert(slice, held);
    }

    /// Begins another subscription for all slices, and returns its number and what it goes on after.
    pub(crate) fn begin_run(&mut self) -> Option<(u64, Checkpoint)> {
        self.run += 1;
        let run = self.run;
        let mut from: Option<Checkpoint> = None;
        for held in self.held.values_mut().filter(|held| !held.is_leaving) {
            held.run = Some(run);
            let handed = held.tracker.handed();
            from = Some(match from {
                None => handed.clone(),
                Some(from) => earlier(&from, handed),
            });
        }
        Some((run, from?))
    }

    /// Says what is to be done with an event that subscription `run` has read: the slice's turn, if it is to be handled.
    pub(crate) fn dispatch(&mut self, run: u64, slice: u32, event: &RecordedEvent) -> Option<Turn> {
        let held = self.held.get_mut(&slice).filter(|held| held.run == Some(run) && !held.is_leaving)?;
        let position = event.position();
        if held.tracker.has(&position) {
            return None;
        }
        if let Some(parked) = held.parked.get_mut(event.actor()) {
            parked.passed = parked.passed.max(event.version());
            held.tracker.pass_over(&position);
            return None;
        }
        if let Some(ahead) = held.ahead.get(event.actor()) {
            if event.version() <= *ahead {
                held.tracker.pass_over(&position);
                return None;
            }
            held.ahead.remove(event.actor());
        }
        held.tracker.hand(position);
        Some(Turn { slice, token: held.token })
    }

    /// Notes how far subscription `run` has read.
    pub(crate) fn read(&mut self, run: u64, checkpoint: &Checkpoint) {
        // What is read for one that is being given up is not handed out.
        for held in self.held.values_mut().filter(|held| held.run == Some(run) && !held.is_leaving) {
            held.tracker.read(checkpoint);
        }
    }

    /// Counts the parked actors.
    pub(crate) fn parked(&self) -> usize {
        self.held.values().map(|held| held.parked.len()).sum()
    }
}

impl Held {
    /// Says whether it can be given up: nothing of it is being handled.
    pub(crate) fn can_leave(&self) -> bool {
        self.is_leaving && self.running == 0
    }

    /// Returns what is to be written down.
    pub(crate) fn record(&self, holder: Option<String>) -> SliceRecord {
        SliceRecord {
            holder,
            epoch: self.epoch,
            checkpoint: self.tracker.checkpoint().clone(),
            parked: self.parked.values().map(|parked| parked.record.clone()).collect(),
        }
    }

    /// Takes over what others have written into the record: what is to become of parked actors.
    pub(crate) fn merge(&mut self, record: &SliceRecord, revision: Revision) {
        self.revision = revision;
        for theirs in &record.parked {
            if let Some(ours) =
                self.parked.get_mut(&theirs.actor).filter(|ours| ours.record.version == theirs.version)
                && theirs.wish.is_some()
                && !ours.is_resuming
            {
                ours.record.wish = theirs.wish;
            }
        }
    }
}

/// Returns the checkpoint that covers what both do.
fn earlier(a: &Checkpoint, b: &Checkpoint) -> Checkpoint {
    let both = a.positions().filter_map(|position| {
        let other = b.positions().find(|other| other.partition() == position.partition())?;
        Some(if b.covers(position) { position } else { other })
    });
    both.cloned().collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests;
