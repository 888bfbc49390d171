//! What every event store can do besides.

use std::future::Future;

use futures_core::Stream;
use futures_util::StreamExt;

use super::{
    AppendOptions, ClaimOptions, Commit, Consistency, EventStore, Expected, Head, ReadOptions, ReplayResult,
};
use crate::error::{AppendError, ReadError};
use crate::fold::{LoadError, Loaded, State};
use crate::{ActorId, Epoch, Event, NewEvent, RecordedEvent, Version};

/// The conveniences of an [`EventStore`], the same for all of them.
pub trait EventStoreExt: EventStore {
    /// Appends `events` to `actor`, all of them or none, with the store's default options.
    ///
    /// # Errors
    ///
    /// As [`EventStore::append_with`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the events stored, all of them, or not. Repeat the append to know.
    ///
    /// ```
    /// # use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, RawJson};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = aether_store_memory::MemoryStore::new();
    /// let order = ActorId::new("order-123")?;
    /// let placed = || NewEvent::new("OrderPlaced".try_into().unwrap(), RawJson::NULL);
    /// let commit = store.append(&order, Expected::NoEvents, [placed()]).await?;
    ///
    /// let late = store.append(&order, Expected::NoEvents, [placed()]).await.unwrap_err();
    /// assert_eq!(late.conflict().map(|conflict| conflict.current), Some(commit.version));
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    fn append(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: impl IntoIterator<Item = NewEvent>,
    ) -> impl Future<Output = Result<Commit, AppendError>> + Send {
        let events = events.into_iter();
        let mut all = Vec::with_capacity(events.size_hint().0);
        // Not `collect`, which takes twice as long for an array of one.
        for event in events {
            all.push(event);
        }
        self.append_with(actor, expected, all, AppendOptions::default())
    }

    /// Takes the actor over at `epoch`, with the store's default options.
    ///
    /// # Errors
    ///
    /// As [`EventStore::claim_with`].
    fn claim(&self, actor: &ActorId, epoch: Epoch) -> impl Future<Output = Result<Head, AppendError>> + Send {
        self.claim_with(actor, epoch, ClaimOptions::default())
    }

    /// Saves an event that has its version already: the rule of the Go original. The version must be above the latest,
    /// and may skip numbers.
    ///
    /// # Errors
    ///
    /// As [`EventStore::append_with`]; [`AppendError::Conflict`] when the version is not above the latest.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the event stored or not. Save it again to know.
    fn save(&self, event: &Event) -> impl Future<Output = Result<Commit, AppendError>> + Send {
        let (version, content) = (event.version(), event.to_new());
        let actor = event.actor().clone();
        async move {
            let below = Expected::Below(version);
            self.append_with(&actor, below, vec![content], AppendOptions::default()).await
        }
    }

    /// Reads the actor's events from version `from` on, itself included, as a stream of results.
    fn read(
        &self,
        actor: &ActorId,
        from: Version,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<Self> + 'static {
        self.read_with(actor, from, ReadOptions::default())
    }

    /// Reads the actor's events from version `from` on into memory.
    ///
    /// # Errors
    ///
    /// The first error of the stream. Use [`replay`](Self::replay) to pass over malformed events.
    fn read_all(
        &self,
        actor: &ActorId,
        from: Version,
    ) -> impl Future<Output = Result<Vec<RecordedEvent>, ReadError>> + Send {
        let mut events = self.read(actor, from);
        async move {
            let mut all = Vec::with_capacity(events.size_hint().0);
            while let Some(event) = events.next().await {
                all.push(event?);
            }
            Ok(all)
        }
    }

    /// Reads the actor's events from version `from` on into memory, the malformed ones apart.
    ///
    /// # Errors
    ///
    /// Any error of the stream but [`ReadError::Malformed`].
    fn replay(
        &self,
        actor: &ActorId,
        from: Version,
    ) -> impl Future<Output = Result<ReplayResult, ReadError>> + Send {
        let mut events = self.read(actor, from);
        async move {
            let mut result = ReplayResult::default();
            while let Some(event) = events.next().await {
                match event {
                    Ok(event) => result.events.push(event),
                    Err(ReadError::Malformed(error)) => result.errors.push(*error),
                    Err(error) => return Err(error),
                }
            }
            Ok(result)
        }
    }

    /// Returns the actor's latest version; [`Version::INITIAL`] without events.
    ///
    /// # Errors
    ///
    /// As [`EventStore::head`].
    fn latest_version(&self, actor: &ActorId) -> impl Future<Output = Result<Version, ReadError>> + Send {
        async move { Ok(self.head(actor, Consistency::Any).await?.version) }
    }

    /// Rebuilds the actor's state from its whole history, without a snapshot.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the history cannot be read, or an event does not fit the state.
    fn rebuild<S: State>(
        &self,
        actor: &ActorId,
    ) -> impl Future<Output = Result<Loaded<S>, LoadError>> + Send {
        let events = self.read(actor, Version::FIRST);
        async move {
            let mut loaded = Loaded::default();
            loaded.apply_all(events).await?;
            Ok(loaded)
        }
    }
}

impl<T: EventStore + ?Sized> EventStoreExt for T {}
