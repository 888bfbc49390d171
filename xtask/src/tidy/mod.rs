//! `cargo xtask tidy`: the house rules that a program can check.
//!
//! Each rule is a pure function from texts to findings, in a file of its own.

mod arrows;
mod ignored;
mod leftovers;
mod links;
mod listed;
mod long_files;
mod machine;
mod markdown;
mod markdown_code;
mod rust_text;
mod source;

use std::process::ExitCode;

use crate::failure::{Failure, Result};
use crate::workspace::Workspace;
use source::{Finding, Tree};

/// The command: findings, their count, exit code 1 when there is one.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let tree = Tree::read(workspace)?;
    match report(workspace, &tree) {
        0 => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::FAILURE),
    }
}

/// The step of `ci`.
pub(crate) fn check(workspace: &Workspace) -> Result {
    match report(workspace, &Tree::read(workspace)?) {
        0 => Ok(()),
        1 => Err(Failure::new("1 finding, above")),
        count => Err(Failure::new(format!("{count} findings, above"))),
    }
}

fn report(workspace: &Workspace, tree: &Tree) -> usize {
    let mut findings = findings(workspace, tree);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let noun = if findings.len() == 1 { "finding" } else { "findings" };
    println!("tidy: {} {noun} in {} files", findings.len(), tree.paths.len());
    findings.len()
}

fn findings(workspace: &Workspace, tree: &Tree) -> Vec<Finding> {
    let mut findings = arrows::check(workspace.packages(), tree);
    findings.extend(links::check(tree));
    findings.extend(listed::decisions(tree));
    findings.extend(listed::crates(workspace.packages(), tree));
    for source in &tree.sources {
        findings.extend(machine::paths(source));
        if source.is_rust() {
            findings.extend(long_files::check(source));
            findings.extend(leftovers::check(source));
            findings.extend(ignored::check(source));
            findings.extend(machine::unchecked_code(source));
        }
    }
    findings
}
