//! Folding: rebuilding a state from its events, with snapshots or without.

mod load;
mod loader;
mod metrics;
mod policy;
mod state;
mod update;

pub use load::LoadError;
pub(crate) use load::load;
pub use loader::Loader;
pub use metrics::{SnapshotMetrics, SnapshotStats};
pub use policy::{Progress, SnapshotPolicy};
pub use state::{Loaded, State};
pub use update::UpdateError;
