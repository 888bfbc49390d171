//! Real processes, real servers, faults: five nodes over three servers, and a checker that reads only the log and what clients were told.
//!
//! `node` is a process of its own: this program, run again. It keeps counters in its shards, asks counters of all nodes, and writes down
//! what it was told (`history`). `nodes` starts and stops them, `nemesis` makes the faults at a `site`. Afterwards `log` reads what was
//! stored with a plain client, and `check` compares: it uses none of the cluster's code and none of the store's.
//! `cargo xtask chaos cluster` is the long form of the test in `storms`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod check;
mod history;
mod log;
mod nemesis;
mod node;
mod nodes;
mod site;
mod storms;
