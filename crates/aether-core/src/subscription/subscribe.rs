//! The contract of subscribing.

use std::future::Future;

use super::{Filter, StartAt, Subscription};
use crate::error::SubscriptionError;

/// Follows a store's events, of all actors together: from wherever one says, and then as they are stored.
///
/// ```
/// use aether_core::{ActorId, Delivery, EventStoreExt, Expected, Filter, NewEvent, RawJson, StartAt, Subscribe};
/// use aether_store_memory::MemoryStore;
/// use futures_util::StreamExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let order = ActorId::new("order-1")?;
/// let event = |name: &str| Ok::<_, aether_core::id::InvalidText>(NewEvent::new(name.try_into()?, RawJson::NULL));
/// store.append(&order, Expected::NoEvents, [event("OrderPlaced")?]).await?;
///
/// let mut orders = store.subscribe(Filter::actor_type("order")?, StartAt::Beginning).await?;
/// assert!(matches!(orders.next().await, Some(Ok(Delivery::Event(_)))));
/// assert!(matches!(orders.next().await, Some(Ok(Delivery::CaughtUp))));
///
/// store.append(&order, Expected::Any, [event("OrderShipped")?]).await?;
/// let shipped = orders.next_event().await?.ok_or("the store is gone")?;
/// assert_eq!(shipped.event_type().as_str(), "OrderShipped");
///
/// // Later, perhaps in another process: exactly the rest.
/// let mut rest = store.subscribe(Filter::actor_type("order")?, StartAt::After(orders.checkpoint())).await?;
/// assert!(matches!(rest.next().await, Some(Ok(Delivery::CaughtUp))));
/// # Ok(())
/// # }
/// ```
///
/// Every implementation passes `subscription_conformance!` of `aether-testkit`, which states this contract as tests.
///
/// # What comes
///
/// - Each event that the [`Filter`] lets through and that lies behind the [`StartAt`] comes once: none is passed over and
///   none repeated, whatever becomes of connections, servers and leaders meanwhile.
/// - Claims are no events, and never come.
/// - [`Delivery::CaughtUp`](super::Delivery::CaughtUp) comes once, between history and what is stored from then on.
///
/// # In which order
///
/// Within a partition in the order of positions; so each actor's events come in the order of versions. Partitions are
/// merged as they come, each one's order kept. A commit's events lie side by side, but a subscription may be left, and
/// resumed, between them.
///
/// # How far it has come
///
/// [`Subscription::checkpoint`] is what [`StartAt::After`] takes: the two together are as one subscription that was never
/// left. It moves over what the filter leaves out, too, so that nobody reads that again.
///
/// # How it ends
///
/// - It ends when it is dropped.
/// - It ends with an error that says why it cannot go on; after [`SubscriptionError::Malformed`] alone it goes on.
/// - It ends without an error only where nothing can ever come any more, since the store is gone by its user's will.
///
/// It never just stops: where a store loses its source, it goes on when the source is back, or says that it does not.
///
/// # How much it holds
///
/// The memory of a subscription is bounded, however far behind its reader is. A slow reader slows neither appends nor
/// other subscriptions, and loses nothing but what expires before it gets there, of which it is told.
pub trait Subscribe: Send + Sync + 'static {
    /// Begins to hand out the events that `filter` lets through, from `start` on.
    ///
    /// # Errors
    ///
    /// - [`SubscriptionError::Truncated`] and [`Rewound`](SubscriptionError::Rewound): the checkpoint of
    ///   [`StartAt::After`] cannot be resumed from. Where looking takes long, it may also be the first item.
    /// - [`SubscriptionError::Unavailable`]: the store did not answer. Try again.
    /// - [`SubscriptionError::Unsupported`] and [`NotPermitted`](SubscriptionError::NotPermitted): it will not help to
    ///   try again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    fn subscribe(
        &self,
        filter: Filter,
        start: StartAt,
    ) -> impl Future<Output = Result<Subscription, SubscriptionError>> + Send;
}
