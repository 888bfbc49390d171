//! The handle on a view: for those who read it, and to keep it up to date.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aether_core::key_value::KeyValue;
use aether_core::{Checkpoint, Position};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep};

use super::names::Names;
use super::projection::{ViewProjection, decode};
use super::{View, ViewError};
use crate::{CheckpointStore, KeyValueCheckpoints};

/// How many entries are read at a time.
const AT_ONCE: usize = 64;

/// A [`View`] in a key-value store: entries by key, and how far they have come. A clone is another handle.
///
/// ```
/// use std::time::Duration;
///
/// use aether_core::error::BoxError;
/// use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, RawJson, RecordedEvent};
/// use aether_projection::{Projector, View, Views};
/// use aether_store_memory::{MemoryKeyValue, MemoryStore};
///
/// /// How many events each actor has.
/// struct Counts;
///
/// impl View for Counts {
///     type Entry = u64;
///     type Error = BoxError;
///
///     fn keys(&self, event: &RecordedEvent) -> Result<Vec<String>, BoxError> {
///         Ok(vec![event.actor().to_string()])
///     }
///
///     fn apply(&self, _: &str, count: Option<u64>, _: &RecordedEvent) -> Result<Option<u64>, BoxError> {
///         Ok(Some(count.unwrap_or_default() + 1))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let (store, counts) = (MemoryStore::new(), Views::new(Counts, MemoryKeyValue::new(), "counts"));
/// let running = Projector::new("counts", store.clone()).start(counts.projection());
///
/// let noted = NewEvent::new("Noted".try_into()?, RawJson::NULL);
/// let commit = store.append(&ActorId::new("order-1")?, Expected::Any, [noted]).await?;
/// counts.wait_for(&commit.position, Duration::from_secs(5)).await?;
/// assert_eq!(counts.get("order-1").await?, Some(1));
/// running.stop().await?;
/// # Ok(())
/// # }
/// ```
///
/// Each event is in an entry once, whatever crashes, and whoever else keeps the same view up to date:
///
/// - Where the store [changes keys together](KeyValue::change), entries and checkpoint are one change
///   ([`is_atomic`](Self::is_atomic)): who reads sees whole batches, and what a runner writes that was taken over is refused.
/// - Elsewhere the entries of a batch are written before its checkpoint, each where it stands as the runner knows it. Each
///   says which events it has had, and passes over those that come again. Who reads may see a batch half.
///
/// Both write the same: a view goes on when its store learns to change keys together. An entry that was taken away leaves a
/// few bytes, the places of its events.
pub struct Views<V, K> {
    view: Arc<V>,
    store: K,
    names: Names,
    cached: usize,
    is_per_key: bool,
}

impl<V: View, K: KeyValue + Clone> Views<V, K> {
    /// Makes a handle on the view of that name in `store`: entries at `view/NAME/KEY`, the checkpoint at `view/NAME`.
    pub fn new(view: V, store: K, name: &str) -> Self {
        Self { view: Arc::new(view), store, names: Names::new(name), cached: 10_000, is_per_key: false }
    }

    /// Keeps so many entries in memory while it runs (10,000), so that they need not be read again.
    #[must_use]
    pub fn cached(self, entries: usize) -> Self {
        Self { cached: entries, ..self }
    }

    /// Writes entry by entry, also where the store changes keys together.
    #[must_use]
    pub fn per_key(self) -> Self {
        Self { is_per_key: true, ..self }
    }

    /// Says whether entries and checkpoint are committed together. If not, the store says why when it is asked to
    /// [`change`](KeyValue::change) keys together, unless it was [wished so](Self::per_key).
    #[must_use]
    pub fn is_atomic(&self) -> bool {
        self.together().is_some()
    }

    /// Returns how many entries are committed together with the checkpoint.
    fn together(&self) -> Option<usize> {
        let most = self.store.most_changes().filter(|_| !self.is_per_key)?;
        most.checked_sub(1).filter(|entries| *entries > 0)
    }

    /// Makes the projection that keeps the view up to date, for a [`Projector`](crate::Projector). Of two that run, the later
    /// one goes on.
    #[must_use]
    pub fn projection(&self) -> ViewProjection<V, K> {
        let (view, store, names) = (Arc::clone(&self.view), self.store.clone(), self.names.clone());
        ViewProjection::new(view, store, names, self.cached, self.together())
    }

    /// Returns what lies at the key.
    ///
    /// # Errors
    ///
    /// [`ViewError::Store`] and [`ViewError::Entry`].
    pub async fn get(&self, key: &str) -> Result<Option<V::Entry>, ViewError> {
        match self.store.get(&self.names.entry(key)).await? {
            Some(found) => Ok(decode(key, &found.value)?.entry),
            None => Ok(None),
        }
    }

    /// Returns the keys that begin with `prefix` and have an entry, and the entries, by key; all of them, one after the other
    /// and not at one moment. For dozens or thousands, not for millions.
    ///
    /// # Errors
    ///
    /// As with [`get`](Self::get).
    pub async fn entries(&self, prefix: &str) -> Result<Vec<(String, V::Entry)>, ViewError> {
        let places = self.store.keys(&self.names.entry(prefix)).await?;
        let keys = places.iter().filter_map(|place| self.names.key(place));
        let looks: Vec<_> = keys
            .map(|key| async move {
                let entry = self.get(key).await?;
                Ok::<_, ViewError>(entry.map(|entry| (key.to_owned(), entry)))
            })
            .collect();
        let found = stream::iter(looks).buffer_unordered(AT_ONCE);
        let mut entries: Vec<_> = found.try_filter_map(async |entry| Ok(entry)).try_collect().await?;
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(entries)
    }

    /// Returns the keys that begin with `prefix` and have an entry, sorted. It reads the entries, too.
    ///
    /// # Errors
    ///
    /// As with [`get`](Self::get).
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>, ViewError> {
        Ok(self.entries(prefix).await?.into_iter().map(|(key, _)| key).collect())
    }

    /// Returns how far the view has come, or `None` where nobody ever ran it.
    ///
    /// # Errors
    ///
    /// [`ViewError::Checkpoint`].
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, ViewError> {
        let checkpoints = KeyValueCheckpoints::of_views(self.store.clone());
        Ok(checkpoints.load(&self.names.name).await?.map(|saved| saved.record.checkpoint))
    }

    /// Waits until the view has had what lies at `position`, such as the [commit](aether_core::Commit) of the caller, and
    /// returns how far it has come. What the projector's filter leaves out counts as had, when its checkpoint has passed it: a
    /// second later or so, where nothing else comes.
    ///
    /// # Errors
    ///
    /// [`ViewError::Late`] after `longest`; [`ViewError::Checkpoint`].
    pub async fn wait_for(&self, position: &Position, longest: Duration) -> Result<Checkpoint, ViewError> {
        let (started, mut pause) = (Instant::now(), Duration::from_millis(1));
        loop {
            if let Some(checkpoint) = self.checkpoint().await?
                && checkpoint.covers(position)
            {
                return Ok(checkpoint);
            }
            let waited = started.elapsed();
            if waited >= longest {
                return Err(ViewError::Late { position: position.clone(), waited });
            }
            sleep(pause.min(longest - waited)).await;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}

impl<V, K: Clone> Clone for Views<V, K> {
    fn clone(&self) -> Self {
        Self {
            view: Arc::clone(&self.view),
            store: self.store.clone(),
            names: self.names.clone(),
            cached: self.cached,
            is_per_key: self.is_per_key,
        }
    }
}

impl<V, K> fmt::Debug for Views<V, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Views").field("name", &self.names.name).finish_non_exhaustive()
    }
}
