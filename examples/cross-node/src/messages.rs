//! What is said, and where.

use aether::bus::{Delivery, Subscription};
use aether::{ActorId, Event, Namespace, NewEvent, Version};
use serde::{Deserialize, Serialize};

use crate::Result;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "eventType", content = "data")]
pub(crate) enum Said {
    BillingOpened,
    OrderPlaced { cents: u64 },
    InvoiceSent { cents: u64 },
    ShopClosed,
}

impl Said {
    pub(crate) fn of(&self, actor: &str) -> Result<Event> {
        Ok(Event::new(ActorId::new(actor)?, Version::FIRST, NewEvent::encode(self)?))
    }
}

/// Where orders are published: of one tenant.
pub(crate) fn orders() -> Result<Namespace> {
    Ok(Namespace::new("tenant-a.orders")?)
}

/// Where invoices are.
pub(crate) fn invoices() -> Result<Namespace> {
    Ok(Namespace::new("tenant-a.invoices")?)
}

/// The next that is said, with whom it is about; `None` at the end.
pub(crate) async fn next(heard: &mut Subscription) -> Result<Option<(ActorId, Said)>> {
    match heard.next().await {
        Some(Delivery::Event(event)) => Ok(Some((event.actor().clone(), event.decode()?))),
        Some(Delivery::Missed(missed)) => Err(format!("{missed} events were missed").into()),
        _ => Ok(None),
    }
}
