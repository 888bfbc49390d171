//! `cargo xtask bench SUITE`: ratios of ours to baselines, measured side by side; leaves `target/bench/SUITE.json` and
//! plots.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use aether_bench::{Better, Goal, Plot, Report, Row};
use clap::{Args, ValueEnum};

use crate::cli::ServerChoice;
use crate::failure::{Failure, Result};
use crate::server::{self, Binary};
use crate::workspace::Workspace;
use crate::{process, scaling};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// The stores: appending, loading, replaying
    Store,
    /// Subscriptions, groups and projections
    Subscribe,
    /// The bus, local and across nodes
    Bus,
    /// The cluster: placing and moving shards, failovers, asks, and what it costs while it is quiet
    Cluster,
    /// What streams, actors, consumers and headers cost a server: without baselines, rounds or plots
    Scaling,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// What to measure
    suite: Suite,
    /// Measure less, in under three minutes once it is built
    #[arg(long)]
    quick: bool,
    /// Measure so often, and take the medians of the ratios
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Measure only the rows and plots with this in their names; leaves plots, but no `store.json`
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Put the table and the plots into docs/benchmarks.md
    #[arg(long, conflicts_with = "only")]
    docs: bool,
    #[command(flatten)]
    server: ServerChoice,
}

impl BenchArgs {
    pub(crate) fn absolute(self) -> Result<Self> {
        Ok(Self { server: self.server.absolute()?, ..self })
    }
}

/// A program that measures some rows of a suite.
struct Program {
    name: &'static str,
    /// What runs it, after `cargo`.
    cargo: &'static str,
}

impl Suite {
    /// What its files and its place in the documentation are called.
    fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Subscribe => "subscribe",
            Self::Bus => "bus",
            Self::Cluster => "cluster",
            Self::Scaling => "scaling",
        }
    }

    fn programs(self) -> &'static [Program] {
        match self {
            Self::Store => &STORE,
            Self::Subscribe => &SUBSCRIBE,
            Self::Bus => &BUS,
            Self::Cluster => &CLUSTER,
            Self::Scaling => &[],
        }
    }
}

const SUBSCRIBE: [Program; 1] =
    [Program { name: "projection", cargo: "bench --quiet --package aether-projection --bench subscribe" }];

const BUS: [Program; 1] =
    [Program { name: "bus", cargo: "bench --quiet --package aether-bus --features nats --bench bus" }];

const CLUSTER: [Program; 1] =
    [Program { name: "cluster", cargo: "bench --quiet --package aether-cluster --bench cluster" }];

const STORE: [Program; 3] = [
    Program { name: "jetstream", cargo: "bench --quiet --package aether-store-jetstream --bench store" },
    Program { name: "memory", cargo: "bench --quiet --package aether-store-memory --bench store" },
    Program {
        name: "eventually",
        cargo: "run --quiet --release --locked --manifest-path benches/eventually/Cargo.toml -- --bench",
    },
];

pub(crate) fn run(workspace: &Workspace, arguments: &BenchArgs) -> Result<ExitCode> {
    let binary = server::obtain(workspace, &arguments.server)?;
    println!("    {}", binary.describe());
    let folder = workspace.target().join("bench");
    fs::create_dir_all(&folder)?;
    if arguments.suite == Suite::Scaling {
        if arguments.runs > 1 || arguments.only.is_some() || arguments.docs {
            return Err(Failure::new("of its options the suite `scaling` knows --quick and the server"));
        }
        return scaling::run(workspace, arguments.quick, &binary, &folder);
    }
    let (mut runs, mut plots) = (Vec::new(), Vec::new());
    for number in 1..=arguments.runs {
        println!("    run {number} of {}", arguments.runs);
        let programs = arguments.suite.programs().iter();
        let reports = programs.map(|program| measure(workspace, arguments, &binary, &folder, program));
        let reports = reports.collect::<Result<Vec<Report>>>()?;
        runs.push(reports.iter().flat_map(|report| report.rows.clone()).collect());
        plots = reports.into_iter().flat_map(|report| report.plots).collect();
    }
    let rows = aether_bench::merge(&runs);
    let suite = arguments.suite.name();
    draw(suite, &plots, &folder)?;
    println!("\n{}", aether_bench::text(&rows));
    // Some rows alone do not replace the suite's.
    if arguments.only.is_none() {
        let path = folder.join(format!("{suite}.json"));
        fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&rows)?))?;
        println!("    {}", path.display());
    }
    if arguments.docs {
        document(workspace, suite, &rows, &plots)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a program. One that fails leaves the rows that it had; one that cannot even be built, a row that says so.
fn measure(
    workspace: &Workspace,
    arguments: &BenchArgs,
    binary: &Binary,
    folder: &Path,
    program: &Program,
) -> Result<Report> {
    let part = folder.join(format!("{}.{}.json", arguments.suite.name(), program.name));
    let _ = fs::remove_file(&part);
    let outcome = process::run(command(workspace, arguments, binary, &part, program));
    let reason = outcome.err().map_or("it left no report".to_owned(), |failure| failure.reason().to_owned());
    match fs::read_to_string(&part) {
        Ok(json) => Ok(serde_json::from_str(&json)?),
        Err(_) => Ok(Report { rows: vec![missing(program, &reason)], plots: Vec::new() }),
    }
}

fn command(
    workspace: &Workspace,
    arguments: &BenchArgs,
    binary: &Binary,
    part: &Path,
    program: &Program,
) -> Command {
    let mut command = workspace.cargo(program.cargo.split(' '));
    // A lock file and packages of its own, but what was built is kept where everything is.
    command.env("CARGO_TARGET_DIR", workspace.target());
    command.env("NATS_SERVER", binary.path()).env("AETHER_BENCH_REPORT", part);
    if arguments.quick {
        command.env("AETHER_BENCH_QUICK", "1");
    }
    if let Some(only) = &arguments.only {
        command.env("AETHER_BENCH_ONLY", only);
    }
    command
}

fn missing(program: &Program, reason: &str) -> Row {
    let goal = Goal {
        name: program.name,
        unit: "",
        baseline_is: "every row of this program",
        must: None,
        aim: None,
        better: Better::Higher,
        go: None,
    };
    Row::unmeasured(&goal, reason)
}

fn draw(suite: &str, plots: &[Plot], folder: &Path) -> Result {
    plots
        .iter()
        .try_for_each(|plot| Ok(fs::write(folder.join(format!("{suite}-{}.svg", plot.file)), plot.draw())?))
}

/// The line before or after what the command writes.
fn mark(suite: &str, end: &str) -> String {
    format!("<!-- written by cargo xtask bench {suite} --docs: {end} -->\n")
}

/// Replaces the table in the documentation, and the plots beside it.
fn document(workspace: &Workspace, suite: &str, rows: &[Row], plots: &[Plot]) -> Result {
    let page: PathBuf = workspace.root().join("docs/benchmarks.md");
    let text = fs::read_to_string(&page)?;
    let text = replaced(&text, suite, &aether_bench::markdown(rows))
        .ok_or_else(|| Failure::new("docs/benchmarks.md has no place for the table"))?;
    fs::write(&page, text)?;
    let folder = workspace.root().join("docs/benchmarks");
    fs::create_dir_all(&folder)?;
    draw(suite, plots, &folder)
}

fn replaced(text: &str, suite: &str, table: &str) -> Option<String> {
    let (begin, end) = (mark(suite, "begin"), mark(suite, "end"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{table}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_is_replaced() {
        let page = |table: &str| {
            let [begin, end] = ["begin", "end"].map(|end| mark("store", end));
            format!("# Page\n{begin}\n{table}\n\n{end}after\n")
        };
        assert_eq!(replaced(&page("| old |"), "store", "| new |\n"), Some(page("| new |")));
        assert_eq!(replaced(&page("| old |"), "subscribe", "| new |\n"), None);
    }

    #[test]
    fn a_program_that_left_nothing_has_a_row_that_says_why() {
        let row = missing(&STORE[2], "it cannot be built");
        assert_eq!((row.name.as_str(), row.ok), ("eventually", false));
        assert_eq!(row.unmeasured.as_deref(), Some("it cannot be built"));
    }
}
