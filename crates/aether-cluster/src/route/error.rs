//! What askers are told.

use std::time::Duration;

use aether_core::ActorId;
use aether_core::error::BoxError;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::codec::{Codec, Json};

/// Says why a message has no answer. Asking again with the same [command id](super::Route::id) is always safe: it takes effect once.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// The owner has too many messages. Ask again later. If `attempts` is more than one, an earlier attempt may have taken effect
    /// all the same.
    #[error("the owner of actor {actor} has too many messages; ask again later")]
    Overloaded {
        /// The actor.
        actor: ActorId,
        /// How often it was asked.
        attempts: u32,
    },
    /// Nobody owned the actor's shard, up to the deadline. Nothing is known of what earlier attempts did, if there were any. Ask
    /// again later; if it lasts, look at the cluster's status.
    #[error("nobody has owned actor {actor} for {lasting:?}")]
    NoOwner {
        /// The actor.
        actor: ActorId,
        /// For how long.
        lasting: Duration,
    },
    /// There was no answer before the deadline. The message took effect once or not at all: ask again with the same command id to
    /// know.
    #[error("actor {actor} did not answer within {within:?}, in {attempts} attempts")]
    Deadline {
        /// The actor.
        actor: ActorId,
        /// How long was waited.
        within: Duration,
        /// How often it was asked.
        attempts: u32,
    },
    /// The actor refuses: the message had no effect and never will. [`Rejection::decode`] has its reason.
    #[error("the command is rejected")]
    Rejected(Rejection),
    /// The message cannot be written by its codec. Nothing was sent.
    #[error("the message for actor {actor} cannot be encoded")]
    Encode {
        /// The actor.
        actor: ActorId,
        /// Why.
        source: BoxError,
    },
    /// The message is larger than the server takes. Nothing was sent: keep large data elsewhere.
    #[error("the message for actor {actor} has {bytes} bytes, the server takes {limit}")]
    TooLarge {
        /// The actor.
        actor: ActorId,
        /// How many bytes it has on the wire.
        bytes: usize,
        /// How many bytes the server takes (its setting `max_payload`).
        limit: usize,
    },
    /// The command id cannot be written: it was read from somewhere, and is empty or too long. Nothing was sent.
    #[error(transparent)]
    InvalidCommand(#[from] aether_core::id::InvalidText),
    /// The answer is not of the type that was asked for. If `stored`, the command took effect.
    #[error("the answer of actor {actor} cannot be decoded")]
    Decode {
        /// The actor.
        actor: ActorId,
        /// Whether something was stored.
        stored: bool,
        /// Why.
        source: BoxError,
    },
    /// The answer is larger than the server takes, and was not sent. If `stored`, the command took effect.
    #[error("the answer of actor {actor} has {bytes} bytes, which is more than the server takes")]
    AnswerTooLarge {
        /// The actor.
        actor: ActorId,
        /// Whether something was stored.
        stored: bool,
        /// How many bytes it has.
        bytes: u64,
    },
    /// The node or its client has stopped. What became of the message is not known.
    #[error("the node has stopped")]
    Stopped,
}

/// Why a command was refused, as the host wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    payload: Bytes,
}

/// The reason of a [`Rejection`] is not of the type that was asked for. The command is refused all the same.
#[derive(Debug, thiserror::Error)]
#[error("the reason of the rejection cannot be decoded")]
pub struct RejectionError {
    source: BoxError,
}

impl Rejection {
    pub(crate) fn new(payload: Bytes) -> Self {
        Self { payload }
    }

    /// Returns what the host wrote.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Reads it as JSON.
    ///
    /// # Errors
    ///
    /// [`RejectionError`] when it is no such value.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, RejectionError> {
        self.decode_by(&Json)
    }

    /// Reads it by another codec.
    ///
    /// # Errors
    ///
    /// [`RejectionError`] when it is no such value.
    pub fn decode_by<T: DeserializeOwned>(&self, codec: &impl Codec) -> Result<T, RejectionError> {
        codec.decode(&self.payload).map_err(|source| RejectionError { source })
    }
}
