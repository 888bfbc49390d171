//! One actor's history, and the rules of appending to it: no locks, no I/O.

use aether_core::error::{Conflict, Fenced, InvalidAppend};
use aether_core::store::{Recognized, recognize};
use aether_core::{
    ActorId, AppendError, Epoch, Event, Expected, Head, NewEvent, Position, RecordedEvent, Snapshot,
    SnapshotOutcome, Version,
};

use crate::log::{Log, Page};

/// What is kept of one actor.
#[derive(Debug)]
pub(crate) struct History {
    /// The id that all its events share, whatever copies of it the callers bring.
    actor: ActorId,
    log: Log,
    /// That of the latest event, which appends need not look at for it.
    version: Version,
    epoch: Option<Epoch>,
    claimed_at: Option<u64>,
    snapshot: Option<Box<Snapshot>>,
}

impl History {
    pub(crate) fn new(actor: ActorId) -> Self {
        let (log, version) = (Log::default(), Version::INITIAL);
        Self { actor, log, version, epoch: None, claimed_at: None, snapshot: None }
    }

    pub(crate) fn actor(&self) -> &ActorId {
        &self.actor
    }

    pub(crate) fn head(&self) -> Head {
        let event = self.log.last().map(RecordedEvent::position);
        let claim = self.claimed_at.map(|sequence| Position::new(0, sequence, 0, None));
        let later = |claim: &Position| event.as_ref().is_none_or(|event| event.sequence() < claim.sequence());
        let position = if claim.as_ref().is_some_and(later) { claim } else { event };
        Head::new(self.version, self.epoch, position)
    }

    /// Returns the version that the first event of an append gets: none where it is not what was expected.
    #[inline]
    pub(crate) fn judge(
        &self,
        expected: Expected,
        events: usize,
        epoch: Option<Epoch>,
    ) -> Result<Option<Version>, AppendError> {
        let Some(first) = expected.first_version(self.version) else {
            return Ok(None);
        };
        self.check_epoch(epoch)?;
        let events = events as u64;
        match first.plus(events.saturating_sub(1)) {
            Some(_) => Ok(Some(first)),
            None => Err(InvalidAppend::VersionOverflow { after: first.previous(), events }.into()),
        }
    }

    /// Stores the events of one commit, in one pass.
    #[inline]
    pub(crate) fn push(
        &mut self,
        sequence: u64,
        first: Version,
        events: Vec<NewEvent>,
        epoch: Option<Epoch>,
    ) -> Vec<RecordedEvent> {
        let mut recorded = Vec::with_capacity(events.len());
        let versions = std::iter::successors(Some(first), |version| version.next());
        for ((event, version), index) in events.into_iter().zip(versions).zip(0..) {
            let event = Event::new(self.actor.clone(), version, event);
            let event = RecordedEvent::new(event, 0, sequence, index);
            self.log.push(event.clone());
            self.version = version;
            recorded.push(event);
        }
        self.epoch = self.epoch.max(epoch);
        recorded
    }

    /// Takes the actor over at `epoch`; returns whether there is anything to be written.
    pub(crate) fn judge_claim(&self, epoch: Epoch) -> Result<bool, AppendError> {
        self.check_epoch(Some(epoch))?;
        Ok(self.epoch != Some(epoch))
    }

    pub(crate) fn claim(&mut self, sequence: u64, epoch: Epoch) {
        (self.epoch, self.claimed_at) = (Some(epoch), Some(sequence));
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = &RecordedEvent> {
        self.log.iter()
    }

    /// Returns where the events from `version` on begin, and how many there are in all.
    pub(crate) fn range_from(&self, version: Version) -> (usize, usize) {
        (self.log.partition_point(|event| event.version() < version), self.log.len())
    }

    /// Returns the next of the events from `from` to before `to`: none only where there are none.
    pub(crate) fn page(&self, from: usize, to: usize) -> Page {
        self.log.page(from, to)
    }

    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot.as_deref().cloned()
    }

    pub(crate) fn save_snapshot(&mut self, snapshot: Snapshot) -> SnapshotOutcome {
        match &self.snapshot {
            Some(newer) if newer.version > snapshot.version => {
                SnapshotOutcome::Superseded { by: newer.version }
            }
            _ => {
                self.snapshot = Some(Box::new(snapshot));
                SnapshotOutcome::Saved
            }
        }
    }

    #[inline]
    fn check_epoch(&self, epoch: Option<Epoch>) -> Result<(), AppendError> {
        match (epoch, self.epoch) {
            (Some(attempted), Some(current)) if attempted < current => {
                Err(Box::new(Fenced { actor: self.actor.clone(), attempted, current }).into())
            }
            _ => Ok(()),
        }
    }

    /// Tells a repeated append, whose events it returns as they are stored, from one that came too late.
    #[cold]
    pub(crate) fn repeated_or_refused(
        &self,
        expected: Expected,
        events: &[NewEvent],
        epoch: Option<Epoch>,
    ) -> Result<Vec<RecordedEvent>, AppendError> {
        let current = self.version;
        let overflow = || InvalidAppend::VersionOverflow { after: current, events: events.len() as u64 };
        let attempted = expected.attempted().filter(|_| !expected.overflows(current));
        let attempted = attempted.ok_or_else(overflow)?;
        let there = self.commit_at(attempted);
        let found: Vec<Event> = there.iter().map(|event| event.event().clone()).collect();
        match recognize(&self.actor, Some(attempted), &found, events) {
            Recognized::Ours => Ok(there),
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
        let Some(sequence) = self.log.get(at).map(RecordedEvent::sequence) else {
            return Vec::new();
        };
        let start = self.log.partition_point(|event| event.sequence() < sequence);
        let events = (start..).map_while(|index| self.log.get(index));
        events.take_while(|event| event.sequence() == sequence).cloned().collect()
    }
}
