//! What the server refuses or does not answer, and what that means: the only place that maps errors of NATS.

use aether_core::error::{BoxError, NotPermitted, Unavailable, Unsupported};
use aether_core::{ActorId, AppendError, KeyValueError, ReadError, ReplayError, SnapshotError};
use async_nats::client::{PublishError, PublishErrorKind};
use serde::Deserialize;

/// Codes of the JetStream API (`server/errors.json` of nats-server).
pub(crate) mod code {
    pub(crate) const NO_MESSAGE_FOUND: u64 = 10037;
    pub(crate) const NAME_IN_USE: u64 = 10058;
    pub(crate) const STREAM_NOT_FOUND: u64 = 10059;
    pub(crate) const SUBJECT_OVERLAP: u64 = 10065;
    /// What is refused before anything is proposed or written: resources, size, no JetStream, no stream, sealed. Any other
    /// error may be said of a message that is in the log all the same.
    pub(crate) const REFUSED: [u64; 8] =
        [10023, 10028, 10039, 10047, MESSAGE_TOO_LARGE, STREAM_NOT_FOUND, 10076, 10109];
    pub(crate) const MESSAGE_TOO_LARGE: u64 = 10054;
    pub(crate) const WRONG_LAST_SEQUENCE: u64 = 10071;
    /// The stream takes no batches.
    pub(crate) const BATCHES_DISABLED: u64 = 10174;
    /// More messages than the server lets a batch have.
    pub(crate) const BATCH_TOO_LARGE: u64 = 10199;
    /// Why a batch comes to nothing: messages are missing, its id is none, too many are open.
    pub(crate) const ABANDONED: [u64; 5] = [BATCHES_DISABLED, 10176, 10179, BATCH_TOO_LARGE, 10210];
    /// What a replicated stream says of a second append in flight on one subject.
    pub(crate) const WRONG_LAST_SEQUENCE_IN_FLIGHT: u64 = 10164;
}

/// An error in a response of the JetStream API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, thiserror::Error)]
#[error("JetStream says {err_code}: {description}")]
pub(crate) struct ApiError {
    #[serde(default)]
    pub(crate) err_code: u64,
    #[serde(default)]
    pub(crate) description: String,
}

/// Why a request has no usable answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The server refused.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Nobody listens: there is no such stream, no JetStream, or no leader. Nothing was done.
    #[error("no responders on {subject}: no JetStream, no such stream, or no leader just now")]
    NoResponders { subject: String },
    /// The message is larger than the connection allows. Nothing was sent.
    #[error("the message is larger than the server's max_payload")]
    TooLarge,
    /// Whether it was done is not known.
    #[error("no answer on {subject}: the server is slow or away, or this user may not publish there")]
    NoAnswer { subject: String, source: BoxError },
    /// The answer is not what the protocol says.
    #[error("the answer on {subject} is not understood")]
    Garbled { subject: String, source: BoxError },
    /// The server took the first message of a batch for one that stands alone.
    #[error("the server knows no batches: on {subject} it stored the first message of one, at {sequence}")]
    NoBatches { subject: String, sequence: u64 },
    /// A stored message is not what it should be.
    #[error(transparent)]
    Malformed(Box<ReplayError>),
}

impl Failure {
    pub(crate) fn of_publish(subject: &str, error: PublishError) -> Self {
        match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => Self::TooLarge,
            _ => Self::no_answer(subject, error),
        }
    }

    pub(crate) fn no_answer(subject: &str, source: impl Into<BoxError>) -> Self {
        Self::NoAnswer { subject: subject.to_owned(), source: source.into() }
    }

    pub(crate) fn garbled(subject: &str, source: impl Into<BoxError>) -> Self {
        Self::Garbled { subject: subject.to_owned(), source: source.into() }
    }

    /// Says whether the request may have been carried out all the same.
    pub(crate) fn is_unknown(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Garbled { .. } => true,
            Self::Api(error) => !self.is_conflict() && !code::REFUSED.contains(&error.err_code),
            Self::NoResponders { .. } | Self::TooLarge | Self::NoBatches { .. } | Self::Malformed(_) => false,
        }
    }

    /// Says whether the same request may well succeed a little later.
    pub(crate) fn is_passing(&self) -> bool {
        self.is_unknown() || matches!(self, Self::NoResponders { .. })
    }

    /// Says whether the message was refused for its size.
    pub(crate) fn is_too_large(&self) -> bool {
        match self {
            Self::TooLarge => true,
            Self::Api(error) => error.err_code == code::MESSAGE_TOO_LARGE,
            _ => false,
        }
    }

    /// Says whether it means that a batch was not stored and never will be, whatever else is wrong.
    pub(crate) fn is_abandoned(&self) -> bool {
        matches!(self, Self::Api(error) if code::ABANDONED.contains(&error.err_code))
    }

    /// Says whether batches cannot be had, or not of this size.
    pub(crate) fn is_of_batches(&self) -> bool {
        let codes = [code::BATCHES_DISABLED, code::BATCH_TOO_LARGE];
        matches!(self, Self::Api(error) if codes.contains(&error.err_code))
    }

    /// Says whether another writer may have been first: true on either of the two codes that servers use.
    pub(crate) fn is_conflict(&self) -> bool {
        let codes = [code::WRONG_LAST_SEQUENCE, code::WRONG_LAST_SEQUENCE_IN_FLIGHT];
        matches!(self, Self::Api(error) if codes.contains(&error.err_code))
    }

    pub(crate) fn read(self, operation: &'static str) -> ReadError {
        match self {
            Self::Malformed(error) => error.into(),
            failure => Unavailable::because(operation, failure).into(),
        }
    }

    pub(crate) fn append(self, operation: &'static str) -> AppendError {
        self.read(operation).into()
    }

    pub(crate) fn snapshot(self, operation: &'static str) -> SnapshotError {
        Unavailable::because(operation, self).into()
    }

    pub(crate) fn key_value(self, operation: &'static str) -> KeyValueError {
        Unavailable::because(operation, self).into()
    }
}

/// Says why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Namespace and name together make a stream name that is too long. Shorten one.
    #[error("the stream name has {bytes} bytes, the limit is {limit}")]
    NameTooLong {
        /// The length of the stream's name in bytes.
        bytes: usize,
        /// The most bytes that it may have.
        limit: usize,
    },
    /// The stream exists and belongs to another pair of namespace and name, or to something else. Choose another name.
    #[error("the stream {stream:?} is taken by {by}: choose another name or namespace")]
    NameTaken {
        /// The stream.
        stream: String,
        /// Whose it is.
        by: String,
    },
    /// The stream exists with a configuration under which the store's guarantees or the caller's wishes do not hold.
    /// Open it without that wish, or change the stream.
    #[error(
        "the stream {stream:?} has {field} = {found}, wanted {wanted}: open it without that wish, or have it changed where that is harmless"
    )]
    Config {
        /// The stream.
        stream: String,
        /// The field of its configuration.
        field: &'static str,
        /// What was wanted.
        wanted: String,
        /// What is there.
        found: String,
    },
    /// The store exists with another number of partitions, on which it depends where each actor's history is. Open it with as
    /// many as it has, or choose another name.
    #[error(
        "the stream {stream:?} is that of a store with {found} partition{}, wanted {wanted}: open it with as many as it has", if *found == 1 { "" } else { "s" }
    )]
    Partitions {
        /// The stream that says so, which has the store's name.
        stream: String,
        /// How many partitions were wanted.
        wanted: u32,
        /// How many there are.
        found: u32,
    },
    /// A store cannot have so many partitions. Choose a number within the limit.
    #[error("a store has 1 to {limit} partitions, wanted {wanted}")]
    PartitionCount {
        /// How many were wanted.
        wanted: u32,
        /// The most there can be.
        limit: u32,
    },
    /// The server refused to create or change the stream as it was wished for, such as with more replicas than there are servers.
    /// Correct the wish.
    #[error("the server refused to create or change the stream {stream:?}: {reason}")]
    Refused {
        /// The stream.
        stream: String,
        /// What the server says.
        reason: String,
    },
    /// The stream of the Go original cannot be adopted, since in Aether's layout something in it would not be found, or be
    /// taken for something else. Go on using it as it is.
    #[error("the stream {stream:?} cannot be adopted{}: {reason}", actor.as_ref().map_or_else(String::new, |actor| format!(" for its actor {actor}")))]
    Unfit {
        /// The stream.
        stream: String,
        /// The actor whose history does not fit, where one can be named.
        actor: Option<ActorId>,
        /// What does not fit.
        reason: String,
    },
    /// The name is none of a key-value bucket. Use letters, digits, `-` and `_` only.
    #[error(
        "{bucket:?} is no name of a key-value bucket: it has other bytes than letters, digits, `-` and `_`"
    )]
    InvalidBucket {
        /// The name.
        bucket: String,
    },
    /// The server or the stream cannot do this. The error says what it would need.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// JetStream did not answer, or refused. Try again, or look at its answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The connection's user may not do this. Grant the subject.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        Unavailable::because("open", failure).into()
    }
}
