//! The nodes print what the README says.
#![allow(clippy::unwrap_used)]

use std::process::Command;

const README: &str = include_str!("../README.md");

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn it_is_as_the_readme_says_again_and_again() {
    let (_, rest) = README.split_once("```text\n").unwrap();
    let promised = rest.split_once("```").unwrap().0;
    let server = aether_nats_harness::Server::start().unwrap();
    for _ in 0..2 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cluster"));
        let output = command.env("NATS_URL", server.url()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), promised);
    }
}
