//! Announcing what is stored.

use std::sync::Arc;

use crate::{Event, EventStored, Namespace};

/// Takes the announcements of a store, and what else happens.
///
/// A store calls it once for each event that it stored, an actor's in the order of their versions, when a call first
/// learns that the event is in the log. It holds no lock meanwhile, so that a broadcaster may even append; but it runs
/// in the append's path and should only enqueue, since whatever time it takes, a writer waits for.
///
/// Closures implement it:
///
/// ```
/// use std::sync::mpsc;
///
/// use aether_core::{ActorId, EventStored, EventStoreExt, Expected, Namespace, NewEvent, RawJson};
/// use aether_store_memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (sender, receiver) = mpsc::channel();
/// let store = MemoryStore::builder()
///     .broadcaster(move |_: &Namespace, stored: EventStored| drop(sender.send(stored)))
///     .build();
/// let order = ActorId::new("order-1")?;
/// store.append(&order, Expected::NoEvents, [NewEvent::new("OrderPlaced".try_into()?, RawJson::NULL)]).await?;
/// assert_eq!(receiver.try_recv()?.actor_id, order);
/// # Ok(())
/// # }
/// ```
pub trait EventBroadcaster: Send + Sync {
    /// Takes the announcement that an event of a store in `namespace` is stored. Stores without a namespace say
    /// [`Namespace::internal`].
    fn stored(&self, namespace: &Namespace, stored: EventStored);

    /// Takes an event that no store has, such as one of what happens to a cluster. It is for whoever listens now, and as with
    /// [`stored`](Self::stored) it should only be enqueued.
    ///
    /// Unless a broadcaster says otherwise, it carries announcements alone, and passes this over.
    fn happened(&self, namespace: &Namespace, event: Event) {
        let _ = (namespace, event);
    }
}

impl<F: Fn(&Namespace, EventStored) + Send + Sync> EventBroadcaster for F {
    fn stored(&self, namespace: &Namespace, stored: EventStored) {
        self(namespace, stored);
    }
}

impl EventBroadcaster for Arc<dyn EventBroadcaster> {
    fn stored(&self, namespace: &Namespace, stored: EventStored) {
        self.as_ref().stored(namespace, stored);
    }

    fn happened(&self, namespace: &Namespace, event: Event) {
        self.as_ref().happened(namespace, event);
    }
}
