//! Rooms and asks of several nodes, on a real server.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod asks;
mod hostile;
mod moves;
mod script;
mod site;
