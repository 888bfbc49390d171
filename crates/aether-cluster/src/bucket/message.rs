//! Messages as the bucket's values. Pure.

use aether_core::key_value::Revision;
use async_nats::HeaderMap;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::RawMessage;
use bytes::Bytes;
use serde::Deserialize;

use super::Value;
use super::error::Failure;

/// The latest message of a subject, as the leader shows it.
#[derive(Deserialize)]
pub(super) struct Latest {
    message: RawMessage,
}

impl Latest {
    pub(super) fn into_value(self) -> Result<Value, Failure> {
        let subject = self.message.subject.clone();
        let message =
            StreamMessage::try_from(self.message).map_err(|error| Failure::garbled(&subject, error))?;
        Ok(value(message.sequence, Some(&message.headers), message.payload))
    }
}

/// Makes a value of a message: none where a tool has deleted or purged it.
pub(super) fn value(sequence: u64, headers: Option<&HeaderMap>, payload: Bytes) -> Value {
    let operation = headers.and_then(|headers| headers.get("KV-Operation"));
    let is_there = operation.is_none_or(|operation| operation.as_str() == "PUT");
    Value { revision: Revision::new(sequence), bytes: is_there.then_some(payload) }
}
