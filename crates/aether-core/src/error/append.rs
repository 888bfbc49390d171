//! Errors of appending.

use super::{
    BoxError, HistoryRewound, HistoryTruncated, NotPermitted, ReadError, ReplayError, Unavailable,
    Unsupported,
};
use crate::id::InvalidText;
use crate::{ActorId, Epoch, EventId, EventType, Expected, JsonKind, SchemaVersion, Version};

/// Says why an append or a claim did not succeed. Of all but [`AppendError::Unknown`], nothing is in the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Another writer was first; the events are not in the log and never will be. Reload the actor and decide again.
    #[error(transparent)]
    Conflict(#[from] Box<Conflict>),
    /// The store did not answer; stored or not is not known. Repeat the append with [`UnknownOutcome::expected`] and
    /// the same events: they are stored once.
    #[error(transparent)]
    Unknown(#[from] Box<UnknownOutcome>),
    /// The event id is already there with other content. Give new events new ids.
    #[error(transparent)]
    IdReused(#[from] Box<IdReused>),
    /// A writer with a higher epoch has taken over. Stop writing to this actor.
    #[error(transparent)]
    Fenced(#[from] Box<Fenced>),
    /// The events cannot be appended to any store as they are. Correct the caller.
    #[error(transparent)]
    Invalid(#[from] InvalidAppend),
    /// The commit is larger than the store takes. Split it, or keep large data elsewhere.
    #[error("the commit for actor {actor} has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// The actor.
        actor: ActorId,
        /// The size of the commit in bytes.
        bytes: u64,
        /// The most bytes that the store takes.
        limit: u64,
    },
    /// The actor's latest message is no event, so that its version is not known. Repair the history first.
    #[error(transparent)]
    Malformed(#[from] Box<ReplayError>),
    /// The history needed to judge the append has expired.
    #[error(transparent)]
    Truncated(#[from] Box<HistoryTruncated>),
    /// The store lost its tail. Reload the actor and decide again.
    #[error(transparent)]
    Rewound(#[from] Box<HistoryRewound>),
    /// The store cannot do this. The error says what it would need.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The store did not answer before anything was sent. Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The connection's user may not do this. Grant the subject.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
}

impl AppendError {
    /// Says whether another writer was first.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Says whether the events are not in the log, even if an earlier attempt to append them had an unknown outcome.
    #[must_use]
    pub fn settles(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::IdReused(_) | Self::Fenced(_))
    }

    /// Returns the conflict, if it is one.
    #[must_use]
    pub fn conflict(&self) -> Option<&Conflict> {
        if let Self::Conflict(conflict) = self { Some(conflict) } else { None }
    }

    /// Returns what is known of an append whose outcome is not.
    #[must_use]
    pub fn unknown(&self) -> Option<&UnknownOutcome> {
        if let Self::Unknown(unknown) = self { Some(unknown) } else { None }
    }
}

/// What reading says while an append looks at the actor's head.
impl From<ReadError> for AppendError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Malformed(error) => Self::Malformed(error),
            ReadError::Truncated(error) => Self::Truncated(error),
            ReadError::Rewound(error) => Self::Rewound(error),
            ReadError::Unsupported(error) => Self::Unsupported(error),
            ReadError::Unavailable(error) => Self::Unavailable(error),
            ReadError::NotPermitted(error) => Self::NotPermitted(error),
        }
    }
}

/// Says that the actor was not where the writer believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "version conflict: actor {actor} is at version {current}, expected {expected}, cannot append version {attempted}"
)]
pub struct Conflict {
    /// The actor.
    pub actor: ActorId,
    /// What the writer expected.
    pub expected: Expected,
    /// The version that the first event would have had.
    pub attempted: Version,
    /// The version that the actor has.
    pub current: Version,
}

/// Says that the outcome of an append is not known, and how to repeat it.
#[derive(Debug, thiserror::Error)]
#[error(
    "whether the events of actor {actor} were stored is not known; repeat them with the expectation {expected}"
)]
pub struct UnknownOutcome {
    /// The actor.
    pub actor: ActorId,
    /// The expectation with which to repeat the same events: never [`Expected::Any`] once the append was tried.
    pub expected: Expected,
    /// Why the answer is missing.
    #[source]
    pub source: Option<BoxError>,
}

/// Says that an event id is in the actor's history with other content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event id {event_id} is already used by version {version} of actor {actor}, with other content")]
pub struct IdReused {
    /// The actor.
    pub actor: ActorId,
    /// The id.
    pub event_id: EventId,
    /// The version that has it.
    pub version: Version,
}

/// Says that a higher epoch owns the actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fenced: actor {actor} is owned at epoch {current}, a writer at epoch {attempted} is too late")]
pub struct Fenced {
    /// The actor.
    pub actor: ActorId,
    /// The writer's epoch.
    pub attempted: Epoch,
    /// The highest epoch in the actor's history.
    pub current: Epoch,
}

/// Says what makes a commit impossible in any store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAppend {
    /// There is no event in it.
    #[error("a commit has at least one event, found none")]
    Empty,
    /// Two of its events have the same id.
    #[error("event id {0} is used twice in one commit")]
    DuplicateId(EventId),
    /// An id or type cannot be written.
    #[error("event {index} of the commit cannot be written")]
    Text {
        /// The place of the event in the commit, from 0.
        index: usize,
        /// What is wrong with the text.
        #[source]
        source: InvalidText,
    },
    /// The data is of a kind that the store cannot keep so that others read it.
    #[error(
        "event {index} of the commit has data of kind {found:?}, this stream takes objects and null only"
    )]
    DataKind {
        /// The place of the event in the commit, from 0.
        index: usize,
        /// What the data is.
        found: JsonKind,
    },
    /// A read would take the event for an old one, and its data for an old shape.
    #[error(
        "event {index} of the commit is of type {event_type} with schema version {schema_version}, which is an old one \
         here: say NewEvent::with_schema_version with the current one"
    )]
    OldSchema {
        /// The place of the event in the commit, from 0.
        index: usize,
        /// The event's type.
        event_type: EventType,
        /// The version that it says of its data's shape.
        schema_version: SchemaVersion,
    },
    /// The versions would go beyond the highest.
    #[error("{events} more after version {after} go beyond the highest version {}", Version::MAX)]
    VersionOverflow {
        /// The version that they would follow.
        after: Version,
        /// The number of events.
        events: u64,
    },
    /// `save` and [`Expected::Below`] number from a version of 1 or more.
    #[error("version 0 stands for no event, the first event has version 1")]
    VersionZero,
}
