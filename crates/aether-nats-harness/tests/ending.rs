//! Servers end with the process that started them, however that ends. The tests run this file's own executable as the
//! process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use aether_nats_harness::{Server, shared};
use common::{is_alive, until};

const ROLE: &str = "AETHER_HARNESS_TEST_ROLE";

/// Runs a program that can be interrupted. A process started in the background by a shell without job control, as CI may
/// start this one, ignores interrupts, and so would its children.
const WITH_INTERRUPTS: &str = "import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])";

/// Is what the other tests run as a process of its own, with a role. Without one it only starts its server.
#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_process_has_its_server() {
    let role = env::var(ROLE).unwrap_or_default();
    let mut own = None;
    let server = match &*role {
        "shared" | "shared panic" => &shared().unwrap().servers()[0],
        _ => own.insert(Server::start().unwrap()),
    };
    assert!(server.pid().is_some_and(is_alive));
    println!("\nserver {} {}", server.pid().unwrap(), server.store_dir().display());
    match &*role {
        "panic" | "shared panic" => panic!("as asked"),
        "shared" | "" => {}
        "exit" => std::process::exit(0),
        "paused" => {
            own.as_mut().unwrap().pause().unwrap();
            println!("paused");
            wait_for_the_end();
        }
        "down" => {
            own.as_mut().unwrap().kill().unwrap();
            println!("down");
            wait_for_the_end();
        }
        _ => wait_for_the_end(),
    }
}

fn wait_for_the_end() {
    loop {
        std::thread::park();
    }
}

struct Process {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    server: u32,
    store: PathBuf,
}

impl Process {
    fn start(role: &str) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", WITH_INTERRUPTS])
            .arg(env::current_exe().unwrap())
            .args(["--exact", "a_process_has_its_server", "--ignored", "--nocapture"])
            .env(ROLE, role)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let line = line_with(&mut output, "server ");
        let (pid, store) = line.split_once(' ').unwrap();
        Self { child, output, server: pid.parse().unwrap(), store: store.into() }
    }

    /// Checks that nothing is left; the process must have ended.
    fn assert_gone(&self) {
        let directory: &Path = self.store.parent().unwrap();
        until("the server is gone", || !is_alive(self.server));
        until("its directory is gone", || !directory.exists());
    }
}

/// Reads up to the line that begins with `start`, and gives what follows.
fn line_with(output: &mut impl std::io::BufRead, start: &str) -> String {
    let lines = output.lines().map(Result::unwrap);
    let found = lines.into_iter().find_map(|line| line.strip_prefix(start).map(str::to_owned));
    found.expect("the process says what it did")
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_killed_process_leaves_no_server() {
    let mut process = Process::start("wait");
    assert!(is_alive(process.server));
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    process.assert_gone();
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_killed_process_leaves_no_paused_server() {
    let mut process = Process::start("paused");
    line_with(&mut process.output, "paused");
    assert!(is_alive(process.server));
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    process.assert_gone();
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_killed_process_whose_server_was_down_leaves_no_directory() {
    let mut process = Process::start("down");
    line_with(&mut process.output, "down");
    assert!(process.store.exists());
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    process.assert_gone();
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn an_interrupted_process_leaves_no_server() {
    let mut process = Process::start("wait");
    let pid = rustix::process::Pid::from_child(&process.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    process.child.wait().unwrap();
    process.assert_gone();
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_process_that_exits_at_once_leaves_no_server() {
    let mut process = Process::start("exit");
    assert!(process.child.wait().unwrap().success());
    process.assert_gone();
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_shared_server_ends_with_its_process() {
    let mut process = Process::start("shared");
    assert!(process.child.wait().unwrap().success());
    process.assert_gone();
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_panicking_test_shows_the_log_and_leaves_no_server() {
    // The shared server is never dropped: its log comes another way.
    for role in ["panic", "shared panic"] {
        let mut process = Process::start(role);
        let mut shown = String::new();
        process.child.stderr.take().unwrap().read_to_string(&mut shown).unwrap();
        assert!(!process.child.wait().unwrap().success());
        assert!(shown.contains("as asked") && shown.contains("Server is ready"), "{role}: {shown}");
        process.assert_gone();
    }
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn tests_share_one_server_or_three() {
    let shared = shared().unwrap();
    let expected = env::var("AETHER_TEST_REPLICAS").ok().filter(|value| !value.is_empty());
    assert_eq!(shared.replicas().to_string(), expected.unwrap_or("1".to_owned()));
    assert_eq!(shared.urls().len(), shared.replicas());
    assert_eq!(shared.url(), shared.urls()[0]);
    assert!(std::ptr::eq(shared, aether_nats_harness::shared().unwrap()));
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn replicas_of_the_environment_are_taken_or_refused() {
    for (replicas, works) in [("3", true), ("2", false)] {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "tests_share_one_server_or_three", "--ignored", "--nocapture"])
            .env("AETHER_TEST_REPLICAS", replicas)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), works, "{text}");
        assert!(works || text.contains("expected: \"1 or 3\""), "{text}");
    }
}
