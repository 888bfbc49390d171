//! `cargo xtask bench scaling`: what streams, actors, consumers and headers cost a server.

use std::path::Path;
use std::process::ExitCode;

use crate::failure::Result;
use crate::process;
use crate::server::Binary;
use crate::workspace::Workspace;

/// Runs the program, which prints what it measures and leaves `scaling.json` in `folder`.
pub(crate) fn run(workspace: &Workspace, quick: bool, binary: &Binary, folder: &Path) -> Result<ExitCode> {
    let report = folder.join("scaling.json");
    let program = ["bench", "--quiet", "--package", "aether-store-jetstream", "--bench", "scaling"];
    let mut command = workspace.cargo(program);
    command.env("NATS_SERVER", binary.path()).env("AETHER_BENCH_REPORT", &report);
    if quick {
        command.env("AETHER_BENCH_QUICK", "1");
    }
    process::run(command)?;
    println!("    {}", report.display());
    Ok(ExitCode::SUCCESS)
}
