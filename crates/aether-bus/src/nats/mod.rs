//! The bus that spans nodes.

mod builder;
mod bus;
mod content;
mod error;
mod feed;
mod outbox;
mod probe;
mod registry;
mod shared;
mod subject;
mod tasks;
mod tracks;
mod wire;

use std::fmt;

pub use builder::NatsEventBusBuilder;
pub use bus::NatsEventBus;
pub use error::{FlushError, OpenError};

/// Names a node: one opened bus. No two have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u128);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
