//! The announcement that an event is stored.

use serde::{Deserialize, Serialize};

use super::RecordedEvent;
use crate::{ActorId, EventId, Position, Timestamp, Version};

/// Announces that an event is stored.
///
/// A store makes it when a call first learns that its event is in the log, and never for an append that failed,
/// conflicted or was only repeated. At most once: a crash between the two means none. What must not be missed
/// subscribes to the store itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventStored {
    /// The event's id.
    pub event_id: EventId,
    /// The actor it belongs to.
    pub actor_id: ActorId,
    /// The version that the actor has with it.
    pub version: Version,
    /// Where it lies.
    pub position: Position,
    /// When it happened, by its writer's clock.
    pub timestamp: Timestamp,
}

impl From<&RecordedEvent> for EventStored {
    fn from(event: &RecordedEvent) -> Self {
        Self {
            event_id: event.id().clone(),
            actor_id: event.actor().clone(),
            version: event.version(),
            position: event.position(),
            timestamp: event.timestamp(),
        }
    }
}
