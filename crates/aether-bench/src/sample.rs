//! Events to measure with: about 256 bytes on the wire, as the facts that the design rests on were measured with.

use aether_core::{ActorId, EventType, NewEvent, RawJson};
use serde::{Deserialize, Serialize};

use crate::Result;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "eventType", content = "data")]
pub enum OrderEvent {
    /// Something was added to an order.
    LineAdded {
        /// What.
        sku: String,
        /// How often.
        quantity: u32,
        /// In cents.
        price: u64,
        /// Where from.
        warehouse: String,
    },
}

/// A maker of events: fresh ids, shared data.
#[derive(Debug, Clone)]
pub struct Events {
    kind: EventType,
    data: RawJson,
}

impl Events {
    /// Prepares the data once.
    ///
    /// # Errors
    ///
    /// None that was ever seen: the data is always the same.
    pub fn new() -> Result<Self> {
        let (sku, warehouse) = ("TEA-0042-GREEN-250G".to_owned(), "hamburg-speicherstadt-2".to_owned());
        let event = NewEvent::encode(&OrderEvent::LineAdded { sku, quantity: 3, price: 4_250, warehouse })?;
        Ok(Self { kind: event.event_type().clone(), data: event.raw_data().clone() })
    }

    /// Makes one event.
    #[must_use]
    pub fn one(&self) -> NewEvent {
        NewEvent::new(self.kind.clone(), self.data.clone())
    }

    /// Makes some events.
    #[must_use]
    pub fn some(&self, count: usize) -> Vec<NewEvent> {
        (0..count).map(|_| self.one()).collect()
    }
}

/// Makes actors `order-NAME-0`, `order-NAME-1`, and so on.
///
/// # Errors
///
/// A name that is no part of an id.
pub fn actors(name: &str, count: usize) -> Result<Vec<ActorId>> {
    (0..count).map(|index| actor(name, index)).collect()
}

/// Makes the actor `order-NAME-INDEX`.
///
/// # Errors
///
/// A name that is no part of an id.
pub fn actor(name: &str, index: usize) -> Result<ActorId> {
    Ok(ActorId::new(format!("order-{name}-{index}"))?)
}

#[cfg(test)]
mod tests {
    use aether_core::event::wire;
    use aether_core::{Event, Version};

    use super::*;

    #[test]
    fn an_event_has_about_256_bytes_and_reads_back() {
        let event = Events::new().unwrap().one();
        let event = Event::new(actor("load", 123).unwrap(), Version::FIRST, event);
        let mut bytes = Vec::new();
        wire::encode(&event, &mut bytes);
        assert!((248..=264).contains(&bytes.len()), "{} bytes", bytes.len());
        let OrderEvent::LineAdded { quantity, .. } = event.decode().unwrap();
        assert_eq!(quantity, 3);
    }
}
