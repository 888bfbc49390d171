//! Plain handlers, which know nothing of checkpoints.

use std::fmt;
use std::future::Future;

use aether_core::RecordedEvent;
use aether_core::error::BoxError;

use crate::Mode;

/// Handles events one by one. [`Checkpointed`](crate::Checkpointed) makes a projection of it.
pub trait Handler: Send + 'static {
    /// Why it failed.
    type Error: Into<BoxError> + Send;

    /// Handles an event; in [`Mode::Replay`] without side effects.
    ///
    /// An event may come again, after a crash or a failure, with the same id and position: what must not happen twice is
    /// known by these.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from that.
    fn handle(
        &mut self,
        event: &RecordedEvent,
        mode: Mode,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Makes a handler of a function that does not wait.
pub fn handler_fn<F, E>(function: F) -> HandlerFn<F>
where
    F: FnMut(&RecordedEvent, Mode) -> Result<(), E> + Send + 'static,
    E: Into<BoxError> + Send,
{
    HandlerFn(function)
}

/// A function as a handler; see [`handler_fn`].
#[derive(Clone, Copy)]
pub struct HandlerFn<F>(F);

impl<F> fmt::Debug for HandlerFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandlerFn")
    }
}

impl<F, E> Handler for HandlerFn<F>
where
    F: FnMut(&RecordedEvent, Mode) -> Result<(), E> + Send + 'static,
    E: Into<BoxError> + Send,
{
    type Error = E;

    async fn handle(&mut self, event: &RecordedEvent, mode: Mode) -> Result<(), E> {
        self.0(event, mode)
    }
}
