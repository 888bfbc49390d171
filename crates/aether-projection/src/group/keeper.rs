//! Claiming slices, writing down how far they have come, and giving them up: all that a member writes.

use std::sync::Arc;

use aether_core::error::Unavailable;
use aether_core::key_value::{Entry, Revision};
use aether_core::{Epoch, EventStore, KeyValue, KeyValueError, Subscribe};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until, timeout};

use super::balance::{Seen, balance};
use super::handler::Handler;
use super::member::Member;
use super::record::{SliceRecord, write};
use super::resume;
use super::sight::Sight;
use super::state::Turn;

/// What one member knows of the group.
pub(crate) struct Keeper<S, K, H> {
    member: Arc<Member<S, K, H>>,
    /// What a slice begins with that nobody has had.
    first: SliceRecord,
    slices: Sight<u32>,
    members: Sight<String>,
    /// The revision of this member's own key.
    own: Revision,
}

impl<S, K, H> Keeper<S, K, H>
where
    S: Subscribe + EventStore,
    K: KeyValue,
    H: Handler,
{
    pub(crate) fn new(member: Arc<Member<S, K, H>>, first: SliceRecord) -> Self {
        Self { member, first, slices: Sight::new(), members: Sight::new(), own: Revision::NONE }
    }

    /// Keeps the member's slices until it is stopped, and has given up all of them.
    pub(crate) async fn run(mut self) {
        let tick = self.member.options.tick();
        let mut look = Instant::now();
        loop {
            if Instant::now() >= look {
                look = Instant::now() + tick;
                // A store that hangs must not keep the leases from being renewed.
                if timeout(tick, self.look()).await.is_err() {
                    tracing::warn!(group = %self.member.options.name, "the key-value store is slow");
                }
            }
            for (turn, actor, from) in self.member.shared.wishes() {
                tokio::spawn(resume::run(Arc::clone(&self.member), turn, actor, from));
            }
            self.record().await;
            if self.has_stopped() {
                return self.leave().await;
            }
            let next = look.min(Instant::now() + self.member.options.record_every);
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.member.shared.hurry.notified() => {}
            }
        }
    }

    fn has_stopped(&self) -> bool {
        let mut state = self.member.shared.lock();
        let is_stopping = state.is_stopping || state.failure.is_some();
        if is_stopping {
            state.held.values_mut().for_each(|held| held.is_leaving = true);
        }
        is_stopping && state.held.is_empty()
    }

    /// Gives a sign of life, sees who else does, and takes or gives up slices.
    async fn look(&mut self) {
        if let Err(error) = self.try_look().await {
            tracing::warn!(group = %self.member.options.name, %error, "the group cannot be looked at");
        }
    }

    async fn try_look(&mut self) -> Result<(), KeyValueError> {
        let (rank, members) = self.see_members().await?;
        let names: Vec<_> =
            (0..self.member.options.slices).map(|slice| self.member.names.slice(slice)).collect();
        let entries = join_all(names.iter().map(|name| self.member.keys.get(name))).await;
        let entries: Vec<Option<Entry>> = entries.into_iter().collect::<Result<_, _>>()?;
        let seen: Vec<Seen> =
            (0..).zip(&entries).map(|(slice, entry)| self.see_slice(slice, entry.as_ref())).collect();
        if self.member.shared.lock().is_stopping {
            return Ok(());
        }
        let moves = balance(&seen, members, rank);
        if !moves.release.is_empty() {
            let mut state = self.member.shared.lock();
            for slice in &moves.release {
                state.held.get_mut(slice).into_iter().for_each(|held| held.is_leaving = true);
            }
        }
        let claims = moves.claim.iter().filter_map(|slice| {
            let entry = entries.get(usize::try_from(*slice).ok()?)?.clone();
            Some(self.claim(*slice, entry))
        });
        let claimed = join_all(claims).await.into_iter().filter(|claimed| *claimed).count();
        if claimed > 0 {
            self.member.shared.slices_changed.notify_one();
        }
        Ok(())
    }

    /// Returns this member's place among those that live, and how many these are.
    async fn see_members(&mut self) -> Result<(usize, usize), KeyValueError> {
        let (keys, names) = (&self.member.keys, &self.member.names);
        let name = names.member(&self.member.id);
        self.own = match keys.put(&name, self.member.id.clone().into(), self.own).await {
            Ok(revision) => revision,
            Err(KeyValueError::Conflict { .. } | KeyValueError::Unknown { .. }) => {
                keys.get(&name).await?.map_or(Revision::NONE, |entry| entry.revision)
            }
            Err(error) => return Err(error),
        };
        let mut all = keys.keys(&names.members()).await?;
        all.sort_unstable();
        let mut living = Vec::new();
        for other in &all {
            let Some(entry) = keys.get(other).await? else { continue };
            let silent = self.members.see(other.clone(), entry.revision, Instant::now());
            if *other == name || silent < self.member.options.lease {
                living.push(other);
            } else if silent > self.member.options.lease * 2 {
                // Nobody else clears up after one that ended without a word. If it lives after all, it writes it again.
                let _ = keys.delete(other, entry.revision).await;
            }
        }
        self.members.retain(|other| all.contains(other));
        let rank = living.iter().position(|other| **other == name).unwrap_or_default();
        Ok((rank, living.len().max(1)))
    }

    /// Says what a slice is to this member.
    fn see_slice(&mut self, slice: u32, entry: Option<&Entry>) -> Seen {
        let mut state = self.member.shared.lock();
        let Some(entry) = entry else { return Seen::Free };
        let silent = self.slices.see(slice, entry.revision, Instant::now());
        let record = serde_json::from_slice::<SliceRecord>(&entry.value);
        if let Some(held) = state.held.get_mut(&slice) {
            // Somebody else may have written into it what is to become of a parked actor.
            if let Ok(record) = record
                && record.holder.as_deref() == Some(&*self.member.id)
                && entry.revision > held.revision
            {
                held.merge(&record, entry.revision);
            }
            return Seen::Mine;
        }
        match record {
            Ok(record) if record.holder.is_none() || silent >= self.member.options.lease => Seen::Free,
            Ok(_) => Seen::Others,
            Err(error) => {
                tracing::error!(group = %self.member.options.name, slice, %error, "what stands at the slice's key is no record");
                Seen::Others
            }
        }
    }

    /// Claims a slice as it was seen, with the next epoch.
    async fn claim(&self, slice: u32, entry: Option<Entry>) -> bool {
        let revision = entry.as_ref().map_or(Revision::NONE, |entry| entry.revision);
        let there = entry.and_then(|entry| serde_json::from_slice(&entry.value).ok());
        let mut record: SliceRecord = there.unwrap_or_else(|| self.first.clone());
        record.holder = Some(self.member.id.clone());
        record.epoch = Epoch::new(record.epoch.number().saturating_add(1));
        let started = Instant::now();
        match self.write(slice, &record, revision).await {
            Ok(revision) => {
                tracing::info!(group = %self.member.options.name, slice, epoch = %record.epoch, "a slice is taken");
                self.member.shared.lock().take(slice, record, revision, started);
                true
            }
            // Another one was first, or it is seen at the next look.
            Err(KeyValueError::Conflict { .. }) => false,
            Err(error) => {
                tracing::warn!(group = %self.member.options.name, slice, %error, "a slice cannot be claimed");
                false
            }
        }
    }

    async fn write(
        &self,
        slice: u32,
        record: &SliceRecord,
        expected: Revision,
    ) -> Result<Revision, KeyValueError> {
        let key = self.member.names.slice(slice);
        // Nothing is changed by what cannot be written.
        let value = write(&key, record).map_err(|error| Unavailable::because("recording a slice", error))?;
        self.member.keys.put(&key, value, expected).await
    }

    /// Writes down what has to be, of all slices at once.
    async fn record(&self) {
        let due: Vec<Turn> = {
            let state = self.member.shared.lock();
            let due = state.held.iter().filter(|(_, held)| {
                let has_moved = held.tracker.checkpoint() != &held.recorded;
                has_moved
                    || held.is_dirty
                    || held.can_leave()
                    || held.renewed.elapsed() >= self.member.options.tick()
            });
            due.map(|(slice, held)| Turn { slice: *slice, token: held.token }).collect()
        };
        join_all(due.into_iter().map(|turn| self.record_one(turn))).await;
    }

    async fn record_one(&self, turn: Turn) {
        let (record, expected, is_last) = {
            let mut state = self.member.shared.lock();
            let Some(held) = state.find(turn) else { return };
            held.is_dirty = false;
            let is_last = held.can_leave();
            let holder = Some(self.member.id.clone()).filter(|_| !is_last);
            (held.record(holder), held.revision, is_last)
        };
        let started = Instant::now();
        let written = timeout(self.member.options.lease, self.write(turn.slice, &record, expected)).await;
        if self.settle(turn, record, started, written.ok(), is_last) {
            self.look_again(turn).await;
        }
    }

    /// Notes what became of a record; returns whether it has to be looked who has the slice.
    fn settle(
        &self,
        turn: Turn,
        record: SliceRecord,
        started: Instant,
        written: Option<Result<Revision, KeyValueError>>,
        is_last: bool,
    ) -> bool {
        let mut state = self.member.shared.lock();
        let Some(held) = state.find(turn) else { return false };
        match written {
            Some(Ok(_)) if is_last => {
                tracing::info!(group = %self.member.options.name, slice = turn.slice, "a slice is given up");
                state.held.remove(&turn.slice);
                false
            }
            Some(Ok(revision)) => {
                (held.revision, held.renewed, held.recorded) = (revision, started, record.checkpoint);
                false
            }
            failed => {
                held.is_dirty = true;
                matches!(failed, Some(Err(KeyValueError::Conflict { .. } | KeyValueError::Unknown { .. })))
            }
        }
    }

    /// Looks who has a slice, after its record was not where it was expected.
    async fn look_again(&self, turn: Turn) {
        let entry = self.member.keys.get(&self.member.names.slice(turn.slice)).await;
        let mut state = self.member.shared.lock();
        let (Some(held), Ok(entry)) = (state.find(turn), entry) else { return };
        let record =
            entry.as_ref().and_then(|entry| serde_json::from_slice::<SliceRecord>(&entry.value).ok());
        match (record, entry) {
            (Some(record), Some(entry))
                if record.holder.as_deref() == Some(&*self.member.id) && record.epoch == held.epoch =>
            {
                held.merge(&record, entry.revision);
            }
            _ => {
                tracing::warn!(group = %self.member.options.name, slice = turn.slice, "a slice was lost to another member");
                state.held.remove(&turn.slice);
            }
        }
    }

    /// Takes back this member's sign of life.
    async fn leave(&self) {
        let _ = self.member.keys.delete(&self.member.names.member(&self.member.id), self.own).await;
    }
}
