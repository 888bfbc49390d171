//! Counters over the JetStream store, at nodes that come, go and are operated, from the side of those who ask.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod fence;
mod load;
mod moves;
mod operators;
mod permitted;
mod refused;
mod restart;
#[path = "../nats/site.rs"]
#[allow(dead_code, reason = "shared with another target, which needs the rest")]
mod site;
mod town;
