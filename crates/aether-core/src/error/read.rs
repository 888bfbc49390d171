//! Errors of reading.

use bytes::Bytes;

use super::{BoxError, NotPermitted, Unavailable, Unsupported};
use crate::{ActorId, Position, Version};

/// Says why reading failed, or which stored message is not what it should be.
///
/// After [`ReadError::Malformed`] a stream goes on with the next message; after any other it ends.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A stored message is no event. Its neighbors are unharmed; decide whether the history is usable without it.
    #[error(transparent)]
    Malformed(#[from] Box<ReplayError>),
    /// The beginning of the history has expired. Use a snapshot that covers it, or read from the first version there is.
    #[error(transparent)]
    Truncated(#[from] Box<HistoryTruncated>),
    /// The store lost its tail and went on elsewhere. Whatever was derived from the lost part must be rebuilt.
    #[error(transparent)]
    Rewound(#[from] Box<HistoryRewound>),
    /// The store cannot do this. The error says what it would need.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The store did not answer. Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The connection's user may not do this. Grant the subject.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
}

impl ReadError {
    /// Says whether a stream of events goes on after this item.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed(_))
    }
}

/// Says which stored message is no event, and carries its bytes.
#[derive(Debug, thiserror::Error)]
#[error("a stored message{} is malformed{}", of(.actor.as_ref()), at(.position.as_ref()))]
pub struct ReplayError {
    /// The actor whose history was read, where one actor's was.
    pub actor: Option<ActorId>,
    /// Where the message lies, if that is known.
    pub position: Option<Position>,
    /// The payload as it is stored.
    pub raw: Bytes,
    /// What is wrong with it.
    #[source]
    pub source: BoxError,
}

fn of(actor: Option<&ActorId>) -> String {
    actor.map_or_else(String::new, |actor| format!(" of actor {actor}"))
}

fn at(position: Option<&Position>) -> String {
    position.map_or_else(String::new, |position| format!(" at position {position}"))
}

/// Says that the beginning of an actor's history is gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the history of actor {actor} before version {first_available} is gone, version {wanted} was wanted")]
pub struct HistoryTruncated {
    /// The actor.
    pub actor: ActorId,
    /// The version that was asked for.
    pub wanted: Version,
    /// The first version that is there.
    pub first_available: Version,
}

/// Says that the store no longer holds what it held at a position: it lost its tail, and wrote another one or none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log was rewound: position {position} is {}", found.as_deref().unwrap_or("past its end"))]
pub struct HistoryRewound {
    /// The position of the lost lineage.
    pub position: Position,
    /// What lies there now, if anything does.
    pub found: Option<String>,
}

/// Says why a snapshot could not be read or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The stored snapshot is none. Fold without it; saving a newer one replaces it.
    #[error(transparent)]
    Malformed(#[from] Box<ReplayError>),
    /// The state has no JSON form. Correct its type.
    #[error("the state of actor {actor} cannot be written as JSON")]
    Encode {
        /// The actor.
        actor: ActorId,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// The snapshot is larger than the store takes. Snapshot less, or raise the limit.
    #[error("the snapshot has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size in bytes.
        bytes: u64,
        /// The most bytes that the store takes.
        limit: u64,
    },
    /// The server did not answer; saved or not is not known. Saving it again is safe.
    #[error("whether the snapshot of actor {actor} at version {version} was saved is not known")]
    Unknown {
        /// The actor.
        actor: ActorId,
        /// The snapshot's version.
        version: Version,
        /// Why the answer is missing.
        #[source]
        source: Option<BoxError>,
    },
    /// The store cannot do this. The error says what it would need.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The store did not answer. Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The connection's user may not do this. Grant the subject.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
}
