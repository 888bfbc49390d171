//! Events that are yet to be stored.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::shared::{Content, Shared};
use super::{Event, Metadata, MetadataKey};
use crate::id::InvalidText;
use crate::{CommandId, EventId, EventType, JsonError, RawJson, SchemaVersion, Timestamp};

/// An event without actor and version: what a writer decides, and a store numbers.
///
/// It has its id from the start, so that an append whose answer was lost can be repeated and is stored once. One shared
/// allocation, in which the stored event stays: a clone costs an atomic increment, and keeping one while the event is
/// appended costs a copy of the allocation, though not of the data.
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
#[derive(Clone)]
pub struct NewEvent(pub(super) Arc<Shared>);

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
        Self(Shared::new(Content {
            id: EventId::generate(),
            event_type,
            command_id: None,
            data,
            metadata: Metadata::default(),
            timestamp: Timestamp::now(),
            schema_version: SchemaVersion::FIRST,
        }))
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
        self.changed(|content| content.id = id)
    }

    /// Names the command that caused the event.
    #[must_use]
    pub fn with_command(self, command: CommandId) -> Self {
        self.changed(|content| content.command_id = Some(command))
    }

    /// Puts `value` under `key` of the metadata.
    #[must_use]
    pub fn with_metadata(self, key: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.changed(|content| content.metadata.insert(key, value))
    }

    /// Copies the metadata of the event that caused this one, and names it as the cause: `causationId` is its id, and
    /// `correlationId` is passed on, or starts with its id.
    #[must_use]
    pub fn caused_by(self, cause: &Event) -> Self {
        self.changed(|Content { metadata, .. }| {
            metadata.merge(cause.metadata());
            metadata.insert(MetadataKey::CausationId, cause.id().as_str());
            if metadata.find(MetadataKey::CorrelationId).is_none() {
                metadata.insert(MetadataKey::CorrelationId, cause.id().as_str());
            }
        })
    }

    /// Replaces the time at which it happened.
    #[must_use]
    pub fn with_timestamp(self, timestamp: Timestamp) -> Self {
        self.changed(|content| content.timestamp = timestamp)
    }

    /// Says which version of its shape the data has.
    #[must_use]
    pub fn with_schema_version(self, schema_version: SchemaVersion) -> Self {
        self.changed(|content| content.schema_version = schema_version)
    }

    /// Replaces type and data.
    #[must_use]
    pub(crate) fn recast(self, event_type: EventType, data: RawJson) -> Self {
        self.changed(|content| (content.event_type, content.data) = (event_type, data))
    }

    /// Changes the content: in place where nobody else holds it, else in a copy.
    fn changed(mut self, change: impl FnOnce(&mut Content)) -> Self {
        change(&mut Arc::make_mut(&mut self.0).content);
        self
    }

    #[inline]
    pub(super) fn content(&self) -> &Content {
        &self.0.content
    }

    /// Returns the id.
    #[inline]
    #[must_use]
    pub fn id(&self) -> &EventId {
        &self.content().id
    }

    /// Returns the type.
    #[inline]
    #[must_use]
    pub fn event_type(&self) -> &EventType {
        &self.content().event_type
    }

    /// Returns the id of the command that caused it.
    #[inline]
    #[must_use]
    pub fn command_id(&self) -> Option<&CommandId> {
        self.content().command_id.as_ref()
    }

    /// Returns the data.
    #[inline]
    #[must_use]
    pub fn raw_data(&self) -> &RawJson {
        &self.content().data
    }

    /// Returns the metadata.
    #[inline]
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.content().metadata
    }

    /// Returns when it happened.
    #[inline]
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.content().timestamp
    }

    /// Returns the version of the data's shape.
    #[inline]
    #[must_use]
    pub fn schema_version(&self) -> SchemaVersion {
        self.content().schema_version
    }
}

impl PartialEq for NewEvent {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.content() == other.content()
    }
}

impl Eq for NewEvent {}

impl fmt::Debug for NewEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEvent")
            .field("id", self.id())
            .field("event_type", self.event_type())
            .field("command_id", &self.command_id())
            .field("data", self.raw_data())
            .field("metadata", self.metadata())
            .field("timestamp", &self.timestamp())
            .field("schema_version", &self.schema_version())
            .finish()
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
    fn changing_a_clone_leaves_the_other_and_the_stored_event_as_they_are() {
        let first = NewEvent::new(EventType::new("T").unwrap(), RawJson::NULL).with_metadata("k", "1");
        let stored = Event::new(ActorId::new("a-1").unwrap(), Version::FIRST, first.clone());
        let changed = stored.to_new().with_id(EventId::generate()).with_metadata("k", "2");
        assert_ne!(changed, first);
        assert!(stored.has_content(&first) && stored.to_new() == first);
        assert_eq!((first.metadata().find("k"), changed.metadata().find("k")), (Some("1"), Some("2")));
    }

    #[test]
    fn an_event_is_numbered_where_it_was_made_unless_somebody_else_holds_it() {
        let place = |event: &NewEvent| Arc::as_ptr(&event.0);
        let (actor, second) = (ActorId::new("a-1").unwrap(), Version::new(2).unwrap());
        let content = NewEvent::new(EventType::new("T").unwrap(), RawJson::NULL);
        let made = place(&content);
        let event = Event::new(actor.clone(), Version::FIRST, content);
        assert_eq!(place(&event.0), made);
        let again = Event::new(actor.clone(), second, event.to_new());
        assert_ne!(place(&again.0), made);
        assert_eq!((event.version(), again.version()), (Version::FIRST, second));
        assert_eq!(&event.0, &again.0);
        assert_ne!(event, again);
        assert_ne!(event, Event::new(ActorId::new("a-2").unwrap(), Version::FIRST, event.to_new()));
        assert_eq!(event, Event::new(actor, Version::FIRST, event.to_new()));
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
