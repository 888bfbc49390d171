//! The contracts of stores, and what extends them.

mod announcer;
mod append;
mod broadcast;
mod capabilities;
mod event_store;
mod ext;
mod head_cache;
mod recognize;
mod replay;
mod shared;
mod snapshot;
mod snapshot_store;

pub use announcer::Announcer;
pub use append::{AppendOptions, ClaimOptions, Commit, Expected, check_commit, number};
pub use broadcast::EventBroadcaster;
pub use capabilities::Capabilities;
pub use event_store::{Consistency, EventStore, Head, ReadOptions};
pub use ext::EventStoreExt;
pub use head_cache::HeadCache;
pub use recognize::{Recognized, recognize};
pub use replay::ReplayResult;
pub use shared::{RecordedStream, SharedStore};
pub use snapshot::{Snapshot, SnapshotWireError};
pub use snapshot_store::{SnapshotOutcome, SnapshotStore, SnapshotStoreExt};
