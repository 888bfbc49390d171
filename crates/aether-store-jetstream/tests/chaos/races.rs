//! The races: a short form for every change, and the long form of `cargo xtask chaos store`, which sets the variables.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::nemesis::{Fault, Pace};
use crate::round::{self, Plan};
use crate::site::Site;
use crate::summary::Summary;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const ON_ONE: Pace = &[
    (Fault::AnswersDropped, millis(150)),
    (Fault::AnswersDelayed, millis(1500)),
    (Fault::RequestsDelayed, millis(1700)),
    (Fault::LinkCut, millis(800)),
    (Fault::ServerPaused, millis(1600)),
    (Fault::ServerKilled, millis(2000)),
    (Fault::WorkerKilled, millis(1900)),
];

const ON_THREE: Pace = &[
    (Fault::AnswersDropped, millis(250)),
    (Fault::AnswersDelayed, millis(2000)),
    (Fault::RequestsDelayed, millis(2200)),
    (Fault::LinkCut, millis(1500)),
    (Fault::FollowerPaused, millis(1000)),
    (Fault::ServerPaused, millis(900)),
    (Fault::LeaderSteppedDown, millis(1000)),
    (Fault::ServerKilled, millis(2000)),
    (Fault::WorkerKilled, millis(2300)),
];

/// How long the long form goes on.
struct Long {
    until: Instant,
    commits: u64,
    report: String,
}

impl Long {
    fn ordered() -> Option<Self> {
        let report = std::env::var("AETHER_CHAOS_REPORT").ok()?;
        let seconds = number("AETHER_CHAOS_SECONDS").unwrap_or(24 * 60 * 60);
        let until = Instant::now() + Duration::from_secs(seconds);
        Some(Self { until, commits: number("AETHER_CHAOS_COMMITS").unwrap_or(u64::MAX), report })
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Runs one short round, or rounds until enough was done.
fn races(name: &str, pace: Pace, lasts: Duration, site: fn() -> Site) -> Summary {
    let seed = number("AETHER_CHAOS_SEED").unwrap_or(1);
    let short = Plan { seed, lasts, messages: u64::MAX, workers: 4, tasks: 3, reads: 8, pace, without: None };
    let Some(long) = Long::ordered() else {
        let summary = round::run(&mut site(), short, |_| {});
        print!("{name}, {summary}");
        return summary;
    };
    let mut sum = Summary { seed, ..Summary::default() };
    for seed in seed.. {
        let left = long.until.saturating_duration_since(Instant::now());
        let plan = Plan { seed, lasts: left.min(millis(60_000)), ..short };
        let (done, began) = (sum.commits(), Instant::now());
        let summary =
            round::run(&mut site(), Plan { messages: (long.commits - done).max(1), ..plan }, |messages| {
                if began.elapsed().as_secs() % 5 == 0 {
                    println!("{name}, seed {seed}: {done} commits before, {messages} messages in this round");
                }
            });
        print!("{name}, {summary}");
        sum.add(summary);
        std::fs::write(
            Path::new(&long.report).with_extension(format!("{name}.json")),
            sum.to_json().to_string(),
        )
        .unwrap();
        if !sum.violations.is_empty() || Instant::now() >= long.until || sum.commits() >= long.commits {
            break;
        }
    }
    sum
}

/// Nothing is wrong, and enough was tried.
fn assert_right(summary: &Summary, pace: Pace, commits: u64) {
    assert!(summary.violations.is_empty(), "{summary}");
    if Long::ordered().is_some() {
        return;
    }
    assert!(summary.commits() >= commits, "too few commits: {summary}");
    assert!(summary.count("conflict") >= commits / 2, "too few conflicts: {summary}");
    assert!(summary.count("claimed") >= 1, "no claims: {summary}");
    assert!(summary.dropped >= 10, "too few answers were dropped: {summary}");
    for (fault, _) in pace {
        assert!(summary.faults.contains_key(&fault.name()), "{fault:?} did not happen: {summary}");
    }
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn races_on_one_server_break_no_invariant() {
    assert_right(&races("one", ON_ONE, millis(7_000), Site::one), ON_ONE, 100);
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn races_on_three_servers_break_no_invariant() {
    assert_right(&races("three", ON_THREE, millis(10_000), Site::three), ON_THREE, 60);
}
