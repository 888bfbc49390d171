//! Errors of checkpoint stores.

use std::error::Error;

use aether_core::error::BoxError;

/// Says that another runner of the same name took over. Let it; whoever wants to take over again starts again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} was taken over by another runner")]
pub struct Superseded {
    /// The name of the projection.
    pub name: String,
}

/// Says why a checkpoint could not be loaded or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The checkpoint does not stand where it was expected, and was not changed.
    #[error("the checkpoint was not saved")]
    Superseded(#[from] Superseded),
    /// Whether it was saved is not known. Load it: the record says whose it is.
    #[error("whether the checkpoint of {name:?} was saved is not known")]
    Unknown {
        /// The name.
        name: String,
        /// Why it is not known.
        #[source]
        source: BoxError,
    },
    /// What is recorded is no checkpoint. Correct it, or delete it to begin anew.
    #[error("what is recorded for {name:?} is no checkpoint")]
    Malformed {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// The store did not do it, and nothing was changed. Its error says why.
    #[error("the store of the checkpoint of {name:?} refused, or did not answer")]
    Store {
        /// The name.
        name: String,
        /// What it says.
        #[source]
        source: BoxError,
    },
}

/// Says whether an error, or one of its sources, is that another runner took over.
pub(crate) fn is_superseded(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<Superseded>() {
            return true;
        }
        next = error.source();
    }
    false
}
