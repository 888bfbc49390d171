//! What makes a [`Node`] run over NATS: one task that owns it, tells it what happens and carries out what it wants.
//!
//! All decisions are the node's. Nothing here waits in the task but for what happens next.

mod board;
mod counts;
mod hint;
mod publish;
mod run;
mod tasks;
mod told;
mod watching;

pub(crate) use board::{Board, Locals};
pub(crate) use counts::Counts;
pub(crate) use run::{Driver, Parts};
pub(crate) use tasks::Task;
pub(crate) use told::Told;

#[cfg(doc)]
use crate::protocol::Node;
