//! Keeping a view up to date.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use aether_core::key_value::{Change, KeyValue, Revision};
use aether_core::{Checkpoint, KeyValueError, RecordedEvent};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::cache::Cache;
use super::cut::cut;
use super::entry::Stored;
use super::fold::{Held, fold, keys};
use super::names::Names;
use super::{View, ViewError};
use crate::checkpoint::Keeper;
use crate::{Batch, KeyValueCheckpoints, Projection, batch};

/// How many entries are read or written at a time.
const AT_ONCE: usize = 64;

/// How often others may change the same entries before one gives up.
const ATTEMPTS: usize = 16;

/// Keeps a [`View`] up to date: what a [`Projector`](crate::Projector) is given. Made by
/// [`Views::projection`](super::Views::projection).
pub struct ViewProjection<V: View, K> {
    view: Arc<V>,
    store: K,
    names: Names,
    keeper: Keeper<KeyValueCheckpoints<K>>,
    cache: Cache<Held<V::Entry>>,
    /// How many keys are committed together with the checkpoint; none where each is written alone.
    together: Option<usize>,
}

/// Entries that are to be written, and where the view stands with them.
type Changed<E> = Vec<(String, Held<E>)>;

/// What became of an attempt.
enum Made {
    Done,
    /// An entry or the checkpoint was changed by somebody else.
    Conflict(KeyValueError),
}

impl<V: View, K: KeyValue + Clone> ViewProjection<V, K> {
    pub(super) fn new(view: Arc<V>, store: K, names: Names, cached: usize, together: Option<usize>) -> Self {
        let keeper = Keeper::new(KeyValueCheckpoints::of_views(store.clone()), names.name.clone());
        Self { view, store, names, keeper, cache: Cache::new(cached), together }
    }

    async fn take(&mut self, batch: &Batch) -> Result<(), ViewError> {
        let (events, keys) = (batch.events(), keys(&*self.view, batch.events())?);
        let (_, mut stands) = self.keeper.stand().await?;
        let pieces = cut(&keys, self.together.unwrap_or(usize::MAX));
        if pieces.is_empty() {
            return Ok(self.keeper.record(batch.checkpoint()).await?);
        }
        for piece in pieces {
            let is_last = piece.end == events.len();
            let events = events.get(piece.clone()).unwrap_or_default();
            stands = if is_last { batch.checkpoint().clone() } else { batch::after(&stands, events) };
            self.piece(events, keys.get(piece).unwrap_or_default(), &stands).await?;
        }
        Ok(())
    }

    /// Applies some events, again while somebody else changes the same entries.
    async fn piece(
        &mut self,
        events: &[RecordedEvent],
        keys: &[Vec<String>],
        checkpoint: &Checkpoint,
    ) -> Result<(), ViewError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut entries = self.load(keys).await?;
            fold(&*self.view, events, keys, &mut entries)?;
            match self.write(entries, checkpoint).await? {
                Made::Done => return Ok(()),
                Made::Conflict(error) if attempts == ATTEMPTS => return Err(error.into()),
                Made::Conflict(_) => {
                    self.cache.clear();
                    // If it was another runner that took over, this one ends here.
                    self.keeper.look().await?;
                }
            }
        }
    }

    /// Takes the entries of the keys in hand.
    async fn load(&mut self, keys: &[Vec<String>]) -> Result<HashMap<String, Held<V::Entry>>, ViewError> {
        let (mut entries, mut missing) = (HashMap::new(), HashSet::new());
        for key in keys.iter().flatten() {
            if let Some(held) = self.cache.take(key) {
                entries.insert(key.clone(), held);
            } else if !entries.contains_key(key) {
                missing.insert(key.clone());
            }
        }
        let (store, names) = (&self.store, &self.names);
        let looks = missing.into_iter().map(|key| async {
            let held = look(store, names, &key).await?;
            Ok::<_, ViewError>((key, held))
        });
        let looks: Vec<_> = looks.collect();
        let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        while let Some((key, held)) = looks.try_next().await? {
            entries.insert(key, held);
        }
        Ok(entries)
    }

    /// Writes what was changed, and how far the view has come with it.
    async fn write(
        &mut self,
        entries: HashMap<String, Held<V::Entry>>,
        checkpoint: &Checkpoint,
    ) -> Result<Made, ViewError> {
        let (changed, same): (Changed<V::Entry>, Changed<V::Entry>) =
            entries.into_iter().partition(|(_, held)| held.is_changed);
        same.into_iter().for_each(|(key, held)| self.cache.put(key, held));
        let changes = changed.iter().map(|(key, held)| {
            let place = self.names.entry(key);
            Ok(Change::put(place, encode(key, &held.stored)?, held.revision))
        });
        let changes = changes.collect::<Result<Vec<_>, ViewError>>()?;
        // An event may touch more keys than can be committed together.
        let made = match self.together {
            Some(most) if changes.len() <= most => self.write_together(changes, checkpoint).await,
            _ => self.write_alone(changes, checkpoint).await,
        };
        match made {
            Ok(revisions) => {
                for ((key, held), revision) in changed.into_iter().zip(revisions) {
                    self.cache.put(key, Held { revision, is_changed: false, ..held });
                }
                Ok(Made::Done)
            }
            Err(ViewError::Store(error @ KeyValueError::Conflict { .. })) => Ok(Made::Conflict(error)),
            Err(error) => Err(error),
        }
    }

    /// Entries and checkpoint as one change.
    async fn write_together(
        &mut self,
        mut changes: Vec<Change>,
        checkpoint: &Checkpoint,
    ) -> Result<Vec<Revision>, ViewError> {
        changes.push(self.keeper.change(checkpoint).await?);
        let mut revisions = self.store.change(changes).await?;
        if let Some(revision) = revisions.pop() {
            self.keeper.changed(revision, checkpoint);
        }
        Ok(revisions)
    }

    /// The entries each for itself, and then the checkpoint. What is written of them when something goes wrong in between is
    /// passed over when the events come again: each entry says which events it has had.
    async fn write_alone(
        &mut self,
        changes: Vec<Change>,
        checkpoint: &Checkpoint,
    ) -> Result<Vec<Revision>, ViewError> {
        let store = &self.store;
        let puts = changes.into_iter().map(|Change { key, value, expected }| async move {
            store.put(&key, value.unwrap_or_default(), expected).await
        });
        let puts: Vec<_> = puts.collect();
        let puts: Vec<_> = stream::iter(puts).buffered(AT_ONCE).collect().await;
        // Of several, that of a conflict comes last: it is the only one after which all is known.
        let (conflicts, others): (Vec<_>, Vec<_>) =
            puts.into_iter().partition(|put| matches!(put, Err(KeyValueError::Conflict { .. })));
        let revisions = others.into_iter().collect::<Result<Vec<_>, _>>()?;
        if let Some(Err(conflict)) = conflicts.into_iter().next() {
            return Err(conflict.into());
        }
        self.keeper.record(checkpoint).await?;
        Ok(revisions)
    }
}

/// Looks at what is stored.
async fn look<K: KeyValue, E: serde::de::DeserializeOwned>(
    store: &K,
    names: &Names,
    key: &str,
) -> Result<Held<E>, ViewError> {
    let (stored, revision) = match store.get(&names.entry(key)).await? {
        Some(found) => (decode(key, &found.value)?, found.revision),
        None => (Stored::default(), Revision::NONE),
    };
    Ok(Held { stored, revision, is_changed: false })
}

pub(super) fn decode<E: serde::de::DeserializeOwned>(
    key: &str,
    bytes: &Bytes,
) -> Result<Stored<E>, ViewError> {
    let malformed = |error| ViewError::Entry { key: key.to_owned(), source: Box::new(error) };
    serde_json::from_slice(bytes).map_err(malformed)
}

fn encode<E: serde::Serialize>(key: &str, stored: &Stored<E>) -> Result<Bytes, ViewError> {
    let unfit = |error| ViewError::Entry { key: key.to_owned(), source: Box::new(error) };
    serde_json::to_vec(stored).map(Bytes::from).map_err(unfit)
}

impl<V: View, K: KeyValue + Clone> Projection for ViewProjection<V, K> {
    type Error = ViewError;

    async fn checkpoint(&mut self) -> Result<Option<Checkpoint>, ViewError> {
        let checkpoint = self.keeper.look().await?;
        Ok((checkpoint != Checkpoint::default()).then_some(checkpoint))
    }

    async fn apply(&mut self, batch: &Batch) -> Result<(), ViewError> {
        let result = self.take(batch).await;
        if result.is_err() {
            // What was written of it is not known.
            self.cache.clear();
        }
        result
    }
}

impl<V: View, K> fmt::Debug for ViewProjection<V, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ViewProjection");
        debug.field("name", &self.names.name).field("at", &self.keeper.at);
        debug.field("together", &self.together).finish_non_exhaustive()
    }
}
