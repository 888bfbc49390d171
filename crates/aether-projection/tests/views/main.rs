//! Views on JetStream: in the way that the server can, which `cargo xtask test` has old and new ones of.
//!
//! A worker is a process of its own: this program, run again. It keeps the view up to date until it is killed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../common/mod.rs"]
mod common;
mod going_on;
mod killed;
mod leaders;
mod site;
mod worker;
