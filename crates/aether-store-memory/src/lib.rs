//! The embedded event store: everything of the contract, nothing outlives the process.
//!
//! The store for tests, for programs that need no durability, and the reference that other stores are compared with.
//!
//! ```
//! use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, RawJson, Version};
//! use aether_store_memory::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryStore::new();
//! let order = ActorId::new("order-123")?;
//! let placed = NewEvent::new("OrderPlaced".try_into()?, RawJson::parse(r#"{"total":99.99}"#)?);
//! store.append(&order, Expected::NoEvents, [placed]).await?;
//! assert_eq!(store.read_all(&order, Version::FIRST).await?.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! | what | default |
//! | --- | --- |
//! | namespace | none: announcements say `__internal__` |
//! | broadcaster | none |
//! | times | not kept: `StartAt::Time` is refused |

mod builder;
mod data;
mod follow;
mod history;
mod key_value;
mod log;
mod notes;
mod order;
mod read;
mod shards;
mod store;
mod subscribe;
mod waiting;

pub use builder::MemoryStoreBuilder;
pub use key_value::MemoryKeyValue;
pub use store::MemoryStore;
