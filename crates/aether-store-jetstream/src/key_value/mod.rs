//! Small values by key, in a bucket of the kind that NATS clients and the `nats kv` tool know.

mod bucket;
mod builder;
mod change;
mod judge;
mod key;
mod look;
mod store;
mod together;

pub(crate) use bucket::{Bucket, atomic, is_atomic};
pub use builder::JetStreamKeyValueBuilder;
pub use store::JetStreamKeyValue;
