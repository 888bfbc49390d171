//! What a node tells the `metrics` facade; nothing without the feature `metrics`.

mod node;
mod route;

pub(crate) use node::Meter;
pub(crate) use route::{AskMeter, RoomMeter};
