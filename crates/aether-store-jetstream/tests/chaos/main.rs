//! Races and faults: processes that append to the same actors while answers are dropped, links cut and servers
//! killed, and a checker that reads only the stream and what the processes say they were told.
//!
//! `worker` is a process of its own: this program, run again. It writes its `history` and checks nothing; `actors` says
//! whom its tasks write to. `nemesis` makes the faults at a `site` of one or three servers. `log` reads the stream with a
//! plain client, `check` compares: it uses none of the store's code. `cargo xtask chaos store` is the long form of the tests
//! in `races`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod actors;
mod check;
mod choice;
mod content;
mod deposed;
mod followed;
mod follower;
mod history;
mod log;
mod mechanisms;
mod nemesis;
mod races;
mod round;
mod site;
mod summary;
mod worker;
mod workers;
