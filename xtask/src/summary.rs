//! The summary at the end: a table of the steps, what failed and how to run it again, and the count.

use std::fmt::Write;
use std::time::Duration;

use crate::failure::Failure;
use crate::step::{IgnoredTests, Outcome, Record};
use crate::test_output::TestRun;

/// The summary as text; its last line is `N passed, N failed, N skipped`.
pub(crate) fn render(records: &[Record]) -> String {
    let mut text = String::from("==> summary\n\n");
    text.push_str(&table(records));
    for record in records {
        if let Outcome::Failed { failure, .. } = &record.outcome {
            text.push_str(&failed(&record.name, failure));
        }
    }
    let _ = write!(text, "\n{}\n", Total::of(records));
    text
}

/// A duration as a person would say it.
pub(crate) fn time(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", took.as_secs_f64());
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

fn table(records: &[Record]) -> String {
    let heading = ["step", "result", "time", "passed", "failed", "ignored"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(heading).chain(records.iter().map(row)).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    rows.iter().map(|row| line(row, widths)).collect()
}

fn line(row: &[String; 6], widths: [usize; 6]) -> String {
    let mut line = String::new();
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        // Words to the left, numbers to the right.
        let _ = match column {
            0 | 1 => write!(line, "  {cell:<width$}"),
            _ => write!(line, "  {cell:>width$}"),
        };
    }
    format!("{}\n", line.trim_end())
}

fn row(record: &Record) -> [String; 6] {
    let (result, took, tests) = match &record.outcome {
        Outcome::Passed { took, tests } => ("ok", time(*took), Some(tests)),
        Outcome::Failed { took, failure } => ("FAILED", time(*took), Some(&failure.tests)),
        Outcome::NotRun => ("not run", String::new(), None),
    };
    let count = |of: fn(&TestRun) -> usize| match tests {
        Some(tests) if tests.executed() + tests.ignored > 0 => of(tests).to_string(),
        _ => String::new(),
    };
    [
        record.name.clone(),
        result.to_owned(),
        took,
        count(|tests| tests.passed),
        count(|tests| tests.failed),
        count(|tests| tests.ignored),
    ]
}

fn failed(name: &str, failure: &Failure) -> String {
    let mut text = format!("\nfailed: {name}: {}\n", failure.reason());
    for test in &failure.tests.failing {
        let _ = writeln!(text, "    {}: {}", test.place, test.name);
    }
    if let Some(again) = &failure.again {
        let _ = writeln!(text, "  only this again: {again}");
    }
    text
}

struct Total {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Total {
    fn of(records: &[Record]) -> Self {
        let mut total = Self { passed: 0, failed: 0, skipped: 0 };
        let mut ran_after_all = 0;
        for record in records {
            let tests = match &record.outcome {
                Outcome::Passed { tests, .. } => tests,
                Outcome::Failed { failure, .. } => &failure.tests,
                Outcome::NotRun => continue,
            };
            total.passed += tests.passed;
            total.failed += tests.failed;
            // A step that failed without a test (a lint, a build) counts once: "0 failed" never stands under a failure.
            let failed_otherwise = matches!(record.outcome, Outcome::Failed { .. }) && tests.failed == 0;
            total.failed += usize::from(failed_otherwise);
            total.skipped += tests.ignored;
            if record.ignored_tests == IgnoredTests::Run {
                ran_after_all += tests.executed();
            }
        }
        total.skipped = total.skipped.saturating_sub(ran_after_all);
        total
    }
}

impl std::fmt::Display for Total {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_output::FailingTest;

    fn counts(passed: usize, failed: usize, ignored: usize) -> TestRun {
        TestRun { passed, failed, ignored, failing: Vec::new() }
    }

    fn passed(name: &str, tests: TestRun) -> Record {
        let outcome = Outcome::Passed { took: Duration::from_millis(1500), tests };
        Record { name: name.to_owned(), ignored_tests: IgnoredTests::Left, outcome }
    }

    fn failed(name: &str, failure: Failure) -> Record {
        let outcome = Outcome::Failed { took: Duration::from_secs(62), failure };
        Record { name: name.to_owned(), ignored_tests: IgnoredTests::Left, outcome }
    }

    fn last_line(records: &[Record]) -> String {
        render(records).lines().last().unwrap().to_owned()
    }

    #[test]
    fn the_last_line_is_the_count() {
        assert_eq!(last_line(&[passed("unit", counts(7, 0, 2))]), "7 passed, 0 failed, 2 skipped");
    }

    #[test]
    fn ignored_tests_that_another_step_ran_are_not_skipped() {
        let mut nats = passed("nats", counts(3, 0, 0));
        nats.ignored_tests = IgnoredTests::Run;
        assert_eq!(last_line(&[passed("unit", counts(7, 0, 4)), nats]), "10 passed, 0 failed, 1 skipped");
    }

    #[test]
    fn a_step_that_failed_without_a_test_counts_as_one_failure() {
        let lints = failed("clippy", Failure::new("warnings"));
        assert_eq!(last_line(&[lints]), "0 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn a_failure_names_its_tests_and_the_command_for_them() {
        let mut tests = counts(0, 1, 0);
        let (place, name) = ("tests/append.rs".to_owned(), "stores_once".to_owned());
        tests.failing.push(FailingTest { place, name });
        let failure = Failure::new("1 test failed").with_tests(tests).with_again("cargo xtask test");
        let text = render(&[failed("unit", failure)]);
        assert!(text.contains("failed: unit: 1 test failed\n    tests/append.rs: stores_once\n"), "{text}");
        assert!(
            text.contains("only this again: cargo xtask test\n\n0 passed, 1 failed, 0 skipped\n"),
            "{text}"
        );
    }

    #[test]
    fn the_table_has_a_row_per_step() {
        let not_run = Record {
            name: "examples".to_owned(),
            ignored_tests: IgnoredTests::Left,
            outcome: Outcome::NotRun,
        };
        let expected = "  step      result    time  passed  failed  ignored\n\
                        \x20 unit      ok       1.5 s      12       0        3\n\
                        \x20 examples  not run\n";
        assert_eq!(table(&[passed("unit", counts(12, 0, 3)), not_run]), expected);
    }

    #[test]
    fn long_times_are_in_minutes() {
        assert_eq!(time(Duration::from_secs(62)), "1 min 02 s");
    }
}
