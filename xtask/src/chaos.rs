//! `cargo xtask chaos SUITE`: real processes, real servers, faults, for as long as one likes; leaves
//! `target/chaos/SUITE.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::cli::ServerChoice;
use crate::failure::Result;
use crate::process;
use crate::server::{self, Binary};
use crate::workspace::Workspace;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// The JetStream store, on one server and on three
    Store,
    /// Five nodes of a cluster over three servers
    Cluster,
}

/// What a suite runs.
struct Ground {
    name: &'static str,
    /// The test program, as `cargo` is to run it.
    program: &'static str,
    /// Where it happens, and the test that runs there.
    sites: &'static [(&'static str, &'static str)],
    /// How long it goes on where nothing is said.
    minutes: Option<u64>,
}

/// The first site gets half of the time and of the commits, the second the rest: elections take most of its time.
const STORE: Ground = Ground {
    name: "store",
    program: "test --release --quiet --package aether-store-jetstream --features testing --test chaos",
    sites: &[
        ("one", "races::races_on_one_server_break_no_invariant"),
        ("three", "races::races_on_three_servers_break_no_invariant"),
    ],
    minutes: None,
};

const CLUSTER: Ground = Ground {
    name: "cluster",
    program: "test --release --quiet --package aether-cluster --features testing --test chaos",
    sites: &[("three", "storms::five_nodes_over_three_servers_break_no_promise")],
    minutes: Some(10),
};

impl Suite {
    fn ground(self) -> &'static Ground {
        match self {
            Self::Store => &STORE,
            Self::Cluster => &CLUSTER,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ChaosArgs {
    /// What to run
    suite: Suite,
    /// End after so many minutes; the first site gets half, the second what is left
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// End after so many commits; the first site gets half, the second what is left
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    commits: u64,
    /// Begin with this seed; each round adds 1
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    server: ServerChoice,
}

impl ChaosArgs {
    pub(crate) fn absolute(self) -> Result<Self> {
        Ok(Self { server: self.server.absolute()?, ..self })
    }
}

pub(crate) fn run(workspace: &Workspace, arguments: &ChaosArgs) -> Result<ExitCode> {
    let ground = arguments.suite.ground();
    let binary = server::obtain(workspace, &arguments.server)?;
    println!("    {}", binary.describe());
    let folder = workspace.target().join("chaos");
    std::fs::create_dir_all(&folder)?;
    // Building does not count as running.
    process::run(workspace.cargo(ground.program.split_whitespace().chain(["--no-run"])))?;
    let mut left = Left::of(arguments, ground);
    let (mut ok, mut parts) = (true, Vec::new());
    for (sites_left, (site, test)) in (1..=ground.sites.len() as u64).rev().zip(ground.sites) {
        let part = folder.join(format!("{}.{site}.json", ground.name));
        let _ = std::fs::remove_file(&part);
        let (began, share) = (Instant::now(), left.share(sites_left));
        if let Err(failure) = process::run(command(workspace, arguments, &binary, &folder, test, share)) {
            println!("    {site}: {}", failure.reason());
            ok = false;
        }
        let did = read(&part);
        left.less(began.elapsed().as_secs(), number(&did, "commits"));
        parts.push((*site, did));
    }
    parts.iter().for_each(|(site, did)| summarize(&format!("servers: {site}"), did));
    let report = report(arguments, &binary, ok, &parts);
    summarize("in all", &report);
    let path = folder.join(ground.name).with_extension("json");
    std::fs::write(&path, format!("{report:#}\n"))?;
    println!("    {}", path.display());
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the sites to come are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Left {
    seconds: Option<u64>,
    commits: u64,
}

impl Left {
    fn of(arguments: &ChaosArgs, ground: &Ground) -> Self {
        let minutes = arguments.minutes.or(ground.minutes);
        Self { seconds: minutes.map(|minutes| 60 * minutes), commits: arguments.commits }
    }

    /// One of `sites` equal shares, and no share that is nothing.
    fn share(self, sites: u64) -> Self {
        let seconds = self.seconds.map(|seconds| (seconds / sites).max(1));
        Self { seconds, commits: self.commits.div_ceil(sites).max(1) }
    }

    fn less(&mut self, seconds: u64, commits: u64) {
        self.seconds = self.seconds.map(|left| left.saturating_sub(seconds));
        self.commits = self.commits.saturating_sub(commits);
    }
}

fn command(
    workspace: &Workspace,
    arguments: &ChaosArgs,
    binary: &Binary,
    folder: &Path,
    test: &str,
    share: Left,
) -> std::process::Command {
    let ground = arguments.suite.ground();
    let how = ["--", "--ignored", "--nocapture", "--exact", test];
    let mut command = workspace.cargo(ground.program.split_whitespace().chain(how));
    let report: PathBuf = folder.join(ground.name);
    command.env("NATS_SERVER", binary.path()).env("AETHER_CHAOS_REPORT", report);
    command.env("AETHER_CHAOS_SEED", arguments.seed.to_string());
    command.env("AETHER_CHAOS_COMMITS", share.commits.to_string());
    if let Some(seconds) = share.seconds {
        command.env("AETHER_CHAOS_SECONDS", seconds.to_string());
    }
    command
}

/// What a site left; nothing when it ended before its first round did.
fn read(part: &Path) -> Value {
    let text = std::fs::read_to_string(part).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// What all of it came to, and each site.
fn report(arguments: &ChaosArgs, binary: &Binary, ok: bool, parts: &[(&str, Value)]) -> Value {
    let sum = |name: &str| parts.iter().map(|(_, did)| number(did, name)).sum::<u64>();
    let seconds = |name: &str| -> f64 { parts.iter().filter_map(|(_, did)| did.get(name)?.as_f64()).sum() };
    let violations = parts.iter().filter_map(|(_, did)| did.get("violations")?.as_array()).flatten();
    let sites = parts.iter().map(|(site, did)| json!({ "servers": site, "did": did }));
    json!({
        "suite": arguments.suite.ground().name,
        "server_version": binary.version().to_string(),
        "seed": arguments.seed,
        "ok": ok,
        "commits": sum("commits"),
        "messages": sum("messages"),
        "operations": counts(parts, "operations"),
        "faults": counts(parts, "faults"),
        "appends_in_flight_at_most": parts.iter().map(|(_, did)| number(did, "appends_in_flight_at_most")).max(),
        "seconds": seconds("seconds"),
        "seconds_with_checks": seconds("seconds_with_checks"),
        "violations": violations.collect::<Vec<_>>(),
        "sites": sites.collect::<Vec<_>>(),
    })
}

/// Adds the counts of all sites, name by name.
fn counts(parts: &[(&str, Value)], name: &str) -> BTreeMap<String, u64> {
    let mut sum = BTreeMap::new();
    let counts = parts.iter().filter_map(|(_, did)| did.get(name)?.as_object()).flatten();
    counts.for_each(|(of, count)| *sum.entry(of.clone()).or_default() += count.as_u64().unwrap_or_default());
    sum
}

fn number(did: &Value, name: &str) -> u64 {
    did.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn summarize(what: &str, did: &Value) {
    let violations = did.get("violations").and_then(Value::as_array).map_or(0, Vec::len);
    let seconds = did.get("seconds_with_checks").and_then(Value::as_f64).unwrap_or_default();
    let (commits, in_flight) = (number(did, "commits"), number(did, "appends_in_flight_at_most"));
    println!("    {what}, commits: {commits}, seconds: {seconds:.0}, violations: {violations}");
    if in_flight > 0 {
        println!("        appends in flight in one process, at most {in_flight}");
    }
    for name in ["faults", "faults_without_a_leader", "operations"] {
        if let Some(counts) = did.get(name).and_then(Value::as_object).filter(|counts| !counts.is_empty()) {
            println!("        {} {}", name.replace('_', " "), Value::Object(counts.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_site_gets_what_the_first_left_over() {
        let mut left = Left { seconds: Some(100), commits: 1_001 };
        assert_eq!(left.share(2), Left { seconds: Some(50), commits: 501 });
        left.less(10, 600);
        assert_eq!(left.share(1), Left { seconds: Some(90), commits: 401 });
        left.less(1_000, 1_000);
        assert_eq!(left.share(1), Left { seconds: Some(1), commits: 1 });
        assert_eq!(Left { seconds: None, ..left }.share(1).seconds, None);
    }

    #[test]
    fn the_counts_of_the_sites_add_up_by_name() {
        let parts = [
            ("one", json!({ "faults": { "a": 1, "b": 2 } })),
            ("three", json!({ "faults": { "b": 3 } })),
            ("none", Value::Null),
        ];
        let sum = counts(&parts, "faults");
        assert_eq!(sum, BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 5)]));
    }
}
