//! Consumer groups on the memory store, on a clock that moves when nothing else does.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod handlers;
mod sharing;
mod site;
