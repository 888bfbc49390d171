//! The contract of a key-value store.

use std::fmt;
use std::future::Future;

use bytes::Bytes;

use crate::error::{KeyValueError, Unsupported};

/// Counts the changes of a key-value store; each change of a key has a higher one than the change before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(u64);

impl Revision {
    /// That of a key without a value.
    pub const NONE: Self = Self(0);

    /// Makes a revision from its number. For stores.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What lies at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The value.
    pub value: Bytes,
    /// The change that wrote it.
    pub revision: Revision,
}

impl Entry {
    /// Makes an entry. For stores.
    #[must_use]
    pub fn new(value: Bytes, revision: Revision) -> Self {
        Self { value, revision }
    }
}

/// One of several changes that are made together: see [`KeyValue::change`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of which key.
    pub key: String,
    /// The new value; `None` to take away what lies there.
    pub value: Option<Bytes>,
    /// Where the key must stand, [`Revision::NONE`] for nothing.
    pub expected: Revision,
}

impl Change {
    /// Puts a value where the key stands at `expected`.
    pub fn put(key: impl Into<String>, value: impl Into<Bytes>, expected: Revision) -> Self {
        Self { key: key.into(), value: Some(value.into()), expected }
    }

    /// Takes away what lies at the key, where it stands at `expected`.
    pub fn delete(key: impl Into<String>, expected: Revision) -> Self {
        Self { key: key.into(), value: None, expected }
    }
}

/// Keeps small values by key, for checkpoints, leases and the like. It is no place for events.
///
/// A key is any text of 1 to 512 bytes; two keys that differ in any byte have nothing in common.
///
/// # Contract
///
/// - A change is made only where the key stands at the revision that the caller names, at one moment for all callers
///   everywhere: of several with the same revision one wins.
/// - After [`Conflict`](KeyValueError::Conflict), nothing was changed by the call. After
///   [`Unknown`](KeyValueError::Unknown), it was made or not: look.
/// - What a change returned is what a later `get` of the same handle shows, or something newer.
/// - Values do not expire.
/// - Changes that are made [together](Self::change) are one change: whoever sees one of them sees all from then on.
///
/// # Cancel safety
///
/// Dropping the future of a change leaves it made or not, never half; of several together, all or none.
pub trait KeyValue: Send + Sync + 'static {
    /// Returns what lies at the key, or `None` when nothing does.
    ///
    /// # Errors
    ///
    /// See [`KeyValueError`].
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Entry>, KeyValueError>> + Send;

    /// Puts a value where the key stands at `expected`, [`Revision::NONE`] for nothing, and returns the new revision.
    ///
    /// # Errors
    ///
    /// [`KeyValueError::Conflict`] when it stands elsewhere; [`KeyValueError::TooLarge`] when the store does not take so
    /// much; the rest as they say.
    fn put(
        &self,
        key: &str,
        value: Bytes,
        expected: Revision,
    ) -> impl Future<Output = Result<Revision, KeyValueError>> + Send;

    /// Takes away what lies at the key, where it stands at `expected`.
    ///
    /// # Errors
    ///
    /// As with [`put`](Self::put).
    fn delete(&self, key: &str, expected: Revision)
    -> impl Future<Output = Result<(), KeyValueError>> + Send;

    /// Returns the keys that begin with `prefix` and have a value, in no order; all of them, so that it is for dozens of
    /// keys or thousands, not for millions.
    ///
    /// # Errors
    ///
    /// See [`KeyValueError`].
    fn keys(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, KeyValueError>> + Send;

    /// Returns how many keys [`change`](Self::change) changes together at most; `None` where this store, as it is, changes one
    /// at a time.
    fn most_changes(&self) -> Option<usize> {
        None
    }

    /// Makes all of the changes, each where its key stands as expected, or none of them, at one moment for all callers
    /// everywhere. Returns the new revisions in order, [`Revision::NONE`] of what was taken away.
    ///
    /// # Errors
    ///
    /// [`KeyValueError::Conflict`] names a key that stands elsewhere, [`KeyValueError::Unknown`] the first of the keys;
    /// [`KeyValueError::RepeatedKey`], [`KeyValueError::TooManyChanges`] and the rest as they say. After any but `Unknown`
    /// nothing was changed. [`KeyValueError::Unsupported`] where [`most_changes`](Self::most_changes) is `None`, as it is
    /// unless a store says otherwise.
    fn change(
        &self,
        changes: Vec<Change>,
    ) -> impl Future<Output = Result<Vec<Revision>, KeyValueError>> + Send {
        let refused = Unsupported {
            operation: "changing several keys together",
            needed: "a key-value store that does so".to_owned(),
            found: format!("{} changes, for {}", changes.len(), std::any::type_name::<Self>()),
        };
        std::future::ready(Err(refused.into()))
    }
}
