//! Steps: run one after the other until one fails.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};
use crate::summary;
use crate::test_output::TestRun;

/// One row of the table at the end.
pub(crate) struct Step<'a> {
    name: String,
    again: String,
    ignored_tests: IgnoredTests,
    action: Box<dyn FnOnce() -> Result<TestRun> + 'a>,
}

/// What a step does with the tests that need a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum IgnoredTests {
    #[default]
    Left,
    /// It runs the tests that the other steps ignore, so these were not skipped.
    Run,
}

impl<'a> Step<'a> {
    /// A step without tests; `again` is the command that runs only it.
    pub(crate) fn new(
        name: impl Into<String>,
        again: impl Into<String>,
        action: impl FnOnce() -> Result + 'a,
    ) -> Self {
        Self::of_tests(name, again, || action().map(|()| TestRun::default()))
    }

    /// A step that runs tests.
    pub(crate) fn of_tests(
        name: impl Into<String>,
        again: impl Into<String>,
        action: impl FnOnce() -> Result<TestRun> + 'a,
    ) -> Self {
        Self {
            name: name.into(),
            again: again.into(),
            ignored_tests: IgnoredTests::Left,
            action: Box::new(action),
        }
    }

    /// Says that the step runs the tests that other steps ignore.
    pub(crate) fn running_ignored_tests(mut self) -> Self {
        self.ignored_tests = IgnoredTests::Run;
        self
    }
}

/// What became of a step.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) ignored_tests: IgnoredTests,
    pub(crate) outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Passed { took: Duration, tests: TestRun },
    Failed { took: Duration, failure: Failure },
    NotRun,
}

/// Runs the steps up to the first that fails, and prints the summary.
pub(crate) fn run_all(steps: Vec<Step<'_>>) -> ExitCode {
    let mut records: Vec<Record> = Vec::with_capacity(steps.len());
    for step in steps {
        let go_on = records.last().is_none_or(|last| matches!(last.outcome, Outcome::Passed { .. }));
        let Step { name, again, ignored_tests, action } = step;
        let outcome = if go_on { run(&name, again, action) } else { Outcome::NotRun };
        records.push(Record { name, ignored_tests, outcome });
    }
    print!("{}", summary::render(&records));
    match records.iter().all(|record| matches!(record.outcome, Outcome::Passed { .. })) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn run<'a>(name: &str, again: String, action: Box<dyn FnOnce() -> Result<TestRun> + 'a>) -> Outcome {
    println!("==> {name}");
    let started = Instant::now();
    let result = action();
    let took = started.elapsed();
    match result {
        Ok(tests) => {
            println!("    {name}: ok, {}\n", summary::time(took));
            Outcome::Passed { took, tests }
        }
        Err(failure) => {
            let again = failure.again.clone().unwrap_or(again);
            println!("    {name}: FAILED, {}: {}\n", summary::time(took), failure.reason());
            Outcome::Failed { took, failure: failure.with_again(again) }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn steps_after_a_failed_one_are_not_run() {
        let ran = Cell::new(0);
        let count = || {
            ran.set(ran.get() + 1);
            Ok(())
        };
        let steps = vec![
            Step::new("one", "x", count),
            Step::new("two", "x", || Err(Failure::new("no"))),
            Step::new("three", "x", count),
        ];
        assert_eq!(format!("{:?}", run_all(steps)), format!("{:?}", ExitCode::FAILURE));
        assert_eq!(ran.get(), 1);
    }
}
