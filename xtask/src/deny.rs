//! Bans, licences and sources of the dependencies, checked by cargo-deny.

use std::path::{Path, PathBuf};

use crate::failure::Result;
use crate::process;
use crate::step::Step;
use crate::workspace::Workspace;

const VERSION: &str = "0.20.2";
const CHECK: &str = "--workspace --all-features check bans licenses sources";

pub(crate) fn step(workspace: &Workspace) -> Step<'_> {
    let tool = tool(workspace);
    let again = format!("{} {CHECK}", tool.display());
    Step::new("dependencies: bans, licences, sources", again, move || {
        if !is_installed(workspace, &tool) {
            install(workspace)?;
        }
        let mut command = workspace.program(&tool);
        command.args(CHECK.split(' '));
        process::run(command)
    })
}

fn tool(workspace: &Workspace) -> PathBuf {
    let name = format!("cargo-deny{}", std::env::consts::EXE_SUFFIX);
    workspace.target().join("tools").join("bin").join(name)
}

/// Whether the pinned version is there. Another one may judge differently, so it is replaced.
fn is_installed(workspace: &Workspace, tool: &Path) -> bool {
    if !tool.exists() {
        return false;
    }
    let mut command = workspace.program(tool);
    command.arg("--version");
    process::output(command).is_ok_and(|version| version.trim().ends_with(VERSION))
}

fn install(workspace: &Workspace) -> Result {
    let tools = workspace.target().join("tools");
    println!("    installing cargo-deny {VERSION} under {}: about a minute, once", tools.display());
    let mut command =
        workspace.cargo(["install", "--locked", "--debug", "--force", "cargo-deny", "--version", VERSION]);
    command.arg("--root").arg(&tools);
    command.arg("--target-dir").arg(tools.join("build"));
    process::run(command)
}
