//! A model test: random commands against a store and against a simple reference, compared after each.
//!
//! A difference is shrunk to the shortest history that shows it, and printed with one line per command:
//!
//! ```text
//! the store differs from the model: after command 2, the events of actor1-b81758b76372f85c from version 1 on
//!   model: ["v1 e1 {\"n\":1}", "v2 e2 {\"n\":2}"]
//!   store: ["v2 e2 {\"n\":2}"]
//! the shortest history that shows it:
//!   1. handle 0: append 2 events to actor 1, expecting the current version
//!   2. handle 1: read actor 1 from version 1
//! ```
//!
//! Use it through [`event_store_model!`](crate::event_store_model) and
//! [`snapshot_store_model!`](crate::snapshot_store_model).

mod command;
mod compare;
mod display;
mod run;
mod snapshots;
mod strategy;
mod world;

use std::sync::Arc;

use aether_core::SnapshotStore;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::StoreUnderTest;
use crate::suite::{Fixture, Runner};

use self::command::History;
use self::snapshots::SnapshotAccess;

/// How many random histories a model test tries where nothing else is said. Fewer do for a store behind a server.
pub const CASES: u32 = 64;

/// Compares a store with the model under `cases` random histories, snapshots among the commands.
///
/// # Panics
///
/// When they differ, with the shortest history that shows it.
pub fn check<F: StoreUnderTest<Store: SnapshotStore>>(factory: impl FnOnce() -> F, cases: u32) {
    compare_with_model(factory, cases, Some(SnapshotAccess::of()));
}

/// Compares a store that keeps no snapshots with the model under `cases` random histories.
///
/// # Panics
///
/// When they differ, with the shortest history that shows it.
pub fn check_events<F: StoreUnderTest>(factory: impl FnOnce() -> F, cases: u32) {
    compare_with_model(factory, cases, None);
}

#[allow(clippy::panic)] // A test: a difference fails it.
fn compare_with_model<F: StoreUnderTest>(
    factory: impl FnOnce() -> F,
    cases: u32,
    snapshots: Option<SnapshotAccess<F::Store>>,
) {
    let runner = Runner::new();
    let factory = Arc::new(runner.enter(factory));
    let run = |history: History| {
        let (factory, deadline) = (Arc::clone(&factory), factory.deadline());
        runner.run(deadline, run::run(Fixture::new(factory), history, snapshots)).and_then(|outcome| outcome)
    };
    // Nothing is written beside the tests: the printed history is all that is needed.
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let outcome = TestRunner::new(config)
        .run(&strategy::history(snapshots.is_some()), |history| run(history).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(difference, history)) => {
            let (difference, history) = without_the_needless(difference.to_string(), history, run);
            panic!(
                "the store differs from the model: {difference}\n\
                 the shortest history that shows it:\n{history:?}"
            )
        }
        Err(TestError::Abort(reason)) => panic!("the model test was given up: {reason}"),
    }
}

/// Leaves out every command without which there still is a difference. Proptest tries that before it makes the commands
/// simple, and not again: what was needed then may be needless now.
fn without_the_needless(
    mut difference: String,
    mut history: History,
    run: impl Fn(History) -> Result<(), String>,
) -> (String, History) {
    let mut at = 0;
    while at < history.0.len() {
        let mut shorter = history.clone();
        shorter.0.remove(at);
        match run(shorter.clone()) {
            Err(still) => (difference, history) = (still, shorter),
            Ok(()) => at += 1,
        }
    }
    (difference, history)
}
