//! `cargo xtask soak SUITE`: one process for long, with memory, tasks and counts watched; leaves `target/soak/SUITE.json`.

use std::process::{Command, ExitCode};

use clap::{Args, ValueEnum};

use crate::cli::ServerChoice;
use crate::failure::Result;
use crate::process;
use crate::server;
use crate::workspace::Workspace;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// The bus across nodes: subscribers that come and go, nodes that are killed, a server that is restarted
    Bus,
}

#[derive(Debug, Args)]
pub(crate) struct SoakArgs {
    /// What to run
    suite: Suite,
    /// End after so many minutes
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    #[command(flatten)]
    server: ServerChoice,
}

impl SoakArgs {
    pub(crate) fn absolute(self) -> Result<Self> {
        Ok(Self { server: self.server.absolute()?, ..self })
    }
}

impl Suite {
    fn name(self) -> &'static str {
        match self {
            Self::Bus => "bus",
        }
    }

    /// What runs it, after `cargo`.
    fn test(self) -> &'static str {
        match self {
            Self::Bus => "test --release --quiet --package aether-bus --features nats --test soak",
        }
    }
}

pub(crate) fn run(workspace: &Workspace, arguments: &SoakArgs) -> Result<ExitCode> {
    let binary = server::obtain(workspace, &arguments.server)?;
    println!("    {}", binary.describe());
    let folder = workspace.target().join("soak");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}.json", arguments.suite.name()));
    let _ = std::fs::remove_file(&path);
    let mut command = command(workspace, arguments);
    command.env("NATS_SERVER", binary.path()).env("AETHER_SOAK_REPORT", &path);
    process::run(command)?;
    println!("    {}", path.display());
    Ok(ExitCode::SUCCESS)
}

fn command(workspace: &Workspace, arguments: &SoakArgs) -> Command {
    let how = ["--", "--ignored", "--nocapture"];
    let mut command = workspace.cargo(arguments.suite.test().split(' ').chain(how));
    command.env("AETHER_SOAK_SECONDS", (60 * arguments.minutes).to_string());
    command
}
