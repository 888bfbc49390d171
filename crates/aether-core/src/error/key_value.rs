//! Errors of key-value stores.

use std::collections::HashSet;

use super::{BoxError, NotPermitted, Unavailable, Unsupported};
use crate::key_value::{Change, Revision};

/// Says why a value could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyValueError {
    /// The key does not stand where it was expected. Nothing was changed: look, and decide again.
    #[error("the key {key:?} does not stand at revision {expected}")]
    Conflict {
        /// The key.
        key: String,
        /// The revision that was expected.
        expected: Revision,
    },
    /// The server did not answer: changed or not is not known. Look.
    #[error("whether the key {key:?} was changed is not known")]
    Unknown {
        /// The key.
        key: String,
        /// Why the answer is missing.
        #[source]
        source: Option<BoxError>,
    },
    /// The text is no key. Correct it.
    #[error("{key:?} is no key: it has {} bytes, expected 1 to {limit}", key.len())]
    InvalidKey {
        /// The text.
        key: String,
        /// The most bytes that a key may have.
        limit: usize,
    },
    /// The value is larger than the store takes. Keep less at the key.
    #[error("the value of the key {key:?} has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// The key.
        key: String,
        /// The value's size in bytes.
        bytes: u64,
        /// The most bytes that the store takes.
        limit: u64,
    },
    /// Of changes that are to be made together, two are of one key. Make them one.
    #[error("the key {key:?} occurs twice among changes that are to be made together")]
    RepeatedKey {
        /// The key.
        key: String,
    },
    /// More changes than the store makes together. Make fewer at a time.
    #[error("{count} changes cannot be made together, the limit is {limit}")]
    TooManyChanges {
        /// How many there are.
        count: usize,
        /// The most that the store makes together.
        limit: usize,
    },
    /// The store cannot do this. The error says what it would need.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The store did not answer, and nothing was changed. Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The connection's user may not do this. Grant the subject.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
}

impl KeyValueError {
    /// The most bytes of a key.
    pub const KEY_LIMIT: usize = 512;

    /// Checks that a text is a key. For stores.
    ///
    /// # Errors
    ///
    /// [`KeyValueError::InvalidKey`] when it is none.
    pub fn check_key(key: &str) -> Result<(), Self> {
        match key.len() {
            1..=Self::KEY_LIMIT => Ok(()),
            _ => Err(Self::InvalidKey { key: key.to_owned(), limit: Self::KEY_LIMIT }),
        }
    }

    /// Checks that changes can be made together, at most `limit` of them. For stores.
    ///
    /// # Errors
    ///
    /// [`KeyValueError::TooManyChanges`], [`KeyValueError::InvalidKey`] and [`KeyValueError::RepeatedKey`].
    pub fn check_changes(changes: &[Change], limit: usize) -> Result<(), Self> {
        let count = changes.len();
        if count > limit {
            return Err(Self::TooManyChanges { count, limit });
        }
        let mut seen = HashSet::with_capacity(count);
        changes.iter().try_for_each(|change| {
            Self::check_key(&change.key)?;
            match seen.insert(&change.key) {
                true => Ok(()),
                false => Err(Self::RepeatedKey { key: change.key.clone() }),
            }
        })
    }
}
