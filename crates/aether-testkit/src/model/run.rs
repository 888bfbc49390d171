//! Carrying out a history, on the store and in the model.

use std::time::Duration;

use aether_core::{
    ActorId, AppendOptions, Consistency, Epoch, EventStore, EventStoreExt, Expected, RawJson, ReadOptions,
    RecordedEvent, Snapshot, Version,
};
use futures_util::TryStreamExt;

use super::command::{Action, Command, History};
use super::compare::{Verdict, increasing, outcome, refusal, same, same_events};
use super::snapshots::SnapshotAccess;
use super::world::{World, moved};
use crate::StoreUnderTest;
use crate::reference::Attempt;
use crate::suite::Fixture;

/// Both sides of the comparison.
struct Run<F: StoreUnderTest> {
    fixture: Fixture<F>,
    handles: [F::Store; 2],
    snapshots: Option<SnapshotAccess<F::Store>>,
    world: World,
}

/// Runs a history and returns the first difference.
pub(crate) async fn run<F: StoreUnderTest>(
    fixture: Fixture<F>,
    history: History,
    snapshots: Option<SnapshotAccess<F::Store>>,
) -> Verdict {
    let handles = [fixture.open().await, fixture.open().await];
    let mut run = Run { fixture, handles, snapshots, world: World::default() };
    for (number, command) in (1..).zip(history.0) {
        let step = run.step(&command).await;
        step.map_err(|difference| format!("after command {number}, {difference}"))?;
    }
    Ok(())
}

impl<F: StoreUnderTest> Run<F> {
    async fn step(&mut self, command: &Command) -> Verdict {
        let handle = usize::from(command.handle);
        match command.action {
            Action::Append { actor, expected, events, epoch } => {
                let can = self.store(handle).capabilities();
                let (events, epoch) =
                    (if can.packed_commits { events } else { 1 }, epoch.filter(|_| can.epochs));
                let actor = self.actor(actor);
                let expected = self.world.resolve(&actor, expected);
                let attempt = self.world.attempt(&actor, expected, events, epoch);
                self.append(handle, attempt).await
            }
            Action::Save { actor, ahead } => {
                let actor = self.actor(actor);
                let version = moved(self.world.version(&actor), ahead);
                let attempt = self.world.attempt(&actor, Expected::Below(version), 1, None);
                self.append(handle, attempt).await
            }
            Action::Repeat { back } => match self.world.earlier(back) {
                Some(attempt) => self.append(handle, attempt).await,
                None => Ok(()),
            },
            Action::Forge { back } => match self.world.forged(back) {
                Some(attempt) => self.append(handle, attempt).await,
                None => Ok(()),
            },
            Action::Claim { actor, epoch } => self.claim(handle, &self.actor(actor), epoch).await,
            Action::Read { actor, from } => self.read(handle, &self.actor(actor), from.into()).await,
            Action::Head { actor } => self.head(handle, &self.actor(actor)).await,
            Action::Reopen => {
                let fresh = self.fixture.open().await;
                if let Some(old) = self.handles.get_mut(handle) {
                    *old = fresh;
                }
                Ok(())
            }
            Action::SaveSnapshot { actor, back } => {
                self.save_snapshot(handle, &self.actor(actor), back).await
            }
            Action::LatestSnapshot { actor } => self.latest_snapshot(handle, &self.actor(actor)).await,
        }
    }

    fn store(&self, handle: usize) -> &F::Store {
        let [first, second] = &self.handles;
        if handle == 0 { first } else { second }
    }

    fn actor(&self, number: u8) -> ActorId {
        self.fixture.actor(&format!("actor{number}"))
    }

    async fn append(&mut self, handle: usize, attempt: Attempt) -> Verdict {
        let Attempt { actor, expected, events, epoch } = attempt.clone();
        let mut options = AppendOptions::default();
        options.epoch = epoch;
        let store = self.store(handle).append_with(&actor, expected, events, options).await;
        let model = self.world.append(attempt);
        outcome(&format!("the outcome of an append to {actor} that expects {expected}"), &store, &model)?;
        self.agree(handle, &actor).await
    }

    async fn claim(&mut self, handle: usize, actor: &ActorId, epoch: u8) -> Verdict {
        if !self.store(handle).capabilities().epochs {
            return Ok(());
        }
        let epoch = Epoch::new(epoch.into());
        let store = self.store(handle).claim(actor, epoch).await;
        let model = self.world.claim(actor, epoch);
        let essence = |claim: Result<aether_core::Head, _>| {
            claim.map(|head| (head.version, head.epoch)).map_err(|error| refusal(&error))
        };
        same("the outcome of a claim", &essence(store), &essence(model))?;
        self.agree(handle, actor).await
    }

    /// Compares all that can be seen of an actor.
    async fn agree(&mut self, handle: usize, actor: &ActorId) -> Verdict {
        self.head(handle, actor).await?;
        self.read(handle, actor, 0).await
    }

    async fn head(&mut self, handle: usize, actor: &ActorId) -> Verdict {
        let store = self.store(handle).head(actor, Consistency::Leader).await;
        let store = store.map_err(|error| format!("the head cannot be read: {error}"))?;
        let model = self.world.history(actor).head();
        let what = format!("version and epoch at the head of {actor}");
        same(&what, &(store.version, store.epoch), &(model.version, model.epoch))
    }

    async fn read(&mut self, handle: usize, actor: &ActorId, from: u64) -> Verdict {
        let from = Version::new(from).unwrap_or_default();
        let options = ReadOptions::default().consistency(Consistency::Leader);
        let read = self.store(handle).read_with(actor, from, options);
        let store: Vec<RecordedEvent> =
            read.try_collect().await.map_err(|error| format!("a read has an error: {error}"))?;
        let model = self.world.history(actor).read(from);
        same_events(&format!("the events of {actor} from version {from} on"), &store, &model)?;
        increasing(&store)
    }

    async fn save_snapshot(&mut self, handle: usize, actor: &ActorId, back: u8) -> Verdict {
        let Some(access) = self.snapshots else {
            return Ok(());
        };
        let history = self.world.history(actor);
        let version =
            Version::new(history.version().number().saturating_sub(back.into())).unwrap_or_default();
        let position = history.events().last().map(RecordedEvent::position);
        let snapshot = Snapshot::new(actor.clone(), version, RawJson::NULL).with_position(position);
        let store = (access.save)(self.store(handle), snapshot.clone()).await;
        let store = store.map_err(|error| format!("a snapshot cannot be saved: {error}"))?;
        let model = self.world.save_snapshot(snapshot);
        same(&format!("the outcome of saving a snapshot of {actor}"), &store, &model)?;
        self.latest_snapshot(handle, actor).await
    }

    /// Replicas may need a moment to learn of what another handle saved.
    async fn latest_snapshot(&mut self, handle: usize, actor: &ActorId) -> Verdict {
        let Some(access) = self.snapshots else {
            return Ok(());
        };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(2);
        loop {
            let store = (access.latest)(self.store(handle), actor).await;
            let store = store.map_err(|error| format!("a snapshot cannot be read: {error}"))?;
            let verdict = same(
                &format!("the snapshot of {actor}"),
                &store.as_ref(),
                &self.world.latest_snapshot(actor),
            );
            if verdict.is_ok() || tokio::time::Instant::now() > deadline {
                return verdict;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
