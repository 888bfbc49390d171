//! A projector that runs.

use std::sync::Arc;

use super::board::Board;
use super::control::Remote;
use super::{ProjectorError, ProjectorStatus};

/// A projector that runs, and the means to watch and to stop it. Made by [`Projector::start`](crate::Projector::start).
///
/// Dropping it stops the projector after the batch in hand, without waiting for that; [`detach`](Self::detach) lets it go on.
#[derive(Debug)]
#[must_use = "dropping it stops the projector"]
pub struct ProjectorHandle {
    remote: Remote,
    board: Arc<Board>,
    is_detached: bool,
}

impl ProjectorHandle {
    pub(super) fn new(remote: Remote, board: Arc<Board>) -> Self {
        Self { remote, board, is_detached: false }
    }

    pub(crate) fn remote(&self) -> &Remote {
        &self.remote
    }

    pub(crate) fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Returns how the projector is doing now.
    #[must_use]
    pub fn status(&self) -> ProjectorStatus {
        self.board.status()
    }

    /// Returns why it ended by itself, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<ProjectorError>> {
        self.board.failure()
    }

    /// Has it pause after the batch in hand. The subscription stays, and is not read.
    pub fn pause(&self) {
        self.remote.pause();
    }

    /// Has it go on after a pause.
    pub fn resume(&self) {
        self.remote.resume();
    }

    /// Waits until everything is applied that was there when it subscribed, and returns how it is doing.
    ///
    /// # Errors
    ///
    /// Why the projector ended before, [`ProjectorError::Stopped`] where it was stopped.
    pub async fn wait_until_caught_up(&self) -> Result<ProjectorStatus, Arc<ProjectorError>> {
        self.wait(|status| status.is_caught_up || status.state.has_ended()).await;
        match self.status() {
            status if status.is_caught_up && self.failure().is_none() => Ok(status),
            _ => Err(self.failure().unwrap_or_else(|| Arc::new(ProjectorError::Stopped))),
        }
    }

    /// Applies the batch in hand, records it, and stops. A batch that fails is not tried again.
    ///
    /// # Errors
    ///
    /// Why the projector ended by itself, if it did.
    ///
    /// # Cancel safety
    ///
    /// The projector stops, whether this is waited for or not.
    pub async fn stop(self) -> Result<ProjectorStatus, Arc<ProjectorError>> {
        self.remote.stop();
        self.wait(|status| status.state.has_ended()).await;
        self.failure().map_or_else(|| Ok(self.status()), Err)
    }

    /// Lets the projector go on without a handle, until it ends by itself or its runtime does.
    pub fn detach(mut self) {
        self.is_detached = true;
    }

    async fn wait(&self, is_it: impl Fn(&ProjectorStatus) -> bool) {
        // The board, which has the sender, is held by this handle.
        let _ = self.board.watch().wait_for(is_it).await;
    }
}

impl Drop for ProjectorHandle {
    fn drop(&mut self) {
        if !self.is_detached {
            self.remote.stop();
        }
    }
}
