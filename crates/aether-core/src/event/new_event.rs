//! Events that are yet to be stored.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Event, Metadata, MetadataKey};
use crate::id::InvalidText;
use crate::{CommandId, EventId, EventType, JsonError, RawJson, SchemaVersion, Timestamp};

/// An event without actor and version: what a writer decides, and a store numbers.
///
/// It has its id from the start, so that an append whose answer was lost can be repeated and is stored once.
///
/// ```
/// use aether_core::NewEvent;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(tag = "eventType", content = "data")]
/// enum OrderEvent {
///     OrderShipped { carrier: String },
/// }
///
/// let shipped = NewEvent::encode(&OrderEvent::OrderShipped { carrier: "FastShip".into() })?;
/// assert_eq!(shipped.event_type().as_str(), "OrderShipped");
/// assert_eq!(shipped.raw_data().as_str(), r#"{"carrier":"FastShip"}"#);
/// # Ok::<(), aether_core::event::EncodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    id: EventId,
    event_type: EventType,
    command_id: Option<CommandId>,
    data: RawJson,
    metadata: Metadata,
    timestamp: Timestamp,
    schema_version: SchemaVersion,
}

/// Says why a value could not become an event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The value has no JSON form, or holds a number that JSON cannot.
    #[error("the event's data cannot be written as JSON")]
    Json(#[from] JsonError),
    /// The value is no adjacently tagged enum.
    #[error(
        "not an adjacently tagged enum, expected one with #[serde(tag = \"eventType\", content = \"data\")]; \
         use NewEvent::new for a plain struct"
    )]
    NotTagged(#[source] serde_json::Error),
    /// The name of the variant is no event type.
    #[error(transparent)]
    EventType(#[from] InvalidText),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an adjacently tagged enum")]
struct Tagged<'a> {
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl NewEvent {
    /// Makes an event of the given type, with a fresh id and the present time.
    #[must_use]
    pub fn new(event_type: EventType, data: RawJson) -> Self {
        Self {
            id: EventId::generate(),
            event_type,
            command_id: None,
            data,
            metadata: Metadata::default(),
            timestamp: Timestamp::now(),
            schema_version: SchemaVersion::FIRST,
        }
    }

    /// Makes an event from a variant of an adjacently tagged enum: its tag becomes the type, its content the data.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NotTagged`] for a value that is no enum with `#[serde(tag = "eventType", content = "data")]`,
    /// [`EncodeError::Json`] for a value without a JSON form.
    pub fn encode<E: Serialize + ?Sized>(event: &E) -> Result<Self, EncodeError> {
        let whole = RawJson::encode(event)?;
        let tagged: Tagged<'_> = whole.decode().map_err(EncodeError::NotTagged)?;
        let data = tagged.data.map_or(RawJson::NULL, |data| whole.part(data));
        Ok(Self::new(EventType::new(tagged.event_type.as_ref())?, data))
    }

    /// Replaces the id.
    #[must_use]
    pub fn with_id(self, id: EventId) -> Self {
        Self { id, ..self }
    }

    /// Names the command that caused the event.
    #[must_use]
    pub fn with_command(self, command: CommandId) -> Self {
        Self { command_id: Some(command), ..self }
    }

    /// Puts `value` under `key` of the metadata.
    #[must_use]
    pub fn with_metadata(mut self, key: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.metadata.insert(key, value);
        self
    }

    /// Copies the metadata of the event that caused this one, and names it as the cause: `causationId` is its id, and
    /// `correlationId` is passed on, or starts with its id.
    #[must_use]
    pub fn caused_by(mut self, cause: &Event) -> Self {
        self.metadata.merge(cause.metadata());
        self.metadata.insert(MetadataKey::CausationId, cause.id().as_str());
        if self.metadata.find(MetadataKey::CorrelationId).is_none() {
            self.metadata.insert(MetadataKey::CorrelationId, cause.id().as_str());
        }
        self
    }

    /// Replaces the time at which it happened.
    #[must_use]
    pub fn with_timestamp(self, timestamp: Timestamp) -> Self {
        Self { timestamp, ..self }
    }

    /// Says which version of its shape the data has.
    #[must_use]
    pub fn with_schema_version(self, schema_version: SchemaVersion) -> Self {
        Self { schema_version, ..self }
    }

    /// Replaces type and data.
    #[must_use]
    pub(crate) fn recast(self, event_type: EventType, data: RawJson) -> Self {
        Self { event_type, data, ..self }
    }

    /// Replaces the metadata as a whole. For what reads events from the wire.
    #[must_use]
    pub(crate) fn with_all_metadata(self, metadata: Metadata) -> Self {
        Self { metadata, ..self }
    }

    /// Makes an event from all that is not optional on the wire. For what reads events from it.
    #[must_use]
    pub(crate) fn as_read(id: EventId, event_type: EventType, data: RawJson, timestamp: Timestamp) -> Self {
        let (metadata, schema_version) = (Metadata::default(), SchemaVersion::FIRST);
        Self { id, event_type, command_id: None, data, metadata, timestamp, schema_version }
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> &EventId {
        &self.id
    }

    /// Returns the type.
    #[must_use]
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// Returns the id of the command that caused it.
    #[must_use]
    pub fn command_id(&self) -> Option<&CommandId> {
        self.command_id.as_ref()
    }

    /// Returns the data.
    #[must_use]
    pub fn raw_data(&self) -> &RawJson {
        &self.data
    }

    /// Returns the metadata.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns when it happened.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Returns the version of the data's shape.
    #[must_use]
    pub fn schema_version(&self) -> SchemaVersion {
        self.schema_version
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, Version};

    #[derive(Serialize)]
    #[serde(tag = "eventType", content = "data")]
    enum Sample {
        Unit,
        One(u64),
        Named { text: String },
        Odd(f64),
    }

    #[test]
    fn tag_and_content_become_type_and_data() {
        let unit = NewEvent::encode(&Sample::Unit).unwrap();
        assert_eq!((unit.event_type().as_str(), unit.raw_data()), ("Unit", &RawJson::NULL));
        let one = NewEvent::encode(&Sample::One(u64::MAX)).unwrap();
        assert_eq!(one.raw_data().as_str(), "18446744073709551615");
        let named = NewEvent::encode(&Sample::Named { text: "\"é\n".into() }).unwrap();
        assert_eq!(named.raw_data().as_str(), r#"{"text":"\"é\n"}"#);
    }

    #[test]
    fn what_is_not_tagged_or_not_json_is_refused_with_what_to_do() {
        let error = NewEvent::encode(&42).unwrap_err();
        assert!(
            matches!(error, EncodeError::NotTagged(_)) && error.to_string().contains("adjacently tagged")
        );
        assert!(matches!(NewEvent::encode(&Sample::Odd(f64::NAN)), Err(EncodeError::Json(_))));
    }

    #[test]
    fn a_caused_event_carries_the_metadata_of_its_cause() {
        let kind = EventType::new("T").unwrap();
        let first = NewEvent::new(kind.clone(), RawJson::NULL).with_metadata(MetadataKey::UserId, "u1");
        let first = Event::new(ActorId::new("a-1").unwrap(), Version::FIRST, first);
        let second = NewEvent::new(kind.clone(), RawJson::NULL).caused_by(&first);
        assert_eq!(second.metadata().find(MetadataKey::UserId), Some("u1"));
        assert_eq!(second.metadata().find(MetadataKey::CausationId), Some(first.id().as_str()));
        assert_eq!(second.metadata().find(MetadataKey::CorrelationId), Some(first.id().as_str()));
        let second = Event::new(ActorId::new("a-1").unwrap(), Version::FIRST, second);
        let third = NewEvent::new(kind, RawJson::NULL).caused_by(&second);
        assert_eq!(third.metadata().find(MetadataKey::CorrelationId), Some(first.id().as_str()));
        assert_eq!(third.metadata().find(MetadataKey::CausationId), Some(second.id().as_str()));
    }
}
