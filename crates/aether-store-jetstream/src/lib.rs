//! The durable, distributed event store: histories in a NATS JetStream stream, appended to with optimistic concurrency
//! that the server itself enforces.
//!
//! ```no_run
//! use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, RawJson};
//! use aether_store_jetstream::JetStreamStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = async_nats::connect("nats://127.0.0.1:4222").await?;
//! let store = JetStreamStore::builder(client, "orders".try_into()?).open().await?;
//! let order = ActorId::new("order-123")?;
//! let placed = NewEvent::new("OrderPlaced".try_into()?, RawJson::parse(r#"{"total":99.99}"#)?);
//! store.append(&order, Expected::NoEvents, [placed]).await?;
//! # Ok(())
//! # }
//! ```
//!
//! | what | default | set by |
//! | --- | --- | --- |
//! | namespace | none | [`namespace`](JetStreamStoreBuilder::namespace) |
//! | partitions | 1 | [`partitions`](JetStreamStoreBuilder::partitions) |
//! | replicas of a new stream | 1 | [`replicas`](JetStreamStoreBuilder::replicas) |
//! | retention of a new stream | one year | [`retention`](JetStreamStoreBuilder::retention) |
//! | reserving versions (anchors) | no | [`anchors`](JetStreamStoreBuilder::anchors) |
//! | changing an existing stream | no | [`change_stream`](JetStreamStoreBuilder::change_stream) |
//! | deadline of an append | 5 s | [`deadline`](JetStreamStoreBuilder::deadline) |
//! | wait for one answer | 2 s | [`answer_timeout`](JetStreamStoreBuilder::answer_timeout) |
//! | requests in flight | 16,384 | [`max_in_flight`](JetStreamStoreBuilder::max_in_flight) |
//! | actors whose head is cached | 100,000 | [`cached_heads`](JetStreamStoreBuilder::cached_heads) |
//! | API prefix | `$JS.API` | [`domain`](JetStreamStoreBuilder::domain), [`api_prefix`](JetStreamStoreBuilder::api_prefix) |
//! | audit (digests) | off | [`audit`](JetStreamStoreBuilder::audit) |
//! | broadcaster | none | [`broadcaster`](JetStreamStoreBuilder::broadcaster) |

mod adopt;
mod anchor;
mod api;
mod append;
mod assemble;
mod batch;
mod builder;
mod cache;
mod claim;
mod config;
mod consumer;
mod deadline;
mod digest;
mod encode;
mod error;
mod feed;
mod follow;
mod frame;
mod hashed;
mod head;
mod headers;
mod hint;
mod inbox;
mod key_value;
mod labels;
mod lanes;
mod layout;
mod mechanism;
mod names;
mod open;
mod outcome;
mod owner;
mod page;
mod partition;
mod partitions;
mod plan;
mod push;
mod read;
mod refuse;
mod rewound;
mod seek;
mod settle;
mod shared_subject;
mod snapshots;
mod spread;
mod store;
mod subject;
mod subscribe;
mod trace;
mod trail;
mod waiting;

/// The client that stores are built on, in the version that they take.
pub use async_nats;
pub use builder::{JetStreamStoreBuilder, Retention};
pub use error::OpenError;
pub use hint::HintCounts;
pub use key_value::{JetStreamKeyValue, JetStreamKeyValueBuilder};
#[cfg(feature = "testing")]
pub use mechanism::Mechanism;
pub use store::JetStreamStore;
