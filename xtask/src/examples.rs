//! Runs the examples: alone, and twice against a server, where the second run must find the state of the first.

use std::cell::OnceCell;
use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::package::Package;
use crate::process::{self, Keep};
use crate::server::{self, Binary};
use crate::step::Step;
use crate::workspace::Workspace;

/// No example takes longer than a few seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// What the seed's documents promise of the quickstart.
const QUICKSTART: [&str; 3] = ["Status: shipped", "Total: $99.99", "Tracking: FS123456"];

pub(crate) fn step<'a>(workspace: &'a Workspace, binary: &'a OnceCell<Binary>) -> Step<'a> {
    let examples: Vec<&Package> =
        workspace.packages().iter().filter(|package| package.is_under("examples")).collect();
    let name = format!("examples ({})", examples.len());
    Step::new(name, "cargo xtask ci", move || {
        let binary = binary.get().ok_or_else(|| Failure::new("there is no nats-server"))?;
        examples.iter().try_for_each(|example| check(workspace, &example.name, binary))
    })
}

fn check(workspace: &Workspace, name: &str, binary: &Binary) -> Result {
    let failed = |failure: Failure| failure.during(name).with_again(format!("cargo run -p {name}"));
    // Apart from running, so that the time limit does not count compilation.
    process::run(workspace.cargo(["build", "--quiet", "-p", name])).map_err(failed)?;
    println!("    {name}, embedded");
    let embedded = run(workspace, name, None).map_err(failed)?;
    // A server of its own: examples may use the same names.
    let server = server::start(binary)?;
    let url = server.url();
    println!("    {name}, NATS_URL={url}");
    let on_server = |failure: Failure| {
        failed(failure).with_again(format!("NATS_URL=nats://127.0.0.1:4222 cargo run -p {name}"))
    };
    let first = run(workspace, name, Some(&url)).map_err(on_server)?;
    println!("    {name}, NATS_URL={url}, again");
    let second = run(workspace, name, Some(&url)).map_err(on_server)?;
    judge(name, &[&embedded, &first, &second]).map_err(failed)?;
    same_state(&first, &second).map_err(on_server)
}

fn run(workspace: &Workspace, name: &str, url: Option<&str>) -> Result<String> {
    let mut command = workspace.cargo(["run", "--quiet", "-p", name]);
    match url {
        Some(url) => command.env("NATS_URL", url),
        None => command.env_remove("NATS_URL"),
    };
    let shown = process::name(&command);
    let ended = process::tee(command, Keep::Output, Some(LIMIT))?;
    process::succeeded(&shown, ended.status)?;
    Ok(ended.text)
}

fn judge(name: &str, outputs: &[&str]) -> Result {
    if name != "quickstart" {
        return Ok(());
    }
    for expected in QUICKSTART {
        if !outputs.iter().all(|output| output.lines().any(|line| line.trim() == expected)) {
            return Err(Failure::new(format!("not every run printed the line `{expected}`")));
        }
    }
    Ok(())
}

fn same_state(first: &str, second: &str) -> Result {
    let (first, second) = (state(first), state(second));
    if first == second {
        return Ok(());
    }
    let reason = format!("on one server the second run printed the state {second:?}, the first {first:?}");
    Err(Failure::new(reason))
}

/// The lines of the form `Name: value`. The others tell what was done, which may differ at the second time.
fn state(output: &str) -> Vec<&str> {
    let is_state = |line: &&str| {
        line.split_once(": ").is_some_and(|(name, _)| {
            name.starts_with(char::is_uppercase) && name.chars().all(|c| c.is_alphanumeric() || c == ' ')
        })
    };
    output.lines().map(str::trim).filter(is_state).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Replayed 2 events\n  Status: shipped\n  Total: $99.99\n  Tracking: FS123456\n";

    #[test]
    fn the_quickstart_must_print_the_order_each_time() {
        assert!(judge("quickstart", &[GOOD, GOOD]).is_ok());
        let failure = judge("quickstart", &[GOOD, "Status: shipped\n"]).unwrap_err();
        assert!(failure.reason().contains("Total: $99.99"), "{}", failure.reason());
        assert!(judge("another", &[""]).is_ok());
    }

    #[test]
    fn a_second_run_with_another_state_fails() {
        assert!(same_state(GOOD, &GOOD.replace("Replayed 2", "Replayed 4")).is_ok());
        assert!(same_state(GOOD, &GOOD.replace("$99.99", "$199.98")).is_err());
    }
}
