//! The projection is killed a hundred times, at random moments, and its read model is that of the plain fold.

#![allow(clippy::unwrap_used)] // Also in the helpers, which are no test functions.

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use sqlite_projection::{Sales, plain_fold};

const ROUNDS: u64 = 100;
/// Each round has this much more to do.
const EVENTS: u64 = 120;

fn run(verb: &str, database: &Path, events: u64, nats_url: Option<&str>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sqlite-projection"));
    command.arg(verb).arg(database).arg(events.to_string());
    match nats_url {
        Some(url) => command.env("NATS_URL", url),
        None => command.env_remove("NATS_URL"),
    };
    command.spawn().unwrap()
}

fn sold(database: &Path) -> u64 {
    Sales::open(database).unwrap().rows().unwrap().iter().map(|row| row.sold).sum()
}

fn kill_a_hundred_times(nats_url: Option<&str>, longest: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("sales.sqlite");
    let mut in_the_midst = 0;
    for round in 1..=ROUNDS {
        let mut child = run("follow", &database, round * EVENTS, nats_url);
        let moment = longest.mul_f64(fastrand::f64());
        std::thread::sleep(moment);
        assert!(child.try_wait().unwrap().is_none(), "it runs until it is killed");
        child.kill().unwrap();
        child.wait().unwrap();
        let seen = sold(&database);
        assert!(seen <= round * EVENTS, "no event counts twice");
        in_the_midst += u64::from(seen > 0 && seen < round * EVENTS);
    }
    assert!(in_the_midst > ROUNDS / 10, "killed at work {in_the_midst} times");
    let mut last = run("finish", &database, ROUNDS * EVENTS, nats_url);
    assert!(last.wait().unwrap().success());
    assert_eq!(Sales::open(&database).unwrap().rows().unwrap(), plain_fold(ROUNDS * EVENTS));
}

#[test]
fn killed_a_hundred_times_it_equals_the_plain_fold() {
    kill_a_hundred_times(None, Duration::from_millis(120));
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn killed_a_hundred_times_on_jetstream_it_equals_the_plain_fold() {
    let server = aether_nats_harness::Server::start().unwrap();
    kill_a_hundred_times(Some(&server.url().to_string()), Duration::from_millis(400));
}
