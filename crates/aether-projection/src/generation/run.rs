//! Running generations: one, or two until the next takes the active one's place.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aether_core::key_value::{KeyValue, Revision};
use aether_core::{Checkpoint, RetryPolicy, Subscribe};
use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::sleep;

use super::handle::Shared;
use super::{Generation, GenerationError, GenerationHandle, GenerationRecord, Generations, Stage};
use crate::batch::reaches;
use crate::projector::quiet::{Before, Quiet};
use crate::{Projection, Projector, ProjectorError, ProjectorHandle, ProjectorState};

/// While a generation takes another's place, how far it has come is recorded this soon.
const SOON: Duration = Duration::from_millis(20);

impl<S: Subscribe> Projector<S> {
    /// Starts the generation `wanted` of a projection, and what it takes to get there.
    ///
    /// - Where no generation has run, it is the first. Where it is the active one, it goes on.
    /// - Where another one is active, that one goes on, and the wanted one is built beside it from the beginning, in
    ///   [`Mode::Replay`](crate::Mode::Replay). It never passes the active one. When it has caught up, the active one is
    ///   stopped, how far it came is recorded, and the wanted one goes on: quiet up to there, live from the next event on.
    ///   When it has passed that point, it becomes the active one. So each event's side effects are had by exactly one of
    ///   them, as far as the projection itself has them once.
    /// - Where a process ends in the midst of that, the next start goes on from there. Where the active one fails, the
    ///   wanted one takes its place from where it failed.
    ///
    /// `make` makes the projection of a generation; each must keep its rows and its checkpoint apart from the others',
    /// such as by the generation's number in their names. It may be called several times for the same one.
    ///
    /// Of several processes that do this, the last one started goes on, and the others are
    /// [`Superseded`](crate::Superseded), as far as their projections notice that.
    ///
    /// # Errors
    ///
    /// See [`GenerationError`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn start_generation<K, P, F>(
        &self,
        generations: &Generations<K>,
        wanted: Generation,
        make: F,
    ) -> Result<GenerationHandle, GenerationError>
    where
        K: KeyValue,
        P: Projection,
        F: FnMut(Generation) -> P + Send + 'static,
    {
        let (record, revision) = begin(generations, wanted).await?;
        let (stop, stopped) = watch::channel(false);
        let mut make = make;
        let (before, covered) = watch::channel(Before::default());
        let quiet = match &record.stage {
            Stage::Settled => Quiet::until(record.quiet_until.clone()),
            Stage::HandedOver { until, .. } => Quiet::until(until.clone()),
            Stage::Building { .. } => Quiet::behind(covered),
        };
        let eager = match &record.stage {
            Stage::Settled => self.clone(),
            _ => self.clone().record_idle_after(SOON),
        };
        let handle = eager.start_quiet(make(wanted), quiet, Some(wanted));
        let shared = Arc::new(Shared {
            record: watch::Sender::new((record, false)),
            wanted: Arc::clone(handle.board()),
            before: Mutex::default(),
            running: Mutex::default(),
            failure: OnceLock::new(),
        });
        shared.running().join(handle.remote());
        let (projector, generations) = (self.clone(), generations.clone());
        let run = Run {
            projector,
            generations,
            wanted,
            make,
            revision,
            handle,
            before,
            stopped,
            shared: Arc::clone(&shared),
        };
        tokio::spawn(run.run());
        Ok(GenerationHandle { wanted, shared, stop })
    }
}

/// Records that a generation is wanted.
async fn begin<K: KeyValue>(
    generations: &Generations<K>,
    wanted: Generation,
) -> Result<(GenerationRecord, Revision), GenerationError> {
    let (found, revision) = match generations.load().await? {
        Some((record, revision)) => (Some(record), revision),
        None => (None, Revision::NONE),
    };
    let record = found.clone().unwrap_or_else(|| GenerationRecord::first(wanted)).want(wanted);
    // Saved even where nothing changes: whoever ran the generations until now finds that they were taken over.
    let revision = generations.save(&record, revision).await?;
    Ok((record, revision))
}

struct Run<S, K, F> {
    projector: Projector<S>,
    generations: Generations<K>,
    wanted: Generation,
    make: F,
    revision: Revision,
    /// The generation that is wanted.
    handle: ProjectorHandle,
    before: watch::Sender<Before>,
    stopped: watch::Receiver<bool>,
    shared: Arc<Shared>,
}

/// Says at the end that nothing runs any more.
struct Over(Arc<Shared>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Why something was not waited for to its end.
enum Ended {
    Stopped,
    Failed(GenerationError),
}

impl From<GenerationError> for Ended {
    fn from(error: GenerationError) -> Self {
        Self::Failed(error)
    }
}

impl<S, K, P, F> Run<S, K, F>
where
    S: Subscribe,
    K: KeyValue,
    P: Projection,
    F: FnMut(Generation) -> P + Send + 'static,
{
    async fn run(mut self) {
        // Also where the runtime is shut down, whoever waits for the end is told.
        let _over = Over(Arc::clone(&self.shared));
        let ended = AssertUnwindSafe(self.go()).catch_unwind().await;
        match ended.unwrap_or_else(|_| Ended::Failed(GenerationError::Panicked)) {
            Ended::Stopped => {}
            Ended::Failed(error) => self.shared.fail(error),
        }
        // Why it failed is said already.
        let _ = self.handle.stop().await;
    }

    async fn go(&mut self) -> Ended {
        let building = matches!(self.record().stage, Stage::Building { .. });
        let taken = if building { self.build().await } else { Ok(()) };
        match taken {
            Ok(()) => {}
            Err(ended) => return ended,
        }
        if let Err(ended) = self.switch().await {
            return ended;
        }
        match self.until(|_| false).await {
            Ok(()) => Ended::Stopped,
            Err(ended) => ended,
        }
    }

    fn record(&self) -> GenerationRecord {
        self.shared.record.borrow().0.clone()
    }

    async fn save(&mut self, record: GenerationRecord) -> Result<(), GenerationError> {
        self.revision = self.generations.save(&record, self.revision).await?;
        self.shared.record.send_modify(|(now, _)| *now = record);
        Ok(())
    }

    /// Runs the active generation beside the wanted one until that has caught up, and ends it.
    async fn build(&mut self) -> Result<(), Ended> {
        let record = self.record();
        let quiet = Quiet::until(record.quiet_until.clone());
        let active = self.projector.start_quiet((self.make)(record.active), quiet, Some(record.active));
        self.shared.running().join(active.remote());
        *self.shared.before.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(active.board()));
        let waited = self.beside(&active).await;
        // Why it failed, if it did, keeps nobody from going on where it ended.
        let failure = active.stop().await.err();
        if let Some(ProjectorError::Superseded(superseded)) = failure.as_deref() {
            return Err(GenerationError::from(superseded.clone()).into());
        }
        waited?;
        let until = self.ended_at(record.active).await?;
        self.save(record.hand_over(until.clone())).await?;
        self.before.send_replace(Before { covered: until, is_final: true });
        Ok(())
    }

    /// Says to the wanted generation how far the active one has come, until it may take its place.
    async fn beside(&mut self, active: &ProjectorHandle) -> Result<(), Ended> {
        let (mut ahead, mut behind) = (active.board().watch(), self.handle.board().watch());
        loop {
            let (ahead_now, behind_now) =
                (ahead.borrow_and_update().clone(), behind.borrow_and_update().clone());
            if ahead_now.state.has_ended() {
                return Ok(());
            }
            let covered = ahead_now.checkpoint.unwrap_or_default();
            self.before.send_if_modified(|before| {
                before.covered != covered && {
                    before.covered = covered;
                    true
                }
            });
            if behind_now.state == ProjectorState::Failed {
                // Readers go on with the active one.
                self.wait_stopped().await;
                return Err(self.failed().map_or(Ended::Stopped, Ended::Failed));
            }
            if behind_now.is_caught_up
                || behind_now.state == ProjectorState::Following && ahead_now.is_caught_up
            {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = wait_stopped(&mut self.stopped) => return Err(Ended::Stopped),
                changed = ahead.changed() => drop(changed),
                changed = behind.changed() => drop(changed),
            }
        }
    }

    async fn wait_stopped(&mut self) {
        if let Some(error) = self.failed() {
            self.shared.fail(error);
        }
        wait_stopped(&mut self.stopped).await;
    }

    /// Asks the generation that ended how far it came: what is recorded counts, whatever its last answers were.
    async fn ended_at(&mut self, generation: Generation) -> Result<Checkpoint, Ended> {
        let mut backoff =
            RetryPolicy::default().delays(Duration::from_millis(20), Duration::from_secs(1)).backoff();
        let mut projection = (self.make)(generation);
        loop {
            let source = match projection.checkpoint().await {
                Ok(checkpoint) => return Ok(checkpoint.unwrap_or_default()),
                Err(error) => error.into(),
            };
            if !backoff.wait(&sleep).await {
                return Err(GenerationError::Checkpoint { generation, source }.into());
            }
        }
    }

    /// Makes the wanted generation the active one, when it has passed where the one before ended.
    async fn switch(&mut self) -> Result<(), Ended> {
        let record = self.record();
        let Stage::HandedOver { until, .. } = record.stage.clone() else {
            return Ok(());
        };
        self.until(|checkpoint| reaches(checkpoint, &until)).await?;
        Ok(self.save(record.switch()).await?)
    }

    /// Waits until the wanted generation has come so far.
    async fn until(&mut self, is_far: impl Fn(&Checkpoint) -> bool + Send) -> Result<(), Ended> {
        let mut changes = self.handle.board().watch();
        loop {
            let now = changes.borrow_and_update().clone();
            if now.state == ProjectorState::Failed {
                return Err(self.failed().map_or(Ended::Stopped, Ended::Failed));
            }
            if is_far(&now.checkpoint.unwrap_or_default()) {
                return Ok(());
            }
            if now.state.has_ended() {
                return Err(Ended::Stopped);
            }
            tokio::select! {
                biased;
                () = wait_stopped(&mut self.stopped) => return Err(Ended::Stopped),
                changed = changes.changed() => drop(changed),
            }
        }
    }

    fn failed(&self) -> Option<GenerationError> {
        let source = self.handle.failure()?;
        Some(match &*source {
            ProjectorError::Superseded(superseded) => superseded.clone().into(),
            _ => GenerationError::Failed { generation: self.wanted, source },
        })
    }
}

async fn wait_stopped(stopped: &mut watch::Receiver<bool>) {
    // An error: the handle is gone, which stops it, too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
