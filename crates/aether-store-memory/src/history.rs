//! One actor's history, and the rules of appending to it: no locks, no I/O.

use aether_core::error::{Conflict, Fenced, InvalidAppend};
use aether_core::store::{Recognized, check_commit, number, recognize};
use aether_core::{
    ActorId, AppendError, Commit, Epoch, Event, Expected, Head, NewEvent, Position, RecordedEvent, Snapshot,
    SnapshotOutcome, Version,
};

/// What is kept of one actor.
#[derive(Debug)]
pub(crate) struct History {
    actor: ActorId,
    events: Vec<RecordedEvent>,
    epoch: Option<Epoch>,
    claimed_at: Option<u64>,
    snapshot: Option<Snapshot>,
}

/// An append that was found valid, to be stored at whatever sequence comes next.
pub(crate) enum Verdict {
    Store(Vec<Event>),
    AlreadyStored(Commit),
}

impl History {
    pub(crate) fn new(actor: ActorId) -> Self {
        Self { actor, events: Vec::new(), epoch: None, claimed_at: None, snapshot: None }
    }

    /// Says whether an actor without a history takes the append.
    pub(crate) fn accepts_first(expected: Expected, events: &[NewEvent]) -> bool {
        expected.first_version(Version::INITIAL).is_some() && check_commit(expected, events).is_ok()
    }

    pub(crate) fn version(&self) -> Version {
        self.events.last().map_or(Version::INITIAL, |event| event.version())
    }

    pub(crate) fn head(&self) -> Head {
        let event = self.events.last().map(RecordedEvent::position);
        let claim = self.claimed_at.map(|sequence| Position::new(0, sequence, 0, None));
        let later = |claim: &Position| event.as_ref().is_none_or(|event| event.sequence() < claim.sequence());
        let position = if claim.as_ref().is_some_and(later) { claim } else { event };
        Head::new(self.version(), self.epoch, position)
    }

    /// Judges an append against what is there.
    pub(crate) fn judge(
        &self,
        expected: Expected,
        events: Vec<NewEvent>,
        epoch: Option<Epoch>,
    ) -> Result<Verdict, AppendError> {
        check_commit(expected, &events)?;
        let current = self.version();
        let Some(first) = expected.first_version(current) else {
            return self.repeated_or_refused(expected, &events, epoch);
        };
        self.check_epoch(epoch)?;
        Ok(Verdict::Store(number(&self.actor, first, events)?))
    }

    /// Stores the events of one commit.
    pub(crate) fn push(
        &mut self,
        sequence: u64,
        events: Vec<Event>,
        epoch: Option<Epoch>,
    ) -> Vec<RecordedEvent> {
        let start = self.events.len();
        self.events.extend(RecordedEvent::of_commit(events, 0, sequence));
        self.epoch = self.epoch.max(epoch);
        self.events.get(start..).unwrap_or_default().to_vec()
    }

    /// Takes the actor over at `epoch`; returns whether there is anything to be written.
    pub(crate) fn judge_claim(&self, epoch: Epoch) -> Result<bool, AppendError> {
        self.check_epoch(Some(epoch))?;
        Ok(self.epoch != Some(epoch))
    }

    pub(crate) fn claim(&mut self, sequence: u64, epoch: Epoch) {
        (self.epoch, self.claimed_at) = (Some(epoch), Some(sequence));
    }

    /// Returns where the events from `version` on begin, and how many there are in all.
    pub(crate) fn range_from(&self, version: Version) -> (usize, usize) {
        (self.events.partition_point(|event| event.version() < version), self.events.len())
    }

    pub(crate) fn page(&self, from: usize, to: usize) -> Vec<RecordedEvent> {
        self.events.get(from..to).unwrap_or_default().to_vec()
    }

    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot.clone()
    }

    pub(crate) fn save_snapshot(&mut self, snapshot: Snapshot) -> SnapshotOutcome {
        match &self.snapshot {
            Some(newer) if newer.version > snapshot.version => {
                SnapshotOutcome::Superseded { by: newer.version }
            }
            _ => {
                self.snapshot = Some(snapshot);
                SnapshotOutcome::Saved
            }
        }
    }

    fn check_epoch(&self, epoch: Option<Epoch>) -> Result<(), AppendError> {
        match (epoch, self.epoch) {
            (Some(attempted), Some(current)) if attempted < current => {
                Err(Box::new(Fenced { actor: self.actor.clone(), attempted, current }).into())
            }
            _ => Ok(()),
        }
    }

    /// Tells a repeated append from one that came too late.
    fn repeated_or_refused(
        &self,
        expected: Expected,
        events: &[NewEvent],
        epoch: Option<Epoch>,
    ) -> Result<Verdict, AppendError> {
        let current = self.version();
        let overflow = || InvalidAppend::VersionOverflow { after: current, events: events.len() as u64 };
        let attempted = expected.attempted().filter(|_| !expected.overflows(current));
        let attempted = attempted.ok_or_else(overflow)?;
        let there = self.commit_at(attempted);
        let found: Vec<Event> = there.iter().map(|event| event.event().clone()).collect();
        match recognize(&self.actor, Some(attempted), &found, events) {
            Recognized::Ours => {
                Ok(Verdict::AlreadyStored(Commit::new(there, true).ok_or(InvalidAppend::Empty)?))
            }
            Recognized::Reused(reused) => Err(Box::new(reused).into()),
            Recognized::Others | Recognized::Nothing => {
                self.check_epoch(epoch)?;
                let actor = self.actor.clone();
                Err(Box::new(Conflict { actor, expected, attempted, current }).into())
            }
        }
    }

    /// Returns the events of the commit that holds the first event from `version` on.
    fn commit_at(&self, version: Version) -> Vec<RecordedEvent> {
        let (at, _) = self.range_from(version);
        let Some(sequence) = self.events.get(at).map(|event| event.position().sequence()) else {
            return Vec::new();
        };
        let start = self.events.partition_point(|event| event.position().sequence() < sequence);
        let end = self.events.partition_point(|event| event.position().sequence() <= sequence);
        self.page(start, end)
    }
}
