//! Running a projection.

mod apply;
mod board;
mod builder;
mod control;
mod error;
mod gather;
mod handle;
mod policy;
pub(crate) mod quiet;
mod run;
mod status;

pub(crate) use board::Board;
pub use builder::Projector;
pub(crate) use control::Remote;
pub use error::ProjectorError;
pub use handle::ProjectorHandle;
pub use policy::{ErrorPolicy, MalformedPolicy, SkippedEvent};
pub use status::{ProjectorState, ProjectorStatus};
