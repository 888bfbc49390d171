//! The one allocation behind an event, from its decision until its last reader.

use std::sync::{Arc, LazyLock};

use super::Metadata;
use crate::{ActorId, CommandId, EventId, EventType, RawJson, SchemaVersion, Timestamp, Version};

/// What [`NewEvent`](super::NewEvent) and [`Event`](super::Event) both point at: a store that numbers an event which
/// nobody else holds writes into the allocation that the writer made.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) content: Content,
    /// Of a `NewEvent` it says nothing, even where it is there.
    numbered: Option<Numbered>,
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

/// What a store adds.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) actor: ActorId,
    pub(super) version: Version,
}

impl Shared {
    pub(super) fn new(content: Content) -> Arc<Self> {
        Arc::new(Self { content, numbered: None })
    }

    /// Numbers the event: in place where nobody else holds it, else in an allocation of its own.
    #[inline]
    pub(super) fn number(mut self: Arc<Self>, actor: ActorId, version: Version) -> Arc<Self> {
        let numbered = Some(Numbered { actor, version });
        match Arc::get_mut(&mut self) {
            Some(alone) => {
                alone.numbered = numbered;
                self
            }
            None => Arc::new(Self { content: self.content.clone(), numbered }),
        }
    }

    /// Returns what [`number`](Self::number) wrote.
    #[inline]
    pub(super) fn numbered(&self) -> &Numbered {
        // For the compiler alone: there is no event that was not numbered.
        static NOBODY: LazyLock<Numbered> =
            LazyLock::new(|| Numbered { actor: ActorId::nobody(), version: Version::INITIAL });
        self.numbered.as_ref().unwrap_or_else(|| &NOBODY)
    }
}
