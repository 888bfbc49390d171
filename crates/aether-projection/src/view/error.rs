//! Errors of views.

use std::time::Duration;

use aether_core::error::BoxError;
use aether_core::{KeyValueError, Position};

use crate::CheckpointError;

/// Says why a view was not brought up to date, or not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The view does not apply an event. Correct the view, or have the projector skip the event.
    #[error("the event at position {position} is not applied by the view")]
    Event {
        /// Where the event lies.
        position: Position,
        /// What the view says.
        #[source]
        source: BoxError,
    },
    /// What lies at the key is not what the view's entries are read as, or an entry cannot be written as JSON. Whoever changed
    /// the type of entries begins a view of another name.
    #[error("what lies at {key:?}, or is to lie there, is no entry of the view")]
    Entry {
        /// The key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// The store did not do it; its error says why, and whether it may have.
    #[error("the store of the view refused, or did not answer")]
    Store(#[from] KeyValueError),
    /// The checkpoint could not be read or recorded, or another runner took over.
    #[error("the checkpoint of the view is not at hand")]
    Checkpoint(#[from] CheckpointError),
    /// The view did not come so far in that time. It is behind, or nobody runs it.
    #[error("the view did not come to position {position} within {waited:?}")]
    Late {
        /// What was waited for.
        position: Position,
        /// For how long.
        waited: Duration,
    },
}
