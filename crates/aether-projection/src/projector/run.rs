//! The task of a projector.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use aether_core::error::{BoxError, ReplayError};
use aether_core::retry::Backoff;
use aether_core::{Checkpoint, StartAt, Subscribe, Subscription, SubscriptionError};
use futures_util::FutureExt;
use tokio::time::sleep;

use super::board::Board;
use super::control::{Command, Control};
use super::gather::{Gathered, Then, gather};
use super::quiet::Quiet;
use super::{Projector, ProjectorError, ProjectorState};
use crate::checkpoint::is_superseded;
use crate::{Projection, Superseded, batch};

/// What a projector runs on.
pub(super) struct Runner<S, P> {
    pub(super) projector: Projector<S>,
    pub(super) projection: P,
    pub(super) quiet: Quiet,
    pub(super) control: Control,
    pub(super) board: Arc<Board>,
    /// How far the projection has come, as far as it has said.
    pub(super) known: Option<Checkpoint>,
    /// The same, or where it began.
    pub(super) done: Option<Checkpoint>,
}

impl<S, P> Drop for Runner<S, P> {
    /// Also where the runtime is shut down, whoever waits for the end is told.
    fn drop(&mut self) {
        self.board.leave();
    }
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    /// Subscribe again, from where the projection says.
    Again,
    Stop,
}

impl<S: Subscribe, P: Projection> Runner<S, P> {
    pub(super) fn new(
        projector: Projector<S>,
        projection: P,
        quiet: Quiet,
        control: Control,
        board: Arc<Board>,
    ) -> Self {
        Self { projector, projection, quiet, control, board, known: None, done: None }
    }

    pub(super) async fn run(mut self) {
        let name = Arc::clone(&self.projector.name);
        let ended = AssertUnwindSafe(self.follow()).catch_unwind().await;
        let result = ended.unwrap_or(Err(ProjectorError::Panicked));
        if let Err(error) = &result {
            tracing::error!(
                projection = &*name,
                error = error as &dyn std::error::Error,
                "the projection stopped"
            );
        }
        self.board.end(result);
    }

    /// Subscribes, and again, until it is told to stop or cannot go on.
    async fn follow(&mut self) -> Result<(), ProjectorError> {
        let mut backoff = self.projector.resubscribe.backoff();
        if self.ask().await? == Flow::Stop {
            return Ok(());
        }
        loop {
            let batches = self.board.batches();
            let lost = match self.subscribe().await {
                Ok(subscription) => match self.feed(subscription).await? {
                    Fed::Stop => return Ok(()),
                    Fed::Again => None,
                    Fed::Lost(error) => Some(error),
                },
                Err(error) => Some(error),
            };
            if self.board.batches() > batches {
                backoff = self.projector.resubscribe.backoff();
            }
            if self.again(lost, &mut backoff).await? == Flow::Stop {
                return Ok(());
            }
        }
    }

    async fn subscribe(&mut self) -> Result<Subscription, SubscriptionError> {
        // What came of "from now" and the like when it first subscribed is where it begins, however often it has to.
        let start = self.done.clone().map_or_else(|| self.projector.start_at.clone(), StartAt::After);
        let subscription = self.projector.store.subscribe(self.projector.filter.clone(), start).await?;
        self.done = Some(subscription.checkpoint());
        self.board.hold(0);
        self.board.follow(subscription.monitor());
        self.board.change(|status| {
            (status.state, status.is_caught_up) = (ProjectorState::CatchingUp, false);
        });
        Ok(subscription)
    }

    /// Waits before it subscribes again, where that may help.
    async fn again(
        &mut self,
        lost: Option<SubscriptionError>,
        backoff: &mut Backoff,
    ) -> Result<Flow, ProjectorError> {
        let Some(error) = lost else {
            return Ok(Flow::Again);
        };
        if !error.is_transient() {
            return Err(ProjectorError::Subscription(error));
        }
        self.board.change(|status| {
            status.restarts += 1;
            status.state = ProjectorState::Resubscribing;
        });
        let name = &*self.projector.name;
        tracing::warn!(projection = name, error = &error as &dyn std::error::Error, "subscribing again");
        tokio::select! {
            biased;
            () = self.control.stopped() => Ok(Flow::Stop),
            is_left = backoff.wait(&sleep) => if is_left { Ok(Flow::Again) } else { Err(ProjectorError::Subscription(error)) },
        }
    }

    /// Applies what the subscription hands out.
    async fn feed(&mut self, mut subscription: Subscription) -> Result<Fed, ProjectorError> {
        loop {
            let gathered = gather(&self.projector, &mut subscription, &mut self.control, &self.board).await;
            let Gathered { events, then } = gathered;
            let checkpoint = match &then {
                // The subscription has passed the message; whether the projection does is not said yet.
                Then::Malformed(_) => batch::after(&self.done(), &events),
                _ => subscription.checkpoint(),
            };
            match self.take(events, checkpoint).await? {
                Flow::On => {}
                Flow::Again => return Ok(Fed::Again),
                Flow::Stop => return Ok(Fed::Stop),
            }
            self.board.hold(0);
            self.board.go_on();
            match then {
                Then::Enough => {}
                Then::CaughtUp => self.board.catch_up(),
                Then::Malformed(error) => self.pass_malformed(error)?,
                Then::Lost(error) => return Ok(Fed::Lost(error)),
                Then::Over => return Ok(Fed::Stop),
                Then::Told => match self.obey().await {
                    Flow::Stop => return Ok(Fed::Stop),
                    _ => self.board.go_on(),
                },
            }
        }
    }

    pub(super) fn done(&self) -> Checkpoint {
        self.done.clone().unwrap_or_default()
    }

    /// Does as it is told between batches.
    async fn obey(&mut self) -> Flow {
        if self.control.command() == Command::Pause {
            self.board.enter(ProjectorState::Paused);
            self.control.until(|command| command != Command::Pause).await;
        }
        if self.control.is_stopped() { Flow::Stop } else { Flow::On }
    }

    fn pass_malformed(&self, error: Box<ReplayError>) -> Result<(), ProjectorError> {
        let Some(skipped) = self.projector.on_malformed.skipping() else {
            return Err(ProjectorError::Malformed(error));
        };
        skipped(&error);
        let name = &*self.projector.name;
        tracing::warn!(
            projection = name,
            error = &*error as &dyn std::error::Error,
            "a stored message was skipped"
        );
        self.board.change(|status| status.skipped += 1);
        Ok(())
    }

    /// Says of a projection's error whether it is for ever.
    pub(super) fn superseded(&self, error: &BoxError) -> Option<ProjectorError> {
        is_superseded(&**error).then(|| Superseded { name: self.projector.name.to_string() }.into())
    }
}

/// Why no more comes of a subscription.
enum Fed {
    Stop,
    Again,
    Lost(SubscriptionError),
}
