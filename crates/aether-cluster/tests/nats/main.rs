//! Nodes over real servers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod broadcast;
mod deaths;
mod hostile;
mod joining;
mod links;
mod maps;
mod operators;
mod site;
