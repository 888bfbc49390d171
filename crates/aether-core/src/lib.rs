//! Event sourcing primitives: what every crate of Aether shares, and nothing that does I/O.
//!
//! An *actor* (elsewhere: aggregate, entity) is one consistency boundary with one history of [`Event`]s. Writers
//! append to it with the [`Expected`] version they believe it has, and the store refuses who is late; readers rebuild
//! state by folding the history. This crate has the values, the errors, and the traits that stores implement:
//!
//! - values, parsed once at the boundary: [`ActorId`], [`EventId`], [`EventType`], [`Version`], [`Position`],
//!   [`Checkpoint`], [`Timestamp`], [`Epoch`] and the rest of [`id`];
//! - [`Event`] and [`NewEvent`]: immutable, shared, with their data as raw JSON until somebody asks for it;
//! - [`EventStore`] and [`SnapshotStore`]: the contracts, with their conveniences in [`EventStoreExt`] and
//!   [`SnapshotStoreExt`], and [`SharedStore`] for run-time choice;
//! - [`Subscribe`]: following a whole store, with a [`Filter`], from anywhere [to start at](StartAt);
//! - [`State`], [`Loader`], [`SnapshotPolicy`]: folding, with snapshots or without;
//! - [`Upcasters`], which bring old events up to date on every read;
//! - [`RetryPolicy`]: what to do about a conflict.
//!
//! ```
//! use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, SnapshotStoreExt, State};
//! use aether_store_memory::MemoryStore;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(tag = "eventType", content = "data")]
//! enum CartEvent {
//!     Opened,
//!     ItemAdded { sku: String },
//! }
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Cart {
//!     items: Vec<String>,
//! }
//!
//! impl State for Cart {
//!     type Event = CartEvent;
//!
//!     fn apply(&mut self, event: CartEvent) {
//!         if let CartEvent::ItemAdded { sku } = event {
//!             self.items.push(sku);
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryStore::new();
//! let cart = ActorId::new("cart-7")?;
//! let events = [
//!     NewEvent::encode(&CartEvent::Opened)?,
//!     NewEvent::encode(&CartEvent::ItemAdded { sku: "tea".into() })?,
//! ];
//! store.append(&cart, Expected::NoEvents, events).await?;
//! let state: Cart = store.fold(&cart).await?;
//! assert_eq!(state.items, ["tea"]);
//! # Ok(())
//! # }
//! ```

pub mod error;
pub mod event;
pub mod fold;
pub mod id;
mod json;
pub mod key_value;
pub mod retry;
pub mod store;
pub mod subscription;
mod timestamp;
mod trace;
pub mod upcast;

pub use error::{AppendError, KeyValueError, ReadError, ReplayError, SnapshotError, SubscriptionError};
pub use event::{Event, EventStored, Metadata, NewEvent, RecordedEvent};
pub use fold::{Loaded, Loader, SnapshotPolicy, State};
pub use id::{
    ActorId, ActorType, Checkpoint, CommandId, Epoch, EventId, EventType, Namespace, Position, SchemaVersion,
    StreamName, Version,
};
pub use json::{JsonError, JsonKind, RawJson};
pub use key_value::{KeyValue, SharedKeyValue};
pub use retry::RetryPolicy;
pub use store::{
    AppendOptions, Capabilities, ClaimOptions, Commit, Consistency, EventBroadcaster, EventStore,
    EventStoreExt, Expected, Head, HeadCache, ReadOptions, ReplayResult, SharedStore, Snapshot,
    SnapshotOutcome, SnapshotStore, SnapshotStoreExt,
};
pub use subscription::{
    Delivery, Filter, StartAt, Subscribe, Subscription, SubscriptionMonitor, SubscriptionStatus,
};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use trace::{InvalidTraceParent, TraceParent};
pub use upcast::{Upcasters, Upcasting};
