//! `cargo xtask simulate`: the cluster's protocols through faults, seed by seed.

use std::process::{Command, ExitCode};

use clap::Args;

use crate::failure::Result;
use crate::process;
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Run so many seeds, or fewer if one fails
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Begin with this seed
    #[arg(long, value_name = "K", default_value_t = 1)]
    from: u64,
    /// Run this seed alone, and keep its history
    #[arg(long, value_name = "K", conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
}

const TEST: &str = "test --quiet --package aether-cluster --features testing --test simulation -- --exact \
                    --nocapture seeds::no_seed_breaks_an_invariant";

/// Runs the simulation's test, which says the seed that fails and leaves its history below the target folder.
pub(crate) fn run(workspace: &Workspace, arguments: &SimulateArgs) -> Result<ExitCode> {
    process::run(command(workspace, arguments))?;
    Ok(ExitCode::SUCCESS)
}

fn command(workspace: &Workspace, arguments: &SimulateArgs) -> Command {
    let (from, seeds) = arguments.range();
    let mut command = workspace.cargo(TEST.split_whitespace());
    command.env("AETHER_SIMULATE_FROM", from.to_string());
    command.env("AETHER_SIMULATE_SEEDS", seeds.to_string());
    command
}

impl SimulateArgs {
    /// The first seed, and how many.
    fn range(&self) -> (u64, u64) {
        self.seed.map_or((self.from, self.seeds), |seed| (seed, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_a_range_of_one() {
        let all = SimulateArgs { seeds: 10, from: 5, seed: None };
        assert_eq!(all.range(), (5, 10));
        assert_eq!(SimulateArgs { seed: Some(7), ..all }.range(), (7, 1));
    }
}
