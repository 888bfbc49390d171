//! Applying batches, and what follows when that fails.

use aether_core::error::BoxError;
use aether_core::retry::Backoff;
use aether_core::{Checkpoint, RecordedEvent, Subscribe};
use tokio::time::sleep;

use super::quiet::Leading;
use super::run::{Flow, Runner};
use super::{ProjectorError, ProjectorState, SkippedEvent};
use crate::batch::{after, reaches};
use crate::{Batch, Mode, Projection};

/// What became of a batch.
enum Attempted {
    Flow(Flow),
    TakeApart(Batch),
}

/// What became of a batch that failed.
enum Failed {
    /// Some of it may have been applied: this is left.
    Left(Vec<RecordedEvent>),
    /// It is of no use to try it again.
    Last(BoxError),
    Flow(Flow),
}

impl<S: Subscribe, P: Projection> Runner<S, P> {
    /// Asks the projection how far it has come, as often as the policy says.
    pub(super) async fn ask(&mut self) -> Result<Flow, ProjectorError> {
        let mut backoff = self.projector.on_error.attempts().backoff();
        loop {
            let error: BoxError = match self.projection.checkpoint().await {
                Ok(checkpoint) => {
                    self.know(checkpoint);
                    return Ok(Flow::On);
                }
                Err(error) => error.into(),
            };
            self.count_failure(&error);
            if let Some(error) = self.superseded(&error) {
                return Err(error);
            }
            match self.wait(&mut backoff).await {
                Some(true) => {}
                Some(false) => return Err(ProjectorError::Checkpoint(error)),
                None => return Ok(Flow::Stop),
            }
        }
    }

    fn know(&mut self, checkpoint: Option<Checkpoint>) {
        self.board.change(|status| status.checkpoint.clone_from(&checkpoint));
        self.known = checkpoint;
        if self.known.is_some() {
            self.done.clone_from(&self.known);
        }
    }

    /// Applies events in pieces that are replayed or live as a whole; without events, records how far nothing came.
    pub(super) async fn take(
        &mut self,
        events: Vec<RecordedEvent>,
        checkpoint: Checkpoint,
    ) -> Result<Flow, ProjectorError> {
        if events.is_empty() {
            return match checkpoint == self.done() {
                true => Ok(Flow::On),
                false => self.apply(Batch::new(events, checkpoint, Mode::Live)).await,
            };
        }
        let mut rest = events;
        while !rest.is_empty() {
            let (count, mode) = match self.quiet.leading(&rest) {
                Leading::Apply(count, mode) => (count, mode),
                Leading::Wait => {
                    self.board.enter(ProjectorState::Following);
                    tokio::select! {
                        biased;
                        () = self.control.stopped() => return Ok(Flow::Stop),
                        () = self.quiet.changed() => continue,
                    }
                }
            };
            let later = rest.split_off(count);
            let piece = std::mem::replace(&mut rest, later);
            let at = if rest.is_empty() { checkpoint.clone() } else { after(&self.done(), &piece) };
            match self.apply(Batch::new(piece, at, mode)).await? {
                Flow::On => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::On)
    }

    /// Applies a batch, event by event where that fails and the policy says so.
    async fn apply(&mut self, batch: Batch) -> Result<Flow, ProjectorError> {
        let batch = match self.attempt(batch).await? {
            Attempted::Flow(flow) => return Ok(flow),
            Attempted::TakeApart(batch) => batch,
        };
        let count = batch.events().len();
        for (index, event) in batch.events().iter().enumerate() {
            let events = vec![event.clone()];
            let at =
                if index + 1 == count { batch.checkpoint().clone() } else { after(&self.done(), &events) };
            match self.attempt(Batch::new(events, at, batch.mode())).await? {
                Attempted::Flow(Flow::On) | Attempted::TakeApart(_) => {}
                Attempted::Flow(other) => return Ok(other),
            }
        }
        Ok(Flow::On)
    }

    /// Applies a batch as often as the policy says.
    async fn attempt(&mut self, mut batch: Batch) -> Result<Attempted, ProjectorError> {
        let mut backoff = self.projector.on_error.attempts().backoff();
        loop {
            let error = match self.projection.apply(&batch).await {
                Ok(()) => {
                    self.note(&batch);
                    return Ok(Attempted::Flow(Flow::On));
                }
                Err(error) => error.into(),
            };
            let left = match self.settle(&batch, error, &mut backoff).await? {
                Failed::Left(left) => left,
                Failed::Flow(flow) => return Ok(Attempted::Flow(flow)),
                Failed::Last(error) => return self.skip(&batch, error).await.map(Attempted::Flow),
            };
            if left.len() < batch.events().len() {
                backoff = self.projector.on_error.attempts().backoff();
            }
            let (checkpoint, mode) = (batch.checkpoint().clone(), batch.mode());
            batch = Batch::new(left, checkpoint, mode);
            if self.is_taken_apart(&batch) {
                return Ok(Attempted::TakeApart(batch));
            }
        }
    }

    /// Says whether each event is to have attempts of its own.
    fn is_taken_apart(&self, batch: &Batch) -> bool {
        batch.events().len() > 1 && self.projector.on_error.skipping().is_some()
    }

    /// Finds out what a failure left behind, after the wait before the next attempt.
    async fn settle(
        &mut self,
        batch: &Batch,
        error: BoxError,
        backoff: &mut Backoff,
    ) -> Result<Failed, ProjectorError> {
        self.count_failure(&error);
        if let Some(error) = self.superseded(&error) {
            return Err(error);
        }
        let is_last = match self.is_taken_apart(batch) {
            true => false,
            false => match self.wait(backoff).await {
                Some(is_left) => !is_left,
                None => return Ok(Failed::Flow(Flow::Stop)),
            },
        };
        let before = self.known.clone();
        if is_last {
            // Once, and whatever comes of it: the batch may have been applied, and only the answer was lost.
            match self.projection.checkpoint().await {
                Ok(checkpoint) => self.know(checkpoint),
                Err(_) => return Ok(Failed::Last(error)),
            }
        } else if self.ask().await? == Flow::Stop {
            return Ok(Failed::Flow(Flow::Stop));
        }
        let known = self.known.clone().unwrap_or_default();
        if reaches(&known, batch.checkpoint()) {
            self.note(batch);
            return Ok(Failed::Flow(Flow::On));
        }
        if is_last {
            return Ok(Failed::Last(error));
        }
        if before.is_some_and(|before| !reaches(&known, &before)) {
            // It lies further back than it was: what it lost has to come again.
            self.done.clone_from(&self.known);
            return Ok(Failed::Flow(Flow::Again));
        }
        let is_left = |event: &&RecordedEvent| !known.covers(&event.position());
        Ok(Failed::Left(batch.events().iter().filter(is_left).cloned().collect()))
    }

    /// Passes over the only event of a batch, if the policy is to do so.
    async fn skip(&mut self, batch: &Batch, error: BoxError) -> Result<Flow, ProjectorError> {
        let (events, first) = (batch.events().len(), batch.events().first());
        let failed =
            |source| ProjectorError::Apply { events, first: first.map(RecordedEvent::position), source };
        let (Some(skipped), Some(event)) = (self.projector.on_error.skipping(), first) else {
            return Err(failed(error));
        };
        skipped(SkippedEvent { event, error: &error });
        let name = &*self.projector.name;
        tracing::warn!(projection = name, position = %event.position(), error = &*error as &dyn std::error::Error, "an event was skipped");
        let passed = Batch::new(Vec::new(), batch.checkpoint().clone(), batch.mode());
        if let Err(also) = self.projection.apply(&passed).await {
            let also = also.into();
            self.count_failure(&also);
            return Err(self.superseded(&also).unwrap_or_else(|| failed(error)));
        }
        self.board.change(|status| status.skipped += 1);
        self.note(&passed);
        Ok(Flow::On)
    }

    /// Waits, and returns whether there is another attempt, or nothing where it was told to stop.
    async fn wait(&mut self, backoff: &mut Backoff) -> Option<bool> {
        self.board.enter(ProjectorState::Retrying);
        tokio::select! {
            biased;
            () = self.control.stopped() => None,
            is_left = backoff.wait(&sleep) => Some(is_left),
        }
    }

    /// Notes that a batch was applied.
    fn note(&mut self, batch: &Batch) {
        self.done = Some(batch.checkpoint().clone());
        self.known.clone_from(&self.done);
        let events = batch.events().len() as u64;
        self.board.change(|status| {
            status.checkpoint.clone_from(&self.known);
            status.events += events;
            status.batches += 1;
        });
    }

    fn count_failure(&self, error: &BoxError) {
        let name = &*self.projector.name;
        tracing::warn!(
            projection = name,
            error = &**error as &dyn std::error::Error,
            "the projection failed"
        );
        self.board.change(|status| status.failures += 1);
    }
}
