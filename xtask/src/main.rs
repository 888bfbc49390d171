//! The commands of this repository: `cargo xtask --help` lists them.
//!
//! Each command is a list of steps. A step says what it does, shows what its programs print as they print it, and
//! has one row in the table at the end.

mod bench;
mod chaos;
mod ci;
mod cli;
mod deny;
mod examples;
mod failure;
mod features;
mod lint;
mod matrix;
mod package;
mod process;
mod scaling;
mod server;
mod simulate;
mod soak;
mod step;
mod suite;
mod summary;
mod test_output;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let command = cli::Cli::parse().command;
    workspace::Workspace::find().and_then(|workspace| command.run(&workspace)).unwrap_or_else(|failure| {
        eprintln!("error: {}", failure.reason());
        ExitCode::FAILURE
    })
}
