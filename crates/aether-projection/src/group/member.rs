//! One process's part in a group: what its tasks have in common.

use std::time::Duration;

use aether_core::{Filter, RetryPolicy};

use super::GroupStatus;
use super::handler::Outcome;
use super::record::Keys;
use super::state::Shared;

/// What the tasks of a member share.
#[derive(Debug)]
pub(crate) struct Member<S, K, H> {
    pub(crate) store: S,
    pub(crate) keys: K,
    pub(crate) handler: H,
    pub(crate) options: Options,
    /// The names of the group's keys.
    pub(crate) names: Keys,
    /// Who the member is.
    pub(crate) id: String,
    pub(crate) shared: Shared,
}

impl<S, K, H> Member<S, K, H> {
    /// Returns how it is doing.
    pub(crate) fn status(&self) -> GroupStatus {
        let state = self.shared.lock();
        GroupStatus {
            slices: state.held.keys().copied().collect(),
            handled: state.counts.handled,
            failures: state.counts.failures,
            malformed: state.counts.malformed,
            open: state.held.values().map(|held| held.tracker.open()).sum(),
            parked: state.parked(),
            lag: state.lag,
            failure: state.failure.as_ref().map(ToString::to_string),
        }
    }
}

/// What was said of the group when the member was started.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) name: String,
    pub(crate) slices: u32,
    pub(crate) lanes: usize,
    pub(crate) filter: Filter,
    /// How long a slice is its holder's without a sign of life.
    pub(crate) lease: Duration,
    /// How often checkpoints are written down.
    pub(crate) record_every: Duration,
    pub(crate) retry: RetryPolicy,
    /// How long the handler may give no sign.
    pub(crate) patience: Duration,
}

impl Options {
    /// Returns after how long the handler is called again, and why, after it was called so often; never, after the last time.
    pub(crate) fn after(
        &self,
        attempts: u32,
        outcome: Result<Outcome, String>,
    ) -> (Option<Duration>, String) {
        let delay = self.retry.delay(attempts, fastrand::f64());
        match outcome {
            Ok(Outcome::Retry(wished)) => (delay.map(|_| wished), "it is to be tried again later".to_owned()),
            Ok(Outcome::Done) => (delay, String::new()),
            Err(error) => (delay, error),
        }
    }

    /// How often signs of life are given and looked for.
    pub(crate) fn tick(&self) -> Duration {
        self.lease / 3
    }
}
