//! A small host for tests, and an example of how to write one: [`Counters`].

mod command;
mod counter;
mod counters;

pub use command::{CounterCommand, CounterReply, OutOfBounds};
pub use counters::Counters;
