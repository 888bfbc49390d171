//! What is published, as bytes.

use aether_core::error::BoxError;
use aether_core::event::wire;
use aether_core::{Event, EventStored};
use bytes::Bytes;

use super::subject::Kind;

/// What can be published across nodes.
pub(super) trait Content: Clone + Send + Sync + Sized + 'static {
    const KIND: Kind;

    /// Appends its JSON.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads its JSON.
    fn decode(json: Bytes) -> Result<Self, BoxError>;
}

impl Content for Event {
    const KIND: Kind = Kind::Event;

    fn encode(&self, out: &mut Vec<u8>) {
        wire::encode(self, out);
    }

    fn decode(json: Bytes) -> Result<Self, BoxError> {
        Ok(wire::decode(json, None)?)
    }
}

impl Content for EventStored {
    const KIND: Kind = Kind::Stored;

    fn encode(&self, out: &mut Vec<u8>) {
        // Into memory, and of texts and numbers only: there is nothing that could fail.
        let _ = serde_json::to_writer(out, self);
    }

    fn decode(json: Bytes) -> Result<Self, BoxError> {
        Ok(serde_json::from_slice(&json)?)
    }
}
