//! Generations that run.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use super::{Generation, GenerationError, GenerationRecord};
use crate::projector::{Board, Remote};
use crate::{ProjectorError, ProjectorStatus};

/// How the generations of a projection were doing at one moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GenerationStatus {
    /// What is recorded of them.
    pub record: GenerationRecord,
    /// How the one is doing that is wanted.
    pub wanted: ProjectorStatus,
    /// How the one before is doing, where it ran beside it.
    pub before: Option<ProjectorStatus>,
    /// Whether nothing runs any more.
    pub has_ended: bool,
}

/// The generations of a projection, as they run: one, or two while the next one is built. Made by
/// [`Projector::start_generation`](crate::Projector::start_generation).
///
/// Dropping it stops them after the batches in hand; started again, they go on.
#[derive(Debug)]
#[must_use = "dropping it stops the projection"]
pub struct GenerationHandle {
    pub(super) wanted: Generation,
    pub(super) shared: Arc<Shared>,
    pub(super) stop: watch::Sender<bool>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) record: watch::Sender<(GenerationRecord, bool)>,
    pub(super) wanted: Arc<Board>,
    pub(super) before: Mutex<Option<Arc<Board>>>,
    pub(super) running: Mutex<Running>,
    pub(super) failure: OnceLock<Arc<GenerationError>>,
}

/// The projectors that were started, and whether they are to pause.
#[derive(Debug, Default)]
pub(super) struct Running {
    remotes: Vec<Remote>,
    is_paused: bool,
}

impl Running {
    /// Has another one do as the others.
    pub(super) fn join(&mut self, remote: &Remote) {
        if self.is_paused {
            remote.pause();
        }
        self.remotes.push(remote.clone());
    }

    fn pause(&mut self) {
        self.is_paused = true;
        self.remotes.iter().for_each(Remote::pause);
    }

    fn resume(&mut self) {
        self.is_paused = false;
        self.remotes.iter().for_each(Remote::resume);
    }
}

impl Shared {
    /// Says why they do not go on, the first time.
    pub(super) fn fail(&self, error: GenerationError) {
        let error = self.failure.get_or_init(|| Arc::new(error));
        tracing::error!(error = &**error as &dyn std::error::Error, "the generations of a projection failed");
        // Whoever waits looks again.
        self.record.send_modify(|_| {});
    }

    pub(super) fn end(&self) {
        self.record.send_modify(|(_, has_ended)| *has_ended = true);
    }

    pub(super) fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn before(&self) -> Option<Arc<Board>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl GenerationHandle {
    /// Returns how they are doing now.
    #[must_use]
    pub fn status(&self) -> GenerationStatus {
        let (record, has_ended) = self.shared.record.borrow().clone();
        let before = self.shared.before().map(|board| board.status());
        GenerationStatus { record, wanted: self.shared.wanted.status(), before, has_ended }
    }

    /// Returns why they ended by themselves, if they did.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<GenerationError>> {
        self.shared.failure.get().cloned()
    }

    /// Has all that runs pause after the batches in hand, also a generation that is still to be started.
    pub fn pause(&self) {
        self.shared.running().pause();
    }

    /// Has all go on after a pause.
    pub fn resume(&self) {
        self.shared.running().resume();
    }

    /// Waits until the wanted generation is the one that readers use.
    ///
    /// # Errors
    ///
    /// Why they ended before.
    pub async fn wait_until_active(&self) -> Result<(), Arc<GenerationError>> {
        let is_active =
            |record: &GenerationRecord| record.active == self.wanted && record.stage == super::Stage::Settled;
        let mut changes = self.shared.record.subscribe();
        let is_over = |(record, has_ended): &(GenerationRecord, bool)| {
            is_active(record) || *has_ended || self.shared.failure.get().is_some()
        };
        let _ = changes.wait_for(is_over).await;
        if is_active(&self.shared.record.borrow().0) {
            return Ok(());
        }
        Err(self.failure().unwrap_or_else(|| Arc::new(GenerationError::Stopped)))
    }

    /// Waits until the wanted generation has caught up, active or not.
    ///
    /// # Errors
    ///
    /// Why it ended before.
    pub async fn wait_until_caught_up(&self) -> Result<ProjectorStatus, Arc<GenerationError>> {
        let mut changes = self.shared.wanted.watch();
        let _ = changes.wait_for(|status| status.is_caught_up || status.state.has_ended()).await;
        let status = self.shared.wanted.status();
        if status.is_caught_up && !status.state.has_ended() {
            return Ok(status);
        }
        let source = self.shared.wanted.failure().unwrap_or_else(|| Arc::new(ProjectorError::Stopped));
        Err(Arc::new(GenerationError::Failed { generation: self.wanted, source }))
    }

    /// Applies the batches in hand, records them, and stops.
    ///
    /// # Errors
    ///
    /// Why they ended by themselves, if they did.
    pub async fn stop(self) -> Result<GenerationStatus, Arc<GenerationError>> {
        self.stop.send_replace(true);
        let _ = self.shared.record.subscribe().wait_for(|(_, has_ended)| *has_ended).await;
        self.failure().map_or_else(|| Ok(self.status()), Err)
    }
}

impl Drop for GenerationHandle {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
