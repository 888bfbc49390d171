//! The bus across nodes, on real servers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod faults;
mod restricted;
mod seed;
mod site;
mod stored;
mod suite;
mod wire;
