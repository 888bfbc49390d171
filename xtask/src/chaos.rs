//! `cargo xtask chaos SUITE`: real processes, real servers, faults, for as long as one likes; leaves
//! `target/chaos/SUITE.json`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
}

#[derive(Debug, Args)]
pub(crate) struct ChaosArgs {
    /// What to run
    suite: Suite,
    /// End after so many minutes
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// End after so many commits
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

/// Where it happens, and the test that runs there. Each gets half of the minutes and of the commits.
const SITES: [(&str, &str); 2] = [
    ("one", "races::races_on_one_server_break_no_invariant"),
    ("three", "races::races_on_three_servers_break_no_invariant"),
];

pub(crate) fn run(workspace: &Workspace, arguments: &ChaosArgs) -> Result<ExitCode> {
    let Suite::Store = arguments.suite;
    let binary = server::obtain(workspace, &arguments.server)?;
    println!("    {}", binary.describe());
    let folder = workspace.target().join("chaos");
    std::fs::create_dir_all(&folder)?;
    let (mut ok, mut parts) = (true, Vec::new());
    for (site, test) in SITES {
        let part = folder.join(format!("store.{site}.json"));
        let _ = std::fs::remove_file(&part);
        if let Err(failure) = process::run(command(workspace, arguments, &binary, &folder, test)) {
            println!("    {site}: {}", failure.reason());
            ok = false;
        }
        parts.push(json!({ "servers": site, "did": read(&part) }));
    }
    parts.iter().for_each(summarize);
    let path = folder.join("store.json");
    let report = json!({ "suite": "store", "seed": arguments.seed, "ok": ok, "sites": parts });
    std::fs::write(&path, format!("{report:#}\n"))?;
    println!("    {}", path.display());
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn command(
    workspace: &Workspace,
    arguments: &ChaosArgs,
    binary: &Binary,
    folder: &Path,
    test: &str,
) -> std::process::Command {
    let plain = "test --release --quiet --package aether-store-jetstream --features testing --test chaos -- --ignored \
                 --nocapture --exact";
    let mut command = workspace.cargo(plain.split_whitespace().chain([test]));
    let report: PathBuf = folder.join("store");
    command.env("NATS_SERVER", binary.path()).env("AETHER_CHAOS_REPORT", report);
    command.env("AETHER_CHAOS_SEED", arguments.seed.to_string());
    command.env("AETHER_CHAOS_COMMITS", half(arguments.commits).to_string());
    if let Some(minutes) = arguments.minutes {
        command.env("AETHER_CHAOS_SECONDS", half(60 * minutes).to_string());
    }
    command
}

fn half(number: u64) -> u64 {
    number.div_ceil(2)
}

/// What a site left; nothing when it ended before its first round did.
fn read(part: &Path) -> Value {
    let text = std::fs::read_to_string(part).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn summarize(part: &Value) {
    let said = |name: &str| part.get("did").and_then(|did| did.get(name)).unwrap_or(&Value::Null);
    let violations = said("violations").as_array().map_or(0, Vec::len);
    let servers = part.get("servers").and_then(Value::as_str).unwrap_or_default();
    let (commits, seconds) = (said("commits"), said("seconds").as_f64().unwrap_or_default());
    println!("    servers: {servers}, commits: {commits}, seconds: {seconds:.0}, violations: {violations}");
    println!("        faults {}", said("faults"));
    println!("        operations {}", said("operations"));
}
