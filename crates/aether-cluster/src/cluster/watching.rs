//! Following a value.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use tokio::sync::watch::Receiver;

/// A value as it changes: the present one at once, then the latest each time that it is another one. Values in between may be passed
/// over. Ends when the last handle on the cluster is dropped. Cancel safe.
pub struct Watching<T>(Pin<Box<dyn Stream<Item = T> + Send>>);

impl<T: Send + 'static> Watching<T> {
    pub(super) fn new<V: Clone + Send + Sync + 'static>(
        mut receiver: Receiver<V>,
        show: impl Fn(V) -> T + Send + 'static,
    ) -> Self {
        receiver.mark_changed();
        let values = unfold(receiver, |mut receiver| async move {
            receiver.changed().await.ok()?;
            let value = receiver.borrow_and_update().clone();
            Some((value, receiver))
        });
        Self(Box::pin(values.map(show)))
    }
}

impl<T> std::fmt::Debug for Watching<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watching").finish_non_exhaustive()
    }
}

impl<T> Stream for Watching<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.as_mut().poll_next(context)
    }
}
