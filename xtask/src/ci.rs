//! `cargo xtask ci`: what a change must pass, the quick checks first.

use std::cell::OnceCell;
use std::process::ExitCode;

use crate::failure::Result;
use crate::step::{self, Step};
use crate::suite::{self, Part, Suites};
use crate::workspace::Workspace;
use crate::{deny, examples, lint, tidy};

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let binary = OnceCell::new();
    let suites = Suites::everything();
    let mut steps = lint::steps(workspace);
    steps.push(deny::step(workspace));
    steps.push(Step::new("tidy", "cargo xtask tidy", || tidy::check(workspace)));
    steps.extend(suite::steps(workspace, &suites, Part::All, &binary));
    steps.push(examples::step(workspace, &binary));
    Ok(step::run_all(steps))
}
