//! What the benchmarks of this repository share: contests between ours and a baseline, rows that say what must hold, and
//! plots.
//!
//! A benchmark is a program (`[[bench]]` with `harness = false`, beside the code that it measures). It lists its rows as
//! [`Goal`]s, measures them one after the other into a [`Report`], and leaves that where `$AETHER_BENCH_REPORT` says.
//! `cargo xtask bench` runs the programs, puts their reports together, prints the table and draws the plots.
//!
//! A row is a *ratio*: ours to a baseline that does the same in the same process, on the same server, with the same bytes.
//! The two take turns ([`interleave`]), and medians are compared, so that a machine that is slow today is slow for both.

mod contest;
mod plot;
mod program;
mod report;
mod row;
#[cfg(feature = "sample")]
pub mod sample;
mod svg;
mod table;

pub use contest::{interleave, median, percentile};
pub use plot::{Plot, Scale, Series};
pub use program::{Error, Program, Result};
pub use report::{Figures, Report, merge};
pub use row::{Better, Goal, Row};
pub use table::{markdown, text};
