//! Why a step failed: the one error of this program, written for the person who reads the summary.

use std::error::Error;

use crate::test_output::TestRun;

pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

/// What went wrong, which tests had run by then, and how to run only that again.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    reason: String,
    pub(crate) tests: TestRun,
    pub(crate) again: Option<String>,
}

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    /// Adds what was tested before it went wrong.
    pub(crate) fn with_tests(mut self, tests: TestRun) -> Self {
        self.tests = tests;
        self
    }

    /// Adds the command that runs only what failed.
    pub(crate) fn with_again(mut self, command: impl Into<String>) -> Self {
        self.again = Some(command.into());
        self
    }

    /// Says what was being done when it went wrong.
    pub(crate) fn during(mut self, what: &str) -> Self {
        self.reason = format!("{what}: {}", self.reason);
        self
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }
}

// `Failure` is no `Error` itself: that is what lets `?` turn every error into one, its sources included.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            reason.push_str(": ");
            reason.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::new(reason)
    }
}
