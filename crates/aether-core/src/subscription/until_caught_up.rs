//! History alone.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::{Delivery, Subscription};
use crate::RecordedEvent;
use crate::error::SubscriptionError;

impl Subscription {
    /// Returns the events up to the mark, as a stream that ends there; at once, where the mark was handed out before. The
    /// subscription then goes on from there.
    ///
    /// ```
    /// # use aether_core::{ActorId, EventStoreExt, Expected, Filter, NewEvent, RawJson, StartAt, Subscribe};
    /// use futures_util::TryStreamExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = aether_store_memory::MemoryStore::new();
    /// # let event = NewEvent::new("OrderPlaced".try_into()?, RawJson::NULL);
    /// # store.append(&ActorId::new("order-1")?, Expected::NoEvents, [event]).await?;
    /// let mut all = store.subscribe(Filter::any(), StartAt::Beginning).await?;
    /// let history: Vec<_> = all.until_caught_up().try_collect().await?;
    /// assert_eq!(history.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn until_caught_up(
        &mut self,
    ) -> impl Stream<Item = Result<RecordedEvent, SubscriptionError>> + Send + Unpin {
        UntilCaughtUp(self)
    }
}

struct UntilCaughtUp<'a>(&'a mut Subscription);

impl Stream for UntilCaughtUp<'_> {
    type Item = Result<RecordedEvent, SubscriptionError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0.has_caught_up() {
            return Poll::Ready(None);
        }
        let delivery = ready!(Pin::new(&mut *self.0).poll_next(context));
        Poll::Ready(match delivery {
            Some(Ok(Delivery::Event(event))) => Some(Ok(event)),
            Some(Err(error)) => Some(Err(error)),
            Some(Ok(Delivery::CaughtUp)) | None => None,
        })
    }
}
