//! The one allocation behind an event, from its decision until its last reader.

use std::sync::{Arc, LazyLock};

use super::Metadata;
use crate::{ActorId, CommandId, EventId, EventType, RawJson, SchemaVersion, Timestamp, Version};

/// What [`NewEvent`](super::NewEvent), [`Event`](super::Event) and [`RecordedEvent`](super::RecordedEvent) all point at: a
/// store that numbers and places an event which nobody else holds writes into the allocation that the writer made.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) content: Content,
    /// Of a `NewEvent` it says nothing, even where it is there, nor does the version.
    actor: Option<ActorId>,
    pub(super) version: Version,
    /// Of a `NewEvent` and of an `Event` it says nothing.
    pub(super) place: Place,
}

/// What a writer decides. It has no clone that allocates: every part is shared or plain.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) id: EventId,
    pub(super) event_type: EventType,
    pub(super) command_id: Option<CommandId>,
    pub(super) data: RawJson,
    pub(super) metadata: Metadata,
    pub(super) timestamp: Timestamp,
    pub(super) schema_version: SchemaVersion,
}

/// Where it lies.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) partition: u32,
    pub(crate) index: u32,
    pub(crate) sequence: u64,
}

impl Shared {
    pub(super) fn new(content: Content) -> Arc<Self> {
        Arc::new(Self { content, actor: None, version: Version::INITIAL, place: Place::default() })
    }

    /// Numbers the event: in place where nobody else holds it, else in an allocation of its own.
    #[inline]
    pub(super) fn number(mut self: Arc<Self>, actor: ActorId, version: Version) -> Arc<Self> {
        if let Some(alone) = Arc::get_mut(&mut self) {
            // Field by field: moving them together costs more than all the rest.
            alone.actor = Some(actor);
            alone.version = version;
            return self;
        }
        let content = self.content.clone();
        Arc::new(Self { content, actor: Some(actor), version, place: Place::default() })
    }

    /// Says where the event lies: in place where nobody else holds it, else in a copy.
    #[inline]
    pub(super) fn placed(mut self: Arc<Self>, place: Place) -> Arc<Self> {
        Arc::make_mut(&mut self).place = place;
        self
    }

    /// Returns the actor that [`number`](Self::number) wrote.
    #[inline]
    pub(super) fn actor(&self) -> &ActorId {
        // For the compiler alone: there is no event that was not numbered.
        static NOBODY: LazyLock<ActorId> = LazyLock::new(ActorId::nobody);
        self.actor.as_ref().unwrap_or_else(|| &NOBODY)
    }
}
