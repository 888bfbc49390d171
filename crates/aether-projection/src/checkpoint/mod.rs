//! Where checkpoints are kept for handlers that cannot keep them themselves.

mod error;
mod keeper;
mod key_value;
mod store;

pub(crate) use error::is_superseded;
pub use error::{CheckpointError, Superseded};
pub(crate) use keeper::Keeper;
pub use key_value::KeyValueCheckpoints;
pub use store::{CheckpointRecord, CheckpointStore, RunnerId, SavedCheckpoint};
