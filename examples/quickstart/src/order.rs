//! Orders: what can happen to one, what it then is, and what may be decided about it. No store in sight.

use std::fmt;

use aether::event::EncodeError;
use aether::{NewEvent, State};
use serde::{Deserialize, Serialize};

/// What can happen to an order. The enum is the wire form: the variant is `eventType`, its fields are `data`.
#[derive(Serialize, Deserialize)]
#[serde(tag = "eventType", content = "data")]
pub(crate) enum OrderEvent {
    OrderPlaced { total: f64, items: u32 },
    OrderShipped { carrier: String, tracking: String },
}

/// What an order is, after all that happened to it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Order {
    status: Status,
    total: f64,
    items: u32,
    tracking: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    New,
    Placed,
    Shipped,
}

impl State for Order {
    type Event = OrderEvent;

    fn apply(&mut self, event: OrderEvent) {
        match event {
            OrderEvent::OrderPlaced { total, items } => {
                (self.status, self.total, self.items) = (Status::Placed, total, items);
            }
            OrderEvent::OrderShipped { tracking, .. } => {
                (self.status, self.tracking) = (Status::Shipped, tracking);
            }
        }
    }
}

impl Order {
    /// Places an order that is new; one that was placed already stays as it is.
    pub(crate) fn place(&self, total: f64, items: u32) -> Result<Vec<NewEvent>, EncodeError> {
        match self.status {
            Status::New => Ok(vec![NewEvent::encode(&OrderEvent::OrderPlaced { total, items })?]),
            Status::Placed | Status::Shipped => Ok(Vec::new()),
        }
    }

    /// Ships an order that is placed.
    pub(crate) fn ship(&self, carrier: &str, tracking: &str) -> Result<Vec<NewEvent>, EncodeError> {
        let (carrier, tracking) = (carrier.to_owned(), tracking.to_owned());
        match self.status {
            Status::Placed => Ok(vec![NewEvent::encode(&OrderEvent::OrderShipped { carrier, tracking })?]),
            Status::New | Status::Shipped => Ok(Vec::new()),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            Status::New => "new",
            Status::Placed => "placed",
            Status::Shipped => "shipped",
        };
        write!(f, "Status: {status}\n  Total: ${:.2}\n  Tracking: {}", self.total, self.tracking)
    }
}
