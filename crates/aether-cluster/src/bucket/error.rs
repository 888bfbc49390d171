//! What the server refuses or does not answer, and what that means: the only place that maps errors of NATS.

use aether_core::error::BoxError;
use serde::Deserialize;

/// Codes of the JetStream API (`server/errors.json` of nats-server).
pub(crate) mod code {
    pub(crate) const NO_MESSAGE_FOUND: u64 = 10037;
    pub(crate) const NAME_IN_USE: u64 = 10058;
    pub(crate) const STREAM_NOT_FOUND: u64 = 10059;
    pub(crate) const WRONG_LAST_SEQUENCE: u64 = 10071;
    /// What a replicated stream says of a second change in flight on one subject.
    pub(crate) const WRONG_LAST_SEQUENCE_IN_FLIGHT: u64 = 10164;
}

/// An error in a response of the JetStream API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, thiserror::Error)]
#[error("JetStream says {err_code}: {description}")]
pub(crate) struct ApiError {
    /// As of HTTP.
    #[serde(default)]
    pub(crate) code: u16,
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
    /// There is no connection: nothing was sent.
    #[error("there is no connection to a server just now")]
    Disconnected,
    /// Whether it was done is not known.
    #[error("no answer on {subject}: the server is slow or away, or this user may not publish there")]
    NoAnswer { subject: String, source: BoxError },
    /// The answer is not what the protocol says.
    #[error("the answer on {subject} is not understood")]
    Garbled { subject: String, source: BoxError },
}

impl Failure {
    pub(crate) fn no_answer(subject: &str, source: impl Into<BoxError>) -> Self {
        Self::NoAnswer { subject: subject.to_owned(), source: source.into() }
    }

    pub(crate) fn garbled(subject: &str, source: impl Into<BoxError>) -> Self {
        Self::Garbled { subject: subject.to_owned(), source: source.into() }
    }

    /// Whether another writer may have been first: true on either of the two codes that servers use.
    pub(crate) fn is_refusal(&self) -> bool {
        let codes = [code::WRONG_LAST_SEQUENCE, code::WRONG_LAST_SEQUENCE_IN_FLIGHT];
        matches!(self, Self::Api(error) if codes.contains(&error.err_code))
    }
}

/// Says why the bucket of a cluster cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// The server is older than what watching a part of a bucket takes. Run a later one.
    #[error("clusters need nats-server 2.10 or later, found {found}")]
    Server {
        /// Its version.
        found: String,
    },
    /// Nobody answers for JetStream. Enable it on the server (`nats-server -js`) and for this account.
    #[error("nobody answers on {subject}: enable JetStream on the server and for this account")]
    NoJetStream {
        /// What was asked.
        subject: String,
    },
    /// The bucket is there with a configuration under which values may vanish, or another one than was wished for.
    #[error(
        "the bucket's stream {stream:?} has {field} = {found}, wanted {wanted}: change the stream, or join without that wish"
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
    /// The server refused to create the bucket as it was wished for, such as with more replicas than there are servers.
    #[error("the server refused to create the stream {stream:?}: {reason}")]
    Refused {
        /// The stream.
        stream: String,
        /// What the server says.
        reason: String,
    },
    /// JetStream did not answer in time. Try again, or look at its source.
    #[error("the bucket could not be reached while {doing}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: BoxError,
    },
}

impl BucketError {
    pub(crate) fn unavailable(doing: &'static str, failure: Failure) -> Self {
        Self::Unavailable { doing, source: Box::new(failure) }
    }
}
