//! The parked actors of a group: listed, retried and skipped from anywhere.

use aether_core::key_value::Entry;
use aether_core::{ActorId, KeyValue, KeyValueError};

use super::GroupError;
use super::record::{GroupRecord, Keys, ParkedActor, SliceRecord, Wish, read, write};
use super::slice::slice_of;

/// The parked actors of a group, whoever handles it: a member, a tool, or an operator's page.
#[derive(Debug, Clone)]
pub struct ParkedActors<K> {
    keys: K,
    names: Keys,
    group: String,
}

impl<K: KeyValue> ParkedActors<K> {
    /// Looks at those of the group with this name.
    pub fn new(keys: K, group: &str) -> Self {
        Self { keys, names: Keys::new(group), group: group.to_owned() }
    }

    /// Returns the parked actors, by slice.
    ///
    /// # Errors
    ///
    /// [`GroupError`], whose variants say what to do.
    pub async fn list(&self) -> Result<Vec<ParkedActor>, GroupError> {
        let mut all = Vec::new();
        for slice in 0..self.slices().await? {
            if let Some((record, _)) = self.record(slice).await? {
                all.extend(record.parked);
            }
        }
        Ok(all)
    }

    /// Has an actor's events handled again, from the one that could not be. Returns whether it is parked.
    ///
    /// The slice's holder does it when it next looks, in about a third of a lease.
    ///
    /// # Errors
    ///
    /// [`GroupError`], whose variants say what to do.
    pub async fn retry(&self, actor: &ActorId) -> Result<bool, GroupError> {
        self.wish(actor, Wish::Retry).await
    }

    /// Has an actor's events handled again, from the one after that which could not be: that one never is. Returns whether
    /// the actor is parked.
    ///
    /// # Errors
    ///
    /// [`GroupError`], whose variants say what to do.
    pub async fn skip(&self, actor: &ActorId) -> Result<bool, GroupError> {
        self.wish(actor, Wish::Skip).await
    }

    async fn wish(&self, actor: &ActorId, wish: Wish) -> Result<bool, GroupError> {
        let slice = slice_of(actor, self.slices().await?);
        loop {
            let Some((mut record, entry)) = self.record(slice).await? else { return Ok(false) };
            let Some(parked) = record.parked.iter_mut().find(|parked| parked.actor == *actor) else {
                return Ok(false);
            };
            parked.wish = Some(wish);
            let key = self.names.slice(slice);
            match self.keys.put(&key, write(&key, &record)?, entry.revision).await {
                Ok(_) => return Ok(true),
                // Its holder wrote down something else meanwhile.
                Err(KeyValueError::Conflict { .. } | KeyValueError::Unknown { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn slices(&self) -> Result<u32, GroupError> {
        let entry = self.keys.get(&self.names.group()).await?;
        let entry = entry.ok_or_else(|| GroupError::Unknown { group: self.group.clone() })?;
        let record: GroupRecord = read(&self.names.group(), &entry)?;
        Ok(record.slices)
    }

    async fn record(&self, slice: u32) -> Result<Option<(SliceRecord, Entry)>, GroupError> {
        let key = self.names.slice(slice);
        let Some(entry) = self.keys.get(&key).await? else { return Ok(None) };
        Ok(Some((read(&key, &entry)?, entry)))
    }
}
