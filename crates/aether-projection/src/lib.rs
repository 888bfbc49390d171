//! Projections: what is derived from events, kept up to date, without a gap and without a repeat.
//!
//! - A [`Projection`] is given [`Batch`]es and says how far it has come. Whoever writes rows and checkpoint in one
//!   transaction has each event's effect exactly once.
//! - [`Checkpointed`] makes one of a plain [`Handler`] and a [`CheckpointStore`]: at least once.
//! - [`Views`] makes one of a [`View`], a read model by key in any key-value store: each event once.
//! - A [`Projector`] feeds it from any store: in batches, with a policy for errors, through restarts.
//! - [`Projector::start_generation`] builds the next [`Generation`] of a projection beside the one that runs, without its
//!   side effects, and lets it take the other's place.
//! - A [`group`] of processes shares the handling of events.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use aether_core::{ActorId, EventStoreExt, Expected, Filter, NewEvent, RawJson, RecordedEvent};
//! use aether_projection::{Checkpointed, KeyValueCheckpoints, Mode, Projector, handler_fn};
//! use aether_store_memory::{MemoryKeyValue, MemoryStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryStore::new();
//! let placed = NewEvent::new("OrderPlaced".try_into()?, RawJson::NULL);
//! store.append(&ActorId::new("order-1")?, Expected::NoEvents, [placed]).await?;
//!
//! let orders = Arc::new(Mutex::new(Vec::new()));
//! let handler = handler_fn({
//!     let orders = Arc::clone(&orders);
//!     move |event: &RecordedEvent, _: Mode| {
//!         orders.lock().map_err(|_| "poisoned")?.push(event.actor().clone());
//!         Ok::<_, &str>(())
//!     }
//! });
//! let checkpoints = KeyValueCheckpoints::new(MemoryKeyValue::new());
//! let projector = Projector::new("orders", store.clone()).filter(Filter::actor_type("order")?);
//! let running = projector.start(Checkpointed::new(handler, checkpoints, "orders"));
//!
//! let status = running.wait_until_caught_up().await?;
//! assert_eq!((status.events, status.lag), (1, Some(0)));
//! assert_eq!(orders.lock().map_err(|_| "poisoned")?.len(), 1);
//! running.stop().await?;
//! # Ok(())
//! # }
//! ```

mod batch;
mod checkpoint;
mod checkpointed;
mod generation;
pub mod group;
mod handler;
#[cfg(feature = "metrics")]
mod meter;
mod projection;
mod projector;
mod view;

pub use batch::{Batch, Mode};
pub use checkpoint::{
    CheckpointError, CheckpointRecord, CheckpointStore, KeyValueCheckpoints, RunnerId, SavedCheckpoint,
    Superseded,
};
pub use checkpointed::{Checkpointed, CheckpointedError};
pub use generation::{
    Generation, GenerationError, GenerationHandle, GenerationRecord, GenerationStatus, Generations, Stage,
};
pub use handler::{Handler, HandlerFn, handler_fn};
pub use projection::Projection;
pub use projector::{
    ErrorPolicy, MalformedPolicy, Projector, ProjectorError, ProjectorHandle, ProjectorState,
    ProjectorStatus, SkippedEvent,
};
pub use view::{View, ViewError, ViewProjection, Views};
