//! Clusters of the real protocols, simulated: thousands of seeds, each with its own faults, each the same whenever it runs.
//!
//! `AETHER_SIMULATE_FROM` and `AETHER_SIMULATE_SEEDS` choose which; `cargo xtask simulate` sets them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test, also outside of its test functions"
)]

mod bucket;
mod client;
mod faults;
mod host;
mod log;
mod mutations;
mod network;
mod process;
mod scenario;
mod seeds;
mod world;
