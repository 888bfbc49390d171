//! A store that fails on purpose: to test what is built on stores.
//!
//! ```
//! use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, RawJson};
//! use aether_testkit::FaultyStore;
//! use aether_testkit::reference::ReferenceStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = FaultyStore::new(ReferenceStore::new());
//! let (order, placed) = (ActorId::new("order-1")?, NewEvent::new("OrderPlaced".try_into()?, RawJson::NULL));
//!
//! store.drop_ack(1);
//! let error = store.append(&order, Expected::Any, [placed.clone()]).await.unwrap_err();
//! let unknown = error.unknown().ok_or("the acknowledgement was dropped")?;
//!
//! let repeated = store.append(&order, unknown.expected, [placed]).await?;
//! assert!(repeated.already_stored);
//! # Ok(())
//! # }
//! ```

mod fault;
mod plan;
mod rates;
mod snapshots;
mod store;
mod subscribe;

pub use fault::{Fault, Injected, InjectedFault, Operation};
pub use rates::Rates;
pub use store::FaultyStore;
