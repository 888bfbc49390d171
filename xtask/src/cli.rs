//! The arguments of the commands.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::failure::Result;
use crate::server::{self, ServerVersion};
use crate::suite::{self, Suites};
use crate::workspace::Workspace;
use crate::{bench, chaos, ci, simulate, soak, tidy};

/// The commands of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every test: unit, conformance and doc tests, then the NATS-backed suite
    Test(SuiteArgs),
    /// Run only the NATS-backed suite
    Integration(SuiteArgs),
    /// Run what a change must pass: formatting, lints, docs, dependencies, tidy, tests, examples
    Ci,
    /// Measure ours beside baselines: `target/bench/SUITE.json`, a table and plots
    Bench(bench::BenchArgs),
    /// Run the cluster's protocols through simulated faults, seed by seed
    Simulate(simulate::SimulateArgs),
    /// Run real processes on real servers with faults, and check what is in the log: hours, if one likes
    Chaos(chaos::ChaosArgs),
    /// Run one process for long, and watch its memory, its tasks and its counts
    Soak(soak::SoakArgs),
    /// Run one JetStream server for playing with, until Ctrl-C
    Server(ServerArgs),
    /// Check the house rules that a program can check
    Tidy,
}

impl Command {
    pub(crate) fn run(self, workspace: &Workspace) -> Result<ExitCode> {
        match self {
            Self::Test(arguments) => suite::run(workspace, &arguments.suites()?, suite::Part::All),
            Self::Integration(arguments) => {
                suite::run(workspace, &arguments.suites()?, suite::Part::NatsBacked)
            }
            Self::Ci => ci::run(workspace),
            Self::Bench(arguments) => bench::run(workspace, &arguments.absolute()?),
            Self::Simulate(arguments) => simulate::run(workspace, &arguments),
            Self::Chaos(arguments) => chaos::run(workspace, &arguments.absolute()?),
            Self::Soak(arguments) => soak::run(workspace, &arguments.absolute()?),
            Self::Server(arguments) => match server::play(workspace, &arguments.absolute()?)? {},
            Self::Tidy => tidy::run(workspace),
        }
    }
}

/// Which nats-server to use. Without either, the harness takes `NATS_SERVER`, what it has, or what it can get.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerChoice {
    /// Use the nats-server at this path
    #[arg(long, value_name = "PATH", conflicts_with = "server_version")]
    pub(crate) server: Option<PathBuf>,
    /// Get and use this version of nats-server, for example 2.10.26
    #[arg(long, value_name = "X.Y.Z")]
    pub(crate) server_version: Option<ServerVersion>,
}

#[derive(Debug, Args)]
pub(crate) struct SuiteArgs {
    #[command(flatten)]
    server: ServerChoice,
    /// Replicas of the streams in the NATS-backed suite: 3 starts clusters of three servers
    #[arg(long, value_enum, default_value = "1")]
    replicas: Replicas,
    /// Leave the servers' directories and logs behind for looking around
    #[arg(long)]
    keep: bool,
    /// Names or parts of names of the tests to run, and other arguments of the test programs
    #[arg(last = true, value_name = "NAME")]
    filter: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Replicas {
    #[value(name = "1")]
    One,
    #[value(name = "3")]
    Three,
}

impl Replicas {
    pub(crate) fn digit(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Three => "3",
        }
    }
}

impl SuiteArgs {
    fn suites(self) -> Result<Suites> {
        Ok(Suites {
            server: self.server.absolute()?,
            replicas: self.replicas,
            keep: self.keep,
            filter: self.filter,
        })
    }
}

impl ServerChoice {
    /// No choice: the harness takes what there is.
    pub(crate) fn any() -> Self {
        Self { server: None, server_version: None }
    }

    // Programs run in the workspace's root, the user may be elsewhere.
    pub(crate) fn absolute(mut self) -> Result<Self> {
        self.server = self.server.map(std::path::absolute).transpose()?;
        Ok(self)
    }
}

#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    pub(crate) choice: ServerChoice,
    /// Listen on this port of 127.0.0.1
    #[arg(long, default_value_t = 4222)]
    pub(crate) port: u16,
    /// Keep the streams in this directory; without it they are kept below the target folder
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
}

impl ServerArgs {
    fn absolute(mut self) -> Result<Self> {
        self.choice = self.choice.absolute()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_path_and_a_version_of_the_server_at_once_are_an_error() {
        let both = ["xtask", "integration", "--server", "x", "--server-version", "2.10.26"];
        let error = Cli::try_parse_from(both).unwrap_err().to_string();
        assert!(error.contains("cannot be used with"), "{error}");
    }

    #[test]
    fn replicas_are_one_or_three() {
        assert!(Cli::try_parse_from(["xtask", "integration", "--replicas", "3"]).is_ok());
        assert!(Cli::try_parse_from(["xtask", "integration", "--replicas", "2"]).is_err());
    }

    #[test]
    fn names_of_tests_follow_two_dashes() {
        let Command::Test(arguments) =
            Cli::try_parse_from(["xtask", "test", "--", "append", "--nocapture"]).unwrap().command
        else {
            panic!("another command");
        };
        assert_eq!(arguments.filter, ["append", "--nocapture"]);
    }
}
