//! The storms: a short form for every change, and the long form of `cargo xtask chaos cluster`, which sets the variables.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::check::{self, Violation};
use crate::history::{self, Ask, Histories, Outcome};
use crate::log;
use crate::nemesis::Nemesis;
use crate::node::Orders;
use crate::nodes::Nodes;
use crate::site::Site;

const NODES: usize = 5;
const LEASE: Duration = Duration::from_secs(1);
/// A storm of the long form, after which everything is checked.
const ROUND: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_secs(45);
/// How long it may take until everything is answered again.
const PATIENCE: Duration = Duration::from_secs(90);
/// How much later than its deadline an ask may end: its process may have been stopped, and the machine is busy.
const LATE: Duration = Duration::from_secs(8);

/// What storms came to.
#[derive(Default)]
struct Summary {
    seed: u64,
    faults: BTreeMap<String, u64>,
    operations: BTreeMap<String, u64>,
    messages: u64,
    /// What became of nodes.
    lives: BTreeMap<String, u64>,
    processes: u64,
    stormed: Duration,
    took: Duration,
    violations: Vec<Violation>,
}

impl Summary {
    fn add(&mut self, other: Self) {
        other.faults.into_iter().for_each(|(name, count)| *self.faults.entry(name).or_default() += count);
        let operations = other.operations.into_iter();
        operations.for_each(|(name, count)| *self.operations.entry(name).or_default() += count);
        self.messages += other.messages;
        other.lives.into_iter().for_each(|(name, count)| *self.lives.entry(name).or_default() += count);
        self.processes += other.processes;
        self.stormed += other.stormed;
        self.took += other.took;
        self.violations.extend(other.violations);
    }

    fn count(&self, operation: &str) -> u64 {
        self.operations.get(operation).copied().unwrap_or_default()
    }

    fn write(&self, report: &str) {
        let violations: Vec<_> = self.violations.iter().map(ToString::to_string).collect();
        let report = Path::new(report).with_extension("three.json");
        let text = json!({
            "seed": self.seed,
            "faults": self.faults,
            "operations": self.operations,
            "messages": self.messages,
            "commits": self.count("stored"),
            "processes": self.processes,
            "lives": self.lives,
            "seconds": self.stormed.as_secs_f64(),
            "seconds_with_checks": self.took.as_secs_f64(),
            "violations": violations,
        });
        std::fs::write(report, text.to_string()).unwrap();
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "seed {}: {} processes of {NODES} nodes, {:.0?} in all",
            self.seed, self.processes, self.took
        )?;
        writeln!(f, "  nodes      {:?}", self.lives)?;
        writeln!(f, "  operations {:?}, messages stored {}", self.operations, self.messages)?;
        writeln!(f, "  faults     {:?}", self.faults)?;
        writeln!(f, "  violations {}", self.violations.len())?;
        self.violations.iter().take(20).try_for_each(|violation| writeln!(f, "    {violation}"))
    }
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn five_nodes_over_three_servers_break_no_promise() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = number("AETHER_CHAOS_SEED").unwrap_or(1);
    let Ok(report) = std::env::var("AETHER_CHAOS_REPORT") else {
        let summary = storm(seed, SHORT);
        println!("{summary}");
        return assert_right(&summary);
    };
    let until = Instant::now() + Duration::from_secs(number("AETHER_CHAOS_SECONDS").unwrap_or(600));
    let mut sum = Summary { seed, ..Summary::default() };
    for seed in seed.. {
        let left = until.saturating_duration_since(Instant::now());
        let summary = storm(seed, left.clamp(SHORT, ROUND));
        println!("{summary}");
        sum.add(summary);
        sum.write(&report);
        if !sum.violations.is_empty() || Instant::now() >= until {
            break;
        }
    }
    assert_right(&sum);
}

/// Nothing is wrong, and enough was tried.
fn assert_right(summary: &Summary) {
    assert!(summary.violations.is_empty(), "{summary}");
    for (operation, least) in [("stored", 200), ("answered", 100), ("rejected", 5)] {
        assert!(summary.count(operation) >= least, "too few were {operation}: {summary}");
    }
    assert!(summary.lives.contains_key("declared dead"), "nobody was declared dead: {summary}");
}

/// Runs nodes through faults for a while, then in peace until everything is answered again, and checks.
fn storm(seed: u64, lasts: Duration) -> Summary {
    let began = Instant::now();
    let (mut site, folder) = (Site::start(NODES), TempDir::new().unwrap());
    let name = format!("chaos-{}", aether_core::EventId::generate());
    let orders = (0..NODES).map(|node| Orders::of(seed, node, &name, LEASE, site.urls_of(node))).collect();
    let mut nodes = Nodes::new(orders, folder.path().to_owned());
    (0..NODES).for_each(|node| nodes.start(node));
    await_answers(&mut nodes, folder.path(), history::now());
    let (mut nemesis, started) = (Nemesis::new(seed, LEASE), Instant::now());
    // Until each fault has come, if that takes longer.
    while started.elapsed() < lasts || !nemesis.is_complete() {
        nemesis.step(&mut site, &mut nodes);
        nodes.assert_alive();
        sleep(Duration::from_millis(10));
    }
    let stormed = started.elapsed();
    nemesis.end_all(&mut site, &mut nodes);
    await_answers(&mut nodes, folder.path(), history::now());
    (0..NODES).for_each(|node| nodes.begin_to_leave(node));
    // All at once, so that there is nobody left to give shards to: that takes as long as leaving may.
    (0..NODES).for_each(|node| assert!(nodes.has_left(node, PATIENCE), "node {node} does not leave"));
    let Histories { asks, lives } = history::read(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stored = runtime.block_on(async {
        let client = async_nats::connect(site.servers.urls()).await.unwrap();
        log::read(&client, &name).await
    });
    let late = u64::try_from(LATE.as_micros()).unwrap();
    let mut violations = check::check(&stored, &asks);
    violations.extend(check::check_ends(&asks, &nodes.killed, late));
    let messages = stored.values().map(|actor| actor.epochs.len() as u64).sum();
    let (faults, operations, processes) = (nemesis.counts, counted(&asks), nodes.lives());
    let summary = Summary {
        seed,
        faults,
        operations,
        messages,
        lives,
        processes,
        stormed,
        took: began.elapsed(),
        violations,
    };
    if !summary.violations.is_empty() {
        // For whoever looks into it.
        println!("the histories stay in {}", folder.keep().display());
    }
    summary
}

/// Waits until every node was answered after `since`, a few times.
fn await_answers(nodes: &mut Nodes, folder: &Path, since: history::Micros) {
    let latest = Instant::now() + PATIENCE;
    loop {
        let Histories { asks, .. } = history::read(folder);
        let is_answered = |node: usize| {
            let prefix = format!("{node}-");
            let of_node = asks.iter().filter(|ask| ask.process.starts_with(&prefix) && ask.began >= since);
            of_node.filter(|ask| is_answer(ask)).count() >= 20
        };
        let silent: Vec<_> = (0..nodes.len()).filter(|node| !is_answered(*node)).collect();
        if silent.is_empty() {
            return;
        }
        nodes.assert_alive();
        assert!(Instant::now() < latest, "nodes {silent:?} are not answered: {:?}", counted(&asks));
        sleep(Duration::from_millis(200));
    }
}

fn is_answer(ask: &Ask) -> bool {
    matches!(&ask.end, Some((_, outcome)) if !matches!(outcome, Outcome::Failed(_)))
}

fn counted(asks: &[Ask]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for ask in asks {
        let name = match &ask.end {
            None => "open",
            Some((_, Outcome::Stored { .. })) => "stored",
            Some((_, Outcome::Answered { .. })) => "answered",
            Some((_, Outcome::Rejected)) => "rejected",
            Some((_, Outcome::Failed(why))) => why,
        };
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}
