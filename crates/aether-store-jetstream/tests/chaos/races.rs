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
    (Fault::WorkerKilled, millis(3000)),
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
    (Fault::WorkerKilled, millis(3000)),
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

    fn round(&self, name: &str, plan: Plan, done: u64, site: fn() -> Site) -> Summary {
        let left = self.until.saturating_duration_since(Instant::now());
        // Not all messages are commits, and a further round costs more than these.
        let messages = (self.commits - done).saturating_mul(9) / 8 + 1_000;
        let plan = Plan { lasts: left.min(plan.lasts), messages, ..plan };
        let began = Instant::now();
        round::run(&mut site(), plan, |messages| {
            if began.elapsed().as_secs().is_multiple_of(5) {
                println!(
                    "{name}, seed {}: {done} commits before, {messages} messages in this round",
                    plan.seed
                );
            }
        })
    }

    fn write(&self, name: &str, sum: &Summary) {
        let path = Path::new(&self.report).with_extension(format!("{name}.json"));
        std::fs::write(path, sum.to_json().to_string()).unwrap();
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The load of the short form: what two slow cores do in a debug build.
const SHORT: Plan = Plan {
    seed: 1,
    lasts: millis(7_000),
    messages: u64::MAX,
    workers: 4,
    racers: 3,
    others: 40,
    reads: 8,
    answers_within: millis(500),
    pace: &[],
    without: None,
};

/// The load of the long form: more than 1,000 appends in flight in each process.
const LONG: Plan = Plan {
    lasts: millis(60_000),
    workers: 3,
    racers: 6,
    others: 1_150,
    answers_within: millis(1_000),
    ..SHORT
};

/// Runs one short round, or rounds until enough was done.
fn races(name: &str, pace: Pace, lasts: Duration, site: fn() -> Site) -> Summary {
    let seed = number("AETHER_CHAOS_SEED").unwrap_or(SHORT.seed);
    let Some(long) = Long::ordered() else {
        let summary = round::run(&mut site(), Plan { seed, lasts, pace, ..SHORT }, |_| {});
        print!("{name}, {summary}");
        return summary;
    };
    let mut sum = Summary { seed, ..Summary::default() };
    let began = Instant::now();
    for seed in seed.. {
        let summary = long.round(name, Plan { seed, pace, ..LONG }, sum.commits(), site);
        print!("{name}, {summary}");
        sum.add(summary);
        sum.took = began.elapsed();
        long.write(name, &sum);
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
        assert!(summary.in_flight >= 1_000, "too few appends were in flight: {summary}");
        return;
    }
    assert!(summary.in_flight >= 20, "too few appends were in flight: {summary}");
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
