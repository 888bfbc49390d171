//! The steps from old shapes to new ones.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::error::{BoxError, InvalidAppend, ReplayError};
use crate::{Event, EventType, JsonError, NewEvent, RawJson, RecordedEvent, SchemaVersion};

type Step = Arc<dyn Fn(&Event) -> Result<Upcast, BoxError> + Send + Sync>;

/// What a step makes of an event: its data in the next shape, perhaps under another type.
#[derive(Debug, Clone)]
pub struct Upcast {
    event_type: Option<EventType>,
    data: RawJson,
}

impl Upcast {
    /// Says that the data now reads as `data`.
    ///
    /// # Errors
    ///
    /// [`JsonError`] when it has no JSON form.
    pub fn data<T: Serialize + ?Sized>(data: &T) -> Result<Self, JsonError> {
        Ok(Self { event_type: None, data: RawJson::encode(data)? })
    }

    /// Says that the event now has another type.
    #[must_use]
    pub fn renamed(self, event_type: EventType) -> Self {
        Self { event_type: Some(event_type), ..self }
    }
}

/// Steps from one schema version of an event type to the next, applied to every event that is read.
///
/// A step takes an event of a type at a schema version to that version plus one. Steps follow each other until there is
/// none left for the type and version that an event has reached; since versions only rise, they end. Id, actor, version,
/// metadata and time stay as they were written.
///
/// ```
/// use aether_core::upcast::Upcast;
/// use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, RawJson, SchemaVersion, Upcasters, Version};
/// use aether_store_memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// #[derive(serde::Deserialize)]
/// struct V1 {
///     total: f64,
/// }
///
/// let upcasters = Upcasters::new().step("OrderPlaced".try_into()?, SchemaVersion::FIRST, |event| {
///     let old: V1 = event.data()?;
///     Ok(Upcast::data(&serde_json::json!({ "cents": (old.total * 100.0).round() as u64 }))?)
/// });
/// let store = upcasters.over(MemoryStore::new());
///
/// // Written by an old program, before there was a step.
/// let order = ActorId::new("order-1")?;
/// let old = NewEvent::new("OrderPlaced".try_into()?, RawJson::parse(r#"{"total":99.99}"#)?);
/// store.inner().append(&order, Expected::NoEvents, [old.clone()]).await?;
/// let events = store.read_all(&order, Version::FIRST).await?;
/// assert_eq!(events[0].raw_data().as_str(), r#"{"cents":9999}"#);
///
/// // Written by this one, which says so; an event that does not is refused.
/// let new = NewEvent::new("OrderPlaced".try_into()?, RawJson::parse(r#"{"cents":500}"#)?);
/// assert!(store.append(&order, Expected::Any, [new.clone()]).await.is_err());
/// store.append(&order, Expected::Any, [new.with_schema_version(SchemaVersion::new(2))]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Upcasters(HashMap<(EventType, SchemaVersion), Step>);

impl Upcasters {
    /// Starts without steps.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the step for events of `event_type` at schema version `from`, in place of an earlier one for the same.
    ///
    /// A step that fails makes the event a [`ReadError::Malformed`](crate::ReadError::Malformed) item, with its position and data.
    #[must_use]
    pub fn step(
        mut self,
        event_type: EventType,
        from: SchemaVersion,
        step: impl Fn(&Event) -> Result<Upcast, BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.0.insert((event_type, from), Arc::new(step));
        self
    }

    /// Applies the steps to whatever `store` reads.
    pub fn over<T>(self, store: T) -> super::Upcasting<T> {
        super::Upcasting::new(store, self)
    }

    /// Brings an event up to date.
    ///
    /// # Errors
    ///
    /// What the first failing step says.
    pub fn upcast(&self, mut event: Event) -> Result<Event, BoxError> {
        if self.0.is_empty() {
            return Ok(event);
        }
        while let Some(step) = self.0.get(&(event.event_type().clone(), event.schema_version())) {
            let Upcast { event_type, data } = step(&event)?;
            let schema = event.schema_version().next().ok_or("the schema version is the last there is")?;
            let event_type = event_type.unwrap_or_else(|| event.event_type().clone());
            let content = event.to_new().recast(event_type, data).with_schema_version(schema);
            event = Event::new(event.actor().clone(), event.version(), content);
        }
        Ok(event)
    }

    /// Refuses events that a read would take for old ones.
    pub(super) fn check_current(&self, events: &[NewEvent]) -> Result<(), InvalidAppend> {
        let is_old =
            |event: &&NewEvent| self.0.contains_key(&(event.event_type().clone(), event.schema_version()));
        let old = events.iter().enumerate().find(|(_, event)| is_old(event));
        old.map_or(Ok(()), |(index, event)| {
            let (event_type, schema_version) = (event.event_type().clone(), event.schema_version());
            Err(InvalidAppend::OldSchema { index, event_type, schema_version })
        })
    }

    pub(crate) fn upcast_recorded(&self, recorded: RecordedEvent) -> Result<RecordedEvent, Box<ReplayError>> {
        match self.upcast(recorded.event().clone()) {
            Ok(event) => Ok(recorded.with_event(event)),
            Err(source) => Err(Box::new(ReplayError {
                actor: Some(recorded.actor().clone()),
                position: Some(recorded.position()),
                raw: recorded.raw_data().to_bytes(),
                source: format!("bringing it up to date failed: {source}").into(),
            })),
        }
    }
}

impl fmt::Debug for Upcasters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, NewEvent, Version};

    fn event(kind: &str, schema: u32) -> Event {
        let content = NewEvent::new(kind.try_into().unwrap(), RawJson::NULL)
            .with_schema_version(SchemaVersion::new(schema))
            .with_metadata("k", "v");
        Event::new(ActorId::new("a-1").unwrap(), Version::FIRST, content)
    }

    fn chain() -> Upcasters {
        let to = |text: &'static str| move |_: &Event| Ok(Upcast::data(text)?);
        Upcasters::new()
            .step("A".try_into().unwrap(), SchemaVersion::new(1), to("two"))
            .step("A".try_into().unwrap(), SchemaVersion::new(2), |_| {
                Ok(Upcast::data("three")?.renamed("B".try_into()?))
            })
            .step("B".try_into().unwrap(), SchemaVersion::new(3), to("four"))
            .step("Bad".try_into().unwrap(), SchemaVersion::new(1), |_| Err("broken".into()))
    }

    #[test]
    fn steps_follow_each_other_through_versions_and_types() {
        let old = event("A", 1);
        let new = chain().upcast(old.clone()).unwrap();
        assert_eq!(new.event_type().as_str(), "B");
        assert_eq!((new.schema_version().number(), new.raw_data().as_str()), (4, "\"four\""));
        assert_eq!((new.id(), new.metadata(), new.timestamp()), (old.id(), old.metadata(), old.timestamp()));
    }

    #[test]
    fn events_without_a_step_are_passed_on_as_they_are() {
        for event in [event("A", 3), event("B", 1), event("C", 1)] {
            assert_eq!(chain().upcast(event.clone()).unwrap(), event);
        }
    }

    #[test]
    fn a_failing_step_is_an_error() {
        assert_eq!(chain().upcast(event("Bad", 1)).unwrap_err().to_string(), "broken");
        let last = Upcasters::new()
            .step("A".try_into().unwrap(), SchemaVersion::new(u32::MAX), |_| Ok(Upcast::data("x")?));
        assert!(last.upcast(event("A", u32::MAX)).is_err());
    }
}
