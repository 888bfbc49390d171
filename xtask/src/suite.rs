//! The tests: `test` runs all of them, `integration` only those that need a server.

use std::cell::OnceCell;
use std::process::{Command, ExitCode};

use crate::cli::{Replicas, ServerChoice};
use crate::failure::{Failure, Result};
use crate::matrix::{self, Column};
use crate::process::{self, Keep, quoted};
use crate::server::{self, Binary};
use crate::step::{self, Step};
use crate::test_output::{self, TestRun};
use crate::workspace::Workspace;

/// What to test, and with which servers.
#[derive(Debug)]
pub(crate) struct Suites {
    pub(crate) server: ServerChoice,
    pub(crate) replicas: Replicas,
    pub(crate) keep: bool,
    /// Arguments of the test programs, mostly parts of names.
    pub(crate) filter: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    NatsBacked,
}

pub(crate) fn run(workspace: &Workspace, suites: &Suites, part: Part) -> Result<ExitCode> {
    let binary = OnceCell::new();
    Ok(step::run_all(steps(workspace, suites, part, &binary)))
}

/// The steps of `test`, which are also steps of `ci`. The first fills `binary` for the others.
pub(crate) fn steps<'a>(
    workspace: &'a Workspace,
    suites: &'a Suites,
    part: Part,
    binary: &'a OnceCell<Binary>,
) -> Vec<Step<'a>> {
    // First of all, so that a problem with the download shows at once.
    let mut steps = vec![Step::new("nats-server", suites.again("integration"), || {
        let obtained = server::obtain(workspace, &suites.server)?;
        println!("    {}", obtained.describe());
        let _ = binary.set(obtained);
        Ok(())
    })];
    if part == Part::All {
        steps.push(suites.unit(workspace));
    }
    steps.push(suites.nats_backed(workspace, part, binary));
    if part == Part::All && suites.is_plain() {
        steps.extend(matrix::columns().into_iter().map(|column| in_column(workspace, column)));
    }
    steps
}

/// The suites of the stores, and of views, on another server.
fn in_column(workspace: &Workspace, column: Column) -> Step<'_> {
    let Column { name, server, replicas, targets } = column;
    let suites = Suites { server, replicas, keep: false, filter: Vec::new() };
    let again = suites.again("integration");
    Step::of_tests(name, again.clone(), move || {
        let binary = server::obtain(workspace, &suites.server)?;
        let mut command = workspace.cargo(["test", "--all-features", "--no-fail-fast"]);
        command.args(matrix::PACKAGES.iter().flat_map(|package| ["--package", package]));
        command.args(targets.iter().flat_map(|target| ["--test", target]));
        command.args(["--", "--ignored"]);
        suites.on(&mut command, &binary);
        let tests = judged(command, &format!("{again} --"))?;
        if tests.executed() == 0 { Err(no_test_ran(&[])) } else { Ok(tests) }
    })
    .running_ignored_tests()
}

impl Suites {
    /// Says whether nothing was chosen: then every server is tested.
    fn is_plain(&self) -> bool {
        let chosen = self.server.server.is_some() || self.server.server_version.is_some();
        !chosen && self.filter.is_empty() && !self.keep && self.replicas == Replicas::One
    }

    /// What `ci` tests: everything, with one server.
    pub(crate) fn everything() -> Self {
        let server = ServerChoice::any();
        Self { server, replicas: Replicas::One, keep: false, filter: Vec::new() }
    }

    fn unit<'a>(&'a self, workspace: &'a Workspace) -> Step<'a> {
        let plain = ["test", "--workspace", "--all-features", "--no-fail-fast", "--"];
        let again = "cargo test --workspace --all-features --";
        Step::of_tests("unit, conformance and doc tests", again.trim_end_matches(" --"), move || {
            let mut command = workspace.cargo(plain);
            command.args(&self.filter);
            judged(command, again)
        })
    }

    fn nats_backed<'a>(
        &'a self,
        workspace: &'a Workspace,
        part: Part,
        binary: &'a OnceCell<Binary>,
    ) -> Step<'a> {
        let again = self.again("integration");
        let name = format!("NATS-backed suite, replicas {}", self.replicas.digit());
        Step::of_tests(name, again.clone(), move || {
            let binary = binary.get().ok_or_else(|| Failure::new("there is no nats-server"))?;
            let tests = judged(self.nats_command(workspace, binary), &format!("{again} --"))?;
            // `test -- NAME` may well name a test that needs no server.
            let must_run = part == Part::NatsBacked || self.filter.is_empty();
            if must_run && tests.executed() == 0 {
                return Err(no_test_ran(&self.filter));
            }
            Ok(tests)
        })
        .running_ignored_tests()
    }

    fn nats_command(&self, workspace: &Workspace, binary: &Binary) -> Command {
        let plain = ["test", "--workspace", "--all-features", "--no-fail-fast", "--tests", "--", "--ignored"];
        let mut command = workspace.cargo(plain);
        command.args(&self.filter);
        self.on(&mut command, binary);
        command
    }

    /// Has the tests use this server.
    fn on(&self, command: &mut Command, binary: &Binary) {
        command.env("NATS_SERVER", binary.path());
        command.env("AETHER_TEST_REPLICAS", self.replicas.digit());
        if self.keep {
            command.env("AETHER_TEST_KEEP", "1");
        }
    }

    /// The command that runs this part again, with the same servers.
    fn again(&self, command: &str) -> String {
        let mut again = format!("cargo xtask {command}");
        if let Some(path) = &self.server.server {
            again.push_str(&format!(" --server {}", quoted(&path.to_string_lossy())));
        }
        if let Some(version) = &self.server.server_version {
            again.push_str(&format!(" --server-version {version}"));
        }
        if self.replicas == Replicas::Three {
            again.push_str(" --replicas 3");
        }
        again
    }
}

/// Runs test programs and counts; `again` with the names of the failing tests is how to run these again.
fn judged(mut command: Command, again: &str) -> Result<TestRun> {
    use std::io::IsTerminal;

    // Its output goes through a pipe, where cargo would drop the colors.
    if std::io::stdout().is_terminal() && std::env::var_os("CARGO_TERM_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    println!("    {}", process::name(&command));
    let name = process::name(&command);
    let ended = process::tee(command, Keep::OutputAndErrors, None)?;
    let tests = test_output::parse(&ended.text);
    judge(&name, ended.status.success(), tests, again)
}

fn judge(name: &str, succeeded: bool, tests: TestRun, again: &str) -> Result<TestRun> {
    if succeeded && tests.failed == 0 {
        return Ok(tests);
    }
    if tests.failing.is_empty() {
        let reason = format!("`{name}` failed, and not by a test: see its output above");
        return Err(Failure::new(reason).with_tests(tests));
    }
    let reason = match tests.failed {
        1 => "1 test failed".to_owned(),
        failed => format!("{failed} tests failed"),
    };
    let names: Vec<String> = tests.failing.iter().map(|test| quoted(&test.name)).collect();
    Err(Failure::new(reason).with_tests(tests).with_again(format!("{again} {}", names.join(" "))))
}

fn no_test_ran(filter: &[String]) -> Failure {
    Failure::new(match filter {
        [] => "no test ran: no test is marked as needing a nats-server".to_owned(),
        names => format!("no test ran: no NATS-backed test has a name with {}", names.join(" or ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_output::FailingTest;

    fn failing(names: &[&str]) -> TestRun {
        let test = |name: &&str| FailingTest { place: "p".to_owned(), name: (*name).to_owned() };
        TestRun { failed: names.len(), failing: names.iter().map(test).collect(), ..TestRun::default() }
    }

    #[test]
    fn failing_tests_are_run_again_by_name() {
        let failure = judge("x", false, failing(&["a::b", "lib.rs - c (line 3)"]), "go --").unwrap_err();
        assert_eq!(failure.reason(), "2 tests failed");
        assert_eq!(failure.again.as_deref(), Some("go -- a::b 'lib.rs - c (line 3)'"));
    }

    #[test]
    fn a_build_that_fails_is_a_failure_without_tests() {
        let failure = judge("cargo test", false, TestRun::default(), "go --").unwrap_err();
        assert!(failure.reason().contains("not by a test"), "{}", failure.reason());
        assert_eq!(failure.again, None);
    }

    #[test]
    fn the_command_to_run_again_has_the_same_servers() {
        let mut suites = Suites::everything();
        suites.replicas = Replicas::Three;
        suites.server.server = Some("/opt/my nats".into());
        assert_eq!(
            suites.again("integration"),
            "cargo xtask integration --server '/opt/my nats' --replicas 3"
        );
    }

    #[test]
    fn a_filter_that_matches_nothing_is_named() {
        let failure = no_test_ran(&["tpyo".to_owned()]);
        assert!(failure.reason().ends_with("a name with tpyo"), "{}", failure.reason());
    }
}
