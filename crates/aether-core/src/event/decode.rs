//! The error of reading an event's data.

use super::Event;
use crate::{ActorId, EventId, EventType, SchemaVersion, Version};

/// Says which event's data was not what the caller expected.
///
/// Either the type that it was read as lacks a variant or field, or the data has an old shape: bring it up to date with
/// [`Upcasters`](crate::Upcasters).
#[derive(Debug, thiserror::Error)]
#[error(
    "event {id} of type {event_type} (schema {schema_version}) of actor {actor} at version {version} is not what it is \
     read as: that lacks its type or a field, or the event needs an upcaster"
)]
pub struct DecodeError {
    /// The event's id.
    pub id: EventId,
    /// The event's type.
    pub event_type: EventType,
    /// The version of its data's shape.
    pub schema_version: SchemaVersion,
    /// The actor it belongs to.
    pub actor: ActorId,
    /// Its version.
    pub version: Version,
    /// What the decoder says.
    #[source]
    pub source: serde_json::Error,
}

impl DecodeError {
    pub(super) fn of(event: &Event, source: serde_json::Error) -> Self {
        Self {
            id: event.id().clone(),
            event_type: event.event_type().clone(),
            schema_version: event.schema_version(),
            actor: event.actor().clone(),
            version: event.version(),
            source,
        }
    }
}
