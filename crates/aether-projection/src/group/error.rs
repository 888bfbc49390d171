//! Errors of groups.

use aether_core::{KeyValueError, SubscriptionError};

/// Says why a member of a group cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// The group exists with another number of slices, on which it depends who handles which actor. Start with as many.
    #[error("the group {group:?} has {found} slices, wanted {wanted}: start with as many as it has")]
    Slices {
        /// The group.
        group: String,
        /// How many were wanted.
        wanted: u32,
        /// How many it has.
        found: u32,
    },
    /// What was wished for cannot be. Correct it.
    #[error("{what} is {found}, expected {expected}")]
    Option {
        /// What was said.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// There is no such group. Start a member of it first.
    #[error("there is no group {group:?}")]
    Unknown {
        /// The name that was asked for.
        group: String,
    },
    /// What stands at one of the group's keys is not what a group writes. Somebody else has changed it.
    #[error("what stands at the key {key:?} is no record of a group")]
    Malformed {
        /// The key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The key-value store failed.
    #[error(transparent)]
    KeyValue(#[from] KeyValueError),
    /// The store could not be subscribed to.
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
}
