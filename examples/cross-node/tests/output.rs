//! The two processes print what the README says.
#![allow(clippy::unwrap_used)]

use std::process::Command;

const README: &str = include_str!("../README.md");

fn promised() -> &'static str {
    let (_, rest) = README.split_once("```text\n").unwrap();
    rest.split_once("```").unwrap().0
}

fn printed(url: Option<&str>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cross-node"));
    match url {
        Some(url) => command.env("NATS_URL", url),
        None => command.env_remove("NATS_URL"),
    };
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn in_one_process_it_is_as_the_readme_says() {
    let printed = printed(None);
    assert_eq!(printed.split_once('\n').unwrap().1, promised());
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn in_two_processes_it_is_as_the_readme_says_again_and_again() {
    let server = aether_nats_harness::Server::start().unwrap();
    for _ in 0..3 {
        assert_eq!(printed(Some(&server.url())), promised());
    }
}
