//! One actor's history: the contract, written down as plainly as it goes.

use aether_core::error::{AppendError, Conflict, Fenced, IdReused, InvalidAppend};
use aether_core::store::{Recognized, number, recognize};
use aether_core::{
    ActorId, Commit, Epoch, Event, EventId, EventType, Expected, Head, NewEvent, Position, RawJson,
    RecordedEvent, Version,
};

use super::Mutation;

/// What one append wants.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) actor: ActorId,
    pub(crate) expected: Expected,
    pub(crate) events: Vec<NewEvent>,
    pub(crate) epoch: Option<Epoch>,
}

/// What one actor's history holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(super) events: Vec<RecordedEvent>,
    epoch: Option<Epoch>,
    position: Option<Position>,
    removed: Option<Mutation>,
    claims: u64,
}

impl History {
    pub(crate) fn without(removed: Option<Mutation>) -> Self {
        Self { removed, ..Self::default() }
    }

    pub(crate) fn events(&self) -> &[RecordedEvent] {
        &self.events
    }

    pub(crate) fn version(&self) -> Version {
        let latest = self.events.last().map_or(Version::INITIAL, |event| event.version());
        let claims = if Mutation::ClaimsTakeVersions.is(self.removed) { self.claims } else { 0 };
        latest.plus(claims).unwrap_or(Version::MAX)
    }

    pub(crate) fn head(&self) -> Head {
        let version = self.version();
        let late = Mutation::HeadsLate.is(self.removed);
        let version = if late { version.previous() } else { version };
        Head::new(version, self.epoch, self.position.clone())
    }

    /// Appends, or says why not; `sequence` is where the commit will lie.
    pub(crate) fn append(&mut self, attempt: Attempt, sequence: u64) -> Result<Commit, AppendError> {
        self.check_invalid(&attempt)?;
        if Mutation::FencingHidesRepeats.is(self.removed) || Mutation::ReusedIdsSwallowed.is(self.removed) {
            self.check_epoch(&attempt)?;
        }
        if let Some(stored) = self.stored_before(&attempt)? {
            return Ok(stored);
        }
        if !Mutation::ConflictsHideFencing.is(self.removed) {
            self.check_epoch(&attempt)?;
        }
        let first = self.first_version(&attempt)?;
        self.check_epoch(&attempt)?;
        let events = number(&attempt.actor, first, attempt.events)?;
        self.raise(attempt.epoch);
        self.store(events, sequence).ok_or_else(|| InvalidAppend::Empty.into())
    }

    fn check_invalid(&self, attempt: &Attempt) -> Result<(), AppendError> {
        if Mutation::CommitsUnchecked.is(self.removed) && !attempt.events.is_empty() {
            return Ok(());
        }
        Ok(aether_core::store::check_commit(attempt.expected, &attempt.events)?)
    }

    fn check_epoch(&self, attempt: &Attempt) -> Result<(), AppendError> {
        match (attempt.epoch, self.epoch) {
            (Some(attempted), Some(current))
                if attempted < current && !Mutation::EpochsUnchecked.is(self.removed) =>
            {
                let actor = attempt.actor.clone();
                Err(Box::new(Fenced { actor, attempted, current }).into())
            }
            _ => Ok(()),
        }
    }

    /// Looks whether the commit that stands where the attempt was to stand is the attempt.
    fn stored_before(&self, attempt: &Attempt) -> Result<Option<Commit>, AppendError> {
        let Some(from) = attempt.expected.attempted() else {
            return Ok(None);
        };
        let found = self.commit_at(from);
        let events: Vec<Event> = found.iter().map(|event| event.event().clone()).collect();
        let place = Some(from).filter(|_| !Mutation::RepeatsFoundAnywhere.is(self.removed));
        let latest = found.last() == self.events.last();
        let forgotten = Mutation::RepeatsForgotten.is(self.removed)
            || Mutation::RepeatsForgottenLater.is(self.removed) && !latest;
        match recognize(&attempt.actor, place, &events, &attempt.events) {
            Recognized::Ours if !forgotten => {}
            Recognized::Reused(_) if self.takes_for_ours(&events, &attempt.events) => {}
            Recognized::Reused(reused) => return Err(Box::new(reused).into()),
            _ => return Ok(None),
        }
        Ok(Commit::new(found, !Mutation::RepeatsSeemFresh.is(self.removed)))
    }

    /// Returns the whole commit that has the first event from `version` on.
    fn commit_at(&self, version: Version) -> Vec<RecordedEvent> {
        let place = |event: &RecordedEvent| event.position().sequence();
        let first = self.events.iter().find(|event| event.version() >= version).map(place);
        self.events.iter().filter(|event| Some(place(event)) == first).cloned().collect()
    }

    fn takes_for_ours(&self, found: &[Event], attempt: &[NewEvent]) -> bool {
        let part = attempt.iter().all(|ours| found.iter().any(|event| event.has_content(ours)));
        Mutation::ReusedIdsSwallowed.is(self.removed) || Mutation::PartsCountAsWhole.is(self.removed) && part
    }

    fn first_version(&mut self, attempt: &Attempt) -> Result<Version, AppendError> {
        let current = self.version();
        let next = || current.next().unwrap_or(Version::MAX);
        match attempt.expected {
            _ if Mutation::ExpectedUnchecked.is(self.removed) => return Ok(next()),
            Expected::Below(own) if Mutation::GapsClosed.is(self.removed) && own > current => {
                return Ok(next());
            }
            Expected::Below(own) if Mutation::BelowInclusive.is(self.removed) && own == current => {
                return Ok(own);
            }
            _ => {}
        }
        if let Some(first) = attempt.expected.first_version(current) {
            return Ok(first);
        }
        if Mutation::OverflowUnchecked.is(self.removed) && current == Version::MAX {
            return Ok(Version::MAX);
        }
        let count = attempt.events.len() as u64;
        let overflow = InvalidAppend::VersionOverflow { after: current, events: count };
        let attempted = match attempt.expected {
            Expected::Exactly(version) if version != current => attempt.expected.attempted(),
            Expected::Exactly(_) | Expected::Any => None,
            Expected::NoEvents | Expected::Below(_) => attempt.expected.attempted(),
        };
        let attempted = attempted.ok_or(overflow)?;
        Err(self.conflict(attempt, attempted))
    }

    fn conflict(&mut self, attempt: &Attempt, attempted: Version) -> AppendError {
        let current = self.version();
        if Mutation::ConflictsLeaveRemains.is(self.removed)
            && let Some(next) = current.next()
        {
            let last = attempt.events.last().cloned();
            let events = last.map(|event| Event::new(attempt.actor.clone(), next, event));
            let sequence = self.events.last().map_or(1, |event| event.position().sequence());
            self.store(events.into_iter().collect(), sequence);
        }
        if Mutation::EpochsRaisedByConflicts.is(self.removed) {
            self.raise(attempt.epoch);
        }
        let old = Mutation::ConflictsTellOldVersion.is(self.removed);
        let (actor, expected) = (attempt.actor.clone(), attempt.expected);
        let current = if old { current.previous() } else { current };
        Box::new(Conflict { actor, expected, attempted, current }).into()
    }

    fn raise(&mut self, epoch: Option<Epoch>) {
        let forget = epoch.is_none() && Mutation::EpochsForgotten.is(self.removed);
        self.epoch = if forget { None } else { self.epoch.max(epoch) };
    }

    fn store(&mut self, events: Vec<Event>, sequence: u64) -> Option<Commit> {
        let sequence = if Mutation::PositionsConstant.is(self.removed) { 1 } else { sequence };
        let recorded: Vec<_> = RecordedEvent::of_commit(events, 0, sequence).collect();
        let first = recorded.first()?.position();
        self.events.extend(recorded.iter().cloned());
        let mut commit = Commit::new(recorded, false)?;
        self.position = Some(commit.position.clone());
        if Mutation::PositionsOfFirst.is(self.removed) {
            commit.position = first;
        }
        Some(commit)
    }

    /// Takes the actor over at `epoch`; the claim lies at `sequence`.
    pub(crate) fn claim(
        &mut self,
        actor: &ActorId,
        epoch: Epoch,
        proves: bool,
        sequence: u64,
    ) -> Result<Head, AppendError> {
        let lower = self.epoch.filter(|current| epoch < *current);
        if let Some(current) = lower.filter(|_| !Mutation::ClaimsUnchecked.is(self.removed)) {
            let actor = actor.clone();
            return Err(Box::new(Fenced { actor, attempted: epoch, current }).into());
        }
        let proves = proves && !Mutation::ProofsUnwritten.is(self.removed);
        if (proves || self.epoch != Some(epoch)) && !Mutation::ClaimsLost.is(self.removed) {
            self.epoch = Some(epoch);
            self.claims += 1;
            self.position = Some(Position::new(0, sequence, 0, None));
            self.show_claim(actor, sequence);
        }
        Ok(Head::new(self.version(), Some(epoch), self.position.clone()))
    }

    fn show_claim(&mut self, actor: &ActorId, sequence: u64) {
        if Mutation::ClaimsVisible.is(self.removed) {
            let claim = NewEvent::new(EventType::as_read("Claimed"), RawJson::NULL);
            let event = Event::new(actor.clone(), self.version(), claim);
            self.events.push(RecordedEvent::new(event, 0, sequence, 0));
        }
    }

    /// Returns the events from a version on.
    pub(crate) fn read(&self, from: Version) -> Vec<RecordedEvent> {
        let from = if Mutation::FromExclusive.is(self.removed) { from.next().unwrap_or(from) } else { from };
        let mut start = self.events.partition_point(|event| event.version() < from);
        if Mutation::CommitsReadWhole.is(self.removed) {
            let inside = self.events.get(start).map_or(0, |event| event.position().index());
            start -= inside as usize;
        }
        let mut events: Vec<_> = self.events.get(start..).unwrap_or_default().to_vec();
        let large: usize = events.iter().map(|event| event.raw_data().as_str().len()).sum();
        match self.removed {
            Some(Mutation::ReadsEndEarly) => events.truncate(1_000),
            Some(Mutation::LargeReadsEndEarly) if large > 500_000 => events.truncate(33),
            Some(Mutation::ReadsStale) => drop(events.pop().filter(|_| from == self.version())),
            Some(Mutation::ReadsUnordered) => {
                events.sort_by_key(|event| std::cmp::Reverse(event.version().number() % 4));
            }
            _ => {}
        }
        events
    }

    /// Finds an event id, for the mutation that takes ids for global.
    pub(super) fn find(&self, actor: &ActorId, id: &EventId) -> Option<IdReused> {
        let event = self.events.iter().find(|event| event.id() == id)?;
        Some(IdReused { actor: actor.clone(), event_id: id.clone(), version: event.version() })
    }
}
