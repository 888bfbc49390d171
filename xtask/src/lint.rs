//! Formatting, clippy and the documentation build.

use std::time::Instant;

use crate::failure::Result;
use crate::features::{self, Combination};
use crate::process;
use crate::step::Step;
use crate::summary;
use crate::workspace::Workspace;

/// The steps, quick ones first.
pub(crate) fn steps(workspace: &Workspace) -> Vec<Step<'_>> {
    let alone = features::combinations(workspace.packages());
    let name = format!("clippy, every feature alone ({} runs)", alone.len());
    let all = "clippy --workspace --all-targets --all-features -- -D warnings";
    vec![
        plain(workspace, "formatting", "fmt --all -- --check", "cargo fmt --all"),
        plain(workspace, "clippy, all features", all, &format!("cargo {all}")),
        Step::new(name, "cargo xtask ci", move || each_feature(workspace, &alone)),
        Step::new("documentation", DOC_AGAIN, || documentation(workspace)),
    ]
}

const DOC: &str = "doc --workspace --all-features --no-deps";
const DOC_AGAIN: &str = "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --all-features --no-deps";

fn plain<'a>(workspace: &'a Workspace, name: &str, arguments: &'static str, again: &str) -> Step<'a> {
    Step::new(name, again, move || process::run(workspace.cargo(arguments.split(' '))))
}

fn documentation(workspace: &Workspace) -> Result {
    let mut command = workspace.cargo(DOC.split(' '));
    let flags = std::env::var("RUSTDOCFLAGS").unwrap_or_default();
    command.env("RUSTDOCFLAGS", format!("{flags} -D warnings").trim_start());
    process::run(command)
}

fn each_feature(workspace: &Workspace, runs: &[Combination]) -> Result {
    for (index, run) in runs.iter().enumerate() {
        let arguments = arguments(run);
        let again = format!("cargo {}", arguments.join(" "));
        let feature = run.feature.as_deref().unwrap_or("none");
        println!("    [{}/{}] {}, feature {feature}", index + 1, runs.len(), run.package);
        let started = Instant::now();
        process::run(workspace.cargo(&arguments)).map_err(|failure| failure.with_again(again))?;
        println!("          {}", summary::time(started.elapsed()));
    }
    Ok(())
}

fn arguments(run: &Combination) -> Vec<&str> {
    let mut arguments = vec!["clippy", "--quiet", "-p", &run.package, "--no-default-features"];
    if let Some(feature) = &run.feature {
        arguments.extend(["--features", feature]);
    }
    arguments.extend(&run.targets);
    arguments.extend(["--", "-D", "warnings"]);
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_alone_is_linted_without_the_default_ones() {
        let run = Combination {
            package: "aether".to_owned(),
            feature: Some("memory".to_owned()),
            targets: vec!["--lib"],
        };
        assert_eq!(
            arguments(&run).join(" "),
            "clippy --quiet -p aether --no-default-features --features memory --lib -- -D warnings"
        );
    }
}
