//! For tests: a small host, which is an example of how to write one, [`Counters`]; and what calls a host without a cluster, [`ownership`].

mod command;
mod counter;
mod counters;
mod ownership;

pub use command::{CounterCommand, CounterReply, OutOfBounds};
pub use counters::Counters;
pub use ownership::{drain, ownership};
