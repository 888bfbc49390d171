//! The reference store: histories in a map, behind a mutex.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aether_core::error::{AppendError, Conflict, ReadError};
use aether_core::{
    ActorId, AppendOptions, Capabilities, ClaimOptions, Commit, Consistency, Epoch, EventStore, Expected,
    Head, NewEvent, ReadOptions, RecordedEvent, Snapshot, Timestamp, Version,
};
use futures_util::{Stream, stream};
use tokio::sync::watch;

use super::content::kept;
use super::{Attempt, History, Mutation};

/// The most bytes of one commit: there is a limit so that the facts about limits have something to check.
const MAX_COMMIT_BYTES: u64 = 1 << 20;

/// How long the mutations that race leave their window open.
const A_MOMENT: Duration = Duration::from_millis(1);

/// Everything of one stream.
#[derive(Debug, Default)]
pub(super) struct Data {
    sequence: u64,
    histories: HashMap<String, History>,
    pub(super) snapshots: HashMap<String, Snapshot>,
    /// When the commit of each sequence was stored.
    times: Vec<(u64, Timestamp)>,
    /// Says the latest sequence to who waits.
    latest: watch::Sender<u64>,
}

impl Data {
    fn take_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.times.push((self.sequence, Timestamp::now()));
        self.sequence
    }

    fn announce(&self) {
        self.latest.send_replace(self.sequence);
    }

    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    /// Returns the first sequence that was stored at `time` or later: the one to come, where there is none.
    pub(super) fn since(&self, time: Timestamp) -> u64 {
        let first = self.times.iter().find(|(_, stored)| *stored >= time);
        first.map_or(self.sequence + 1, |(sequence, _)| *sequence)
    }

    /// Returns all events in the order of their places.
    pub(super) fn in_order(&self) -> Vec<RecordedEvent> {
        let events = self.histories.values().flat_map(|history| history.events().iter().cloned());
        let mut events: Vec<_> = events.collect();
        events.sort_by_key(|event| (event.sequence(), event.index()));
        events
    }
}

/// A store in memory whose code is as plain as its contract. A clone is another handle on the same data.
#[derive(Debug, Default)]
pub struct ReferenceStore {
    pub(super) data: Arc<Mutex<Data>>,
    pub(super) removed: Option<Mutation>,
    /// What this handle believes of actors; asked under one mutation only.
    believed: Mutex<HashMap<ActorId, Version>>,
}

impl ReferenceStore {
    /// Makes an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an empty store that lacks a mechanism.
    #[must_use]
    pub fn without(removed: Mutation) -> Self {
        Self { removed: Some(removed), ..Self::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the key under which an actor's history is kept.
    pub(super) fn key(&self, actor: &ActorId) -> String {
        let id = actor.as_str();
        match self.removed {
            Some(Mutation::ActorsLossy) => id.replace(['.', ' ', '*', '>'], "_"),
            Some(Mutation::ControlsDropped) => id.chars().filter(|letter| !letter.is_control()).collect(),
            Some(Mutation::CaseFolded) => id.to_lowercase(),
            Some(Mutation::IdsCut) => id.chars().take(255).collect(),
            _ => id.to_owned(),
        }
    }

    fn append_now(&self, mut attempt: Attempt) -> Result<Commit, AppendError> {
        self.check_size(&attempt)?;
        let asked = attempt.actor.clone();
        attempt.events = attempt.events.into_iter().map(|event| kept(event, self.removed)).collect();
        if Mutation::ErrorsNameNobody.is(self.removed) {
            attempt.actor = ActorId::new("?").unwrap_or(attempt.actor);
        }
        let mut data = self.lock();
        if Mutation::EventIdsGlobal.is(self.removed) {
            check_global(&data, &attempt)?;
        }
        let sequence = data.take_sequence();
        let history = data.histories.entry(self.key(&asked));
        let commit = history.or_insert_with(|| History::without(self.removed)).append(attempt, sequence)?;
        data.announce();
        drop(data);
        self.believe(&asked, commit.version);
        Ok(commit)
    }

    fn check_size(&self, attempt: &Attempt) -> Result<(), AppendError> {
        let bytes = |event: &NewEvent| event.raw_data().as_str().len() as u64 + 64;
        let bytes = match self.removed {
            Some(Mutation::LimitsUnchecked) => 0,
            Some(Mutation::LimitsPerEvent) => attempt.events.iter().map(bytes).max().unwrap_or(0),
            _ => attempt.events.iter().map(bytes).sum(),
        };
        if bytes <= MAX_COMMIT_BYTES {
            return Ok(());
        }
        let (actor, limit) = (attempt.actor.clone(), MAX_COMMIT_BYTES);
        Err(AppendError::TooLarge { actor, bytes, limit })
    }

    /// What the Go original does: a check in the handle, and some time later a write without any.
    async fn append_checked_here(&self, mut attempt: Attempt) -> Result<Commit, AppendError> {
        let believed =
            self.believed.lock().unwrap_or_else(PoisonError::into_inner).get(&attempt.actor).copied();
        let current = believed.unwrap_or_else(|| self.now(&attempt.actor).version());
        if attempt.expected.first_version(current).is_none() {
            let (actor, expected) = (attempt.actor.clone(), attempt.expected);
            let attempted = expected.attempted().unwrap_or(Version::MAX);
            return Err(Box::new(Conflict { actor, expected, attempted, current }).into());
        }
        tokio::time::sleep(A_MOMENT).await;
        attempt.expected = Expected::Any;
        self.append_now(attempt)
    }

    fn believe(&self, actor: &ActorId, version: Version) {
        self.believed.lock().unwrap_or_else(PoisonError::into_inner).insert(actor.clone(), version);
    }

    /// Returns the history as it is now.
    fn now(&self, actor: &ActorId) -> History {
        self.lock().histories.get(&self.key(actor)).cloned().unwrap_or_default()
    }

    async fn append_torn(&self, attempt: Attempt) -> Result<Commit, AppendError> {
        let (mut expected, mut stored) = (attempt.expected, Vec::new());
        aether_core::store::check_commit(expected, &attempt.events)?;
        let mut already = true;
        for event in attempt.events.clone() {
            let attempt = Attempt { expected, events: vec![event], ..attempt.clone() };
            let commit = self.append_now(attempt)?;
            already &= commit.already_stored;
            stored.extend(commit.events);
            expected = Expected::Any;
            tokio::time::sleep(A_MOMENT).await;
        }
        Commit::new(stored, already).ok_or_else(|| aether_core::error::InvalidAppend::Empty.into())
    }
}

fn check_global(data: &Data, attempt: &Attempt) -> Result<(), AppendError> {
    let others = data.histories.iter().filter(|(key, _)| key.as_str() != attempt.actor.as_str());
    let mut taken = others.flat_map(|(_, history)| {
        attempt.events.iter().filter_map(|event| history.find(&attempt.actor, event.id()))
    });
    taken.next().map_or(Ok(()), |reused| Err(Box::new(reused).into()))
}

impl Clone for ReferenceStore {
    fn clone(&self) -> Self {
        let data =
            if Mutation::HandlesForget.is(self.removed) { Arc::default() } else { Arc::clone(&self.data) };
        Self { data, removed: self.removed, believed: Mutex::default() }
    }
}

impl EventStore for ReferenceStore {
    async fn append_with(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Commit, AppendError> {
        let attempt = Attempt { actor: actor.clone(), expected, events, epoch: options.epoch };
        match self.removed {
            Some(Mutation::CommitsTorn) => self.append_torn(attempt).await,
            Some(Mutation::CheckedInHandle) => self.append_checked_here(attempt).await,
            Some(Mutation::Hangs) => std::future::pending().await,
            _ => self.append_now(attempt),
        }
    }

    async fn claim_with(
        &self,
        actor: &ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> Result<Head, AppendError> {
        let mut data = self.lock();
        let sequence = data.take_sequence();
        let history = data.histories.entry(self.key(actor));
        let history = history.or_insert_with(|| History::without(self.removed));
        let head = history.claim(actor, epoch, options.proves, sequence)?;
        data.announce();
        Ok(head)
    }

    async fn head(&self, actor: &ActorId, _: Consistency) -> Result<Head, ReadError> {
        Ok(self.now(actor).head())
    }

    fn read_with(
        &self,
        actor: &ActorId,
        from: Version,
        _: ReadOptions,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<> + 'static {
        stream::iter(self.now(actor).read(from).into_iter().map(Ok))
    }

    fn capabilities(&self) -> Capabilities {
        let mut can = Capabilities::none();
        (can.packed_commits, can.epochs, can.deletion_denied) = (true, true, true);
        can.max_commit_bytes = Some(MAX_COMMIT_BYTES);
        can
    }
}
