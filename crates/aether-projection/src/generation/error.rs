//! Why generations cannot be run.

use std::sync::Arc;

use aether_core::KeyValueError;
use aether_core::error::BoxError;

use super::Generation;
use crate::{ProjectorError, Superseded};

/// Says why the generations of a projection do not run any more, or are not known. Started again, they go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// Another process changed the record meanwhile: it runs the generations now.
    #[error(transparent)]
    Superseded(#[from] Superseded),
    /// What is recorded is no record of generations. Correct it.
    #[error("what is recorded of the generations of {name:?} is no such record")]
    Malformed {
        /// The name of the projection.
        name: String,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// The record could not be read or changed.
    #[error("the record of the generations is not at hand")]
    Record(#[source] KeyValueError),
    /// The generation that is wanted failed. The one before it, where it was not stopped yet, goes on until the handle is
    /// dropped or stopped.
    #[error("generation {generation} failed")]
    Failed {
        /// Which one.
        generation: Generation,
        /// Why.
        #[source]
        source: Arc<ProjectorError>,
    },
    /// The generation before did not say how far it has come, which must be known before the next takes its place.
    #[error("generation {generation} does not say how far it has come")]
    Checkpoint {
        /// Which one.
        generation: Generation,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// It was stopped before what was waited for happened.
    #[error("the generations were stopped")]
    Stopped,
    /// Making a projection panicked.
    #[error("making a projection panicked")]
    Panicked,
}
