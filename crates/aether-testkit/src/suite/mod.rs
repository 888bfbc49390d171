//! What the suites stand on: the store under test, the fixture of one fact, and the runner.

// This is test code that is compiled into the tests of others: a fact that does not hold panics, and so may what
// prepares it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub(crate) mod ability;
pub(crate) mod check;
mod fact;
mod fixture;
mod runner;
pub(crate) mod sample;
mod shared;
mod under_test;

pub use fact::Fact;
pub(crate) use fixture::{Fixture, actor};
pub(crate) use runner::Runner;
pub(crate) use shared::Shared;
pub use under_test::StoreUnderTest;
