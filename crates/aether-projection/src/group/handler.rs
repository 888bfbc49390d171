//! What a group's user writes.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use aether_core::error::BoxError;
use aether_core::{Epoch, RecordedEvent};
use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until};

/// Handles the events of a group, one at a time of each actor.
///
/// An event comes at least once, and more than once where a member ended, or was taken for gone, after the event was
/// handled and before that was recorded: make the effect such that a second time changes nothing, or write it together with
/// the event's [position](RecordedEvent::position). Along one [epoch](Context::epoch) each actor's events come in the order
/// of versions.
///
/// A handler that panics has failed, as one that returns an error has.
pub trait Handler: Send + Sync + 'static {
    /// What is said when an event cannot be handled.
    type Error: Into<BoxError> + Send;

    /// Handles an event.
    ///
    /// # Errors
    ///
    /// It is called again after a while, and after so many times its actor is parked. See
    /// [`attempts`](super::GroupBuilder::attempts).
    fn handle(
        &self,
        event: &RecordedEvent,
        context: &Context,
    ) -> impl Future<Output = Result<Outcome, Self::Error>> + Send;
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Outcome {
    /// It was handled.
    #[default]
    Done,
    /// It cannot be handled yet: call again after so long. That counts as an attempt.
    Retry(Duration),
}

/// What a handler is told beside the event.
#[derive(Debug)]
pub struct Context {
    epoch: Epoch,
    slice: u32,
    attempt: u32,
    progress: Mutex<Instant>,
}

impl Context {
    pub(crate) fn new(epoch: Epoch, slice: u32, attempt: u32) -> Self {
        Self { epoch, slice, attempt, progress: Mutex::new(Instant::now()) }
    }

    /// Returns how often the slice has changed hands: a fencing token. Whoever writes elsewhere lets that place refuse lower
    /// ones of the same slice, since a member that was stopped may go on, for one event, after another has taken over.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Returns the slice that the event's actor is in.
    #[must_use]
    pub fn slice(&self) -> u32 {
        self.slice
    }

    /// Returns how often the handler has been called for the event with this call, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Says that the handler gets on: its time begins anew.
    pub fn progress(&self) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn ends(&self, patience: Duration) -> Instant {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) + patience
    }
}

/// Calls the handler, and returns what it says; silence for as long as `patience`, and a panic, are failures.
pub(crate) async fn call<H: Handler>(
    handler: &H,
    event: &RecordedEvent,
    context: &Context,
    patience: Duration,
) -> Result<Outcome, String> {
    let handled =
        AssertUnwindSafe(async { handler.handle(event, context).await.map_err(|error| text(&error.into())) });
    let mut handled = Box::pin(handled.catch_unwind());
    loop {
        let ends = context.ends(patience);
        tokio::select! {
            biased;
            outcome = &mut handled => return outcome.unwrap_or_else(|_| Err("the handler panicked".to_owned())),
            () = sleep_until(ends) => if context.ends(patience) <= ends {
                return Err(format!("the handler gave no sign for {patience:?}"));
            }
        }
    }
}

/// An error with its causes.
fn text(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
