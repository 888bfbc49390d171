//! Events: what happened, immutable and shared.

mod decode;
mod metadata;
mod new_event;
mod recorded;
mod shared;
mod stored;
mod tagged;
pub mod wire;

use std::fmt;

use serde::Deserialize;

use crate::{ActorId, CommandId, EventId, EventType, RawJson, SchemaVersion, Timestamp, Version};

pub use decode::DecodeError;
pub use metadata::{Metadata, MetadataKey};
pub use new_event::{EncodeError, NewEvent};
pub use recorded::RecordedEvent;
pub(crate) use shared::Place;
pub use stored::EventStored;

/// Says what happened to an actor: a fact, never changed once made.
///
/// One shared allocation, the one of its [`NewEvent`]: a clone costs an atomic increment, and nothing that a store holds
/// can be changed through it. `data` stays the JSON text that was written until [`decode`](Self::decode) or
/// [`data`](Self::data) asks for it.
///
/// Two events are equal when every field is, whatever the order of their metadata; data by its text.
#[derive(Clone)]
pub struct Event(NewEvent);

impl Event {
    /// Makes `content` the event of `actor` at `version`. For stores and tests: users append [`NewEvent`]s.
    ///
    /// It allocates only where `content` has a clone somewhere.
    #[inline]
    #[must_use]
    pub fn new(actor: ActorId, version: Version, content: NewEvent) -> Self {
        Self(NewEvent(content.0.number(actor, version)))
    }

    /// Returns the event's id.
    #[inline]
    #[must_use]
    pub fn id(&self) -> &EventId {
        self.0.id()
    }

    /// Returns what kind of thing happened.
    #[inline]
    #[must_use]
    pub fn event_type(&self) -> &EventType {
        self.0.event_type()
    }

    /// Returns whom it happened to.
    #[inline]
    #[must_use]
    pub fn actor(&self) -> &ActorId {
        self.0.0.actor()
    }

    /// Returns the version that the actor has with this event.
    #[inline]
    #[must_use]
    pub fn version(&self) -> Version {
        self.0.0.version
    }

    /// Returns the id of the command that caused it, where one was given.
    #[inline]
    #[must_use]
    pub fn command_id(&self) -> Option<&CommandId> {
        self.0.command_id()
    }

    /// Returns the metadata.
    #[inline]
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        self.0.metadata()
    }

    /// Returns when it happened, by the writer's clock.
    #[inline]
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.0.timestamp()
    }

    /// Returns the version of the data's shape; 1 where the writer said none.
    #[inline]
    #[must_use]
    pub fn schema_version(&self) -> SchemaVersion {
        self.0.schema_version()
    }

    /// Returns the data as it was written.
    #[inline]
    #[must_use]
    pub fn raw_data(&self) -> &RawJson {
        self.0.raw_data()
    }

    /// Reads the data as a plain struct.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], which names the event, when the data is not a `T`.
    pub fn data<'a, T: Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        self.raw_data().decode().map_err(|error| DecodeError::of(self, error))
    }

    /// Reads type and data together as an adjacently tagged enum.
    ///
    /// The enum is declared with `#[serde(tag = "eventType", content = "data")]`; the type is fed to it before the
    /// data, so that one pass is enough. Data that is `null`, `{}` or absent reads as a unit variant.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], which names the event, when the enum has no such variant or the data does not fit it. Old shapes
    /// are brought up to date with [`Upcasters`](crate::Upcasters).
    pub fn decode<'a, E: Deserialize<'a>>(&'a self) -> Result<E, DecodeError> {
        tagged::decode(self.event_type().as_str(), self.raw_data())
            .map_err(|error| DecodeError::of(self, error))
    }

    /// Returns the event without actor and version, ready to be appended again under the same id.
    #[inline]
    #[must_use]
    pub fn to_new(&self) -> NewEvent {
        self.0.clone()
    }

    /// Says whether the event holds exactly what `content` does: id, type, command, data, metadata, time and schema.
    #[must_use]
    pub fn has_content(&self, content: &NewEvent) -> bool {
        self.0 == *content
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.version() == other.version() && self.actor() == other.actor() && self.0 == other.0
    }
}

impl Eq for Event {}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (actor, version) = (self.actor().as_str(), self.version().number());
        f.debug_struct("Event")
            .field("actor", &actor)
            .field("version", &version)
            .field("content", &self.0)
            .finish()
    }
}
