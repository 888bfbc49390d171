//! Event sourcing on NATS JetStream, as primitives that compose.
//!
//! This crate only re-exports: [`core`] and, behind features, the stores and what is built on them. Depend on it, or on the single crates.
//!
//! | feature | adds | default |
//! | --- | --- | --- |
//! | `memory` | `MemoryStore`, the embedded store, and `MemoryKeyValue` | yes |
//! | `jetstream` | `JetStreamStore`, the durable and distributed one, and `JetStreamKeyValue` | |
//! | `projection` | `projection`: read models that follow a store, and are rebuilt beside the running ones | |
//! | `bus` | `bus`: publishing to namespaces and subscribing by pattern, with every gap announced | |
//! | `bus-nats` | `bus::NatsEventBus`: the bus that spans nodes | |
//! | `cluster` | `cluster`: nodes that share actors by shards over NATS, and messages that find the owner | |
//! | `metrics` | what the bus, clusters, subscriptions, projections and groups count, through the `metrics` facade | |
//! | `tokio` | `retry::tokio_sleep`, the sleep of retries | |
//!
//! ```
//! # #[cfg(feature = "memory")] {
//! use aether::{ActorId, EventStoreExt, Expected, MemoryStore, NewEvent, SnapshotStoreExt, State};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(tag = "eventType", content = "data")]
//! enum OrderEvent {
//!     OrderPlaced { total: f64 },
//!     OrderShipped { tracking: String },
//! }
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Order {
//!     total: f64,
//!     tracking: Option<String>,
//! }
//!
//! impl State for Order {
//!     type Event = OrderEvent;
//!
//!     fn apply(&mut self, event: OrderEvent) {
//!         match event {
//!             OrderEvent::OrderPlaced { total } => self.total = total,
//!             OrderEvent::OrderShipped { tracking } => self.tracking = Some(tracking),
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryStore::new();
//! let order = ActorId::new("order-123")?;
//!
//! let placed = NewEvent::encode(&OrderEvent::OrderPlaced { total: 99.99 })?;
//! let commit = store.append(&order, Expected::NoEvents, [placed]).await?;
//!
//! let shipped = NewEvent::encode(&OrderEvent::OrderShipped { tracking: "FS123456".into() })?;
//! store.append(&order, Expected::Exactly(commit.version), [shipped]).await?;
//!
//! let state: Order = store.fold(&order).await?;
//! assert_eq!(state.tracking.as_deref(), Some("FS123456"));
//! # Ok(())
//! # }
//! # main().unwrap();
//! # }
//! ```

#[cfg(feature = "bus")]
#[doc(inline)]
pub use aether_bus as bus;
#[cfg(feature = "cluster")]
#[doc(inline)]
pub use aether_cluster as cluster;
#[doc(no_inline)]
pub use aether_core as core;
#[doc(inline)]
pub use aether_core::*;
#[cfg(feature = "projection")]
#[doc(inline)]
pub use aether_projection as projection;
#[cfg(feature = "jetstream")]
#[doc(inline)]
pub use aether_store_jetstream::{
    HintCounts, JetStreamKeyValue, JetStreamKeyValueBuilder, JetStreamStore, JetStreamStoreBuilder,
    OpenError, Retention,
};
#[cfg(feature = "memory")]
#[doc(inline)]
pub use aether_store_memory::{MemoryKeyValue, MemoryStore, MemoryStoreBuilder};
#[cfg(any(feature = "jetstream", feature = "bus-nats", feature = "cluster"))]
#[doc(no_inline)]
pub use async_nats;

/// Runs the code of the README as a test.
#[cfg(all(doctest, feature = "memory"))]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// Runs the code of the guide to projections as a test.
#[cfg(all(doctest, feature = "memory", feature = "projection"))]
#[doc = include_str!("../../../docs/projections.md")]
struct Projections;

/// Runs the code of the guide to subscriptions as a test.
#[cfg(all(doctest, feature = "memory", feature = "projection"))]
#[doc = include_str!("../../../docs/subscriptions.md")]
struct Subscriptions;

/// Runs the code of the guide to the bus as a test.
#[cfg(all(doctest, feature = "memory", feature = "bus"))]
#[doc = include_str!("../../../docs/bus.md")]
struct Bus;

/// Runs the code of the guide to clusters as a test.
#[cfg(all(doctest, feature = "cluster", feature = "jetstream"))]
#[doc = include_str!("../../../docs/cluster.md")]
struct Cluster;
