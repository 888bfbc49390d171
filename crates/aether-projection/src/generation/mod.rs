//! Generations of a projection: the next one is built beside the one that runs, and takes its place when it has caught up.

mod error;
mod handle;
mod record;
mod run;
mod store;

pub use error::GenerationError;
pub use handle::{GenerationHandle, GenerationStatus};
pub use record::{Generation, GenerationRecord, Stage};
pub use store::Generations;
