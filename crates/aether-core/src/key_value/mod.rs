//! Small values by key, changed only by who knows what is there: what checkpoints and leases are kept in.

mod contract;
mod shared;

pub use contract::{Change, Entry, KeyValue, Revision};
pub use shared::SharedKeyValue;
