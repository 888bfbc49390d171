//! What a cluster takes: to place shards, to notice a death, to move a shard, to ask another node, and to do nothing:
//! `cargo xtask bench cluster`.

mod asks;
mod changes;
mod deaths;
mod goals;
mod live;
mod load;
mod moves;
mod process;
mod quiet;
mod site;
mod time;

use aether_bench::{Program, Report};

#[tokio::main]
async fn main() {
    // A node of a cluster that is measured.
    if process::run_as_child().await {
        return;
    }
    let Some(program) = Program::start() else {
        return;
    };
    let mut report = Report::new(&program, &goals::ALL);
    time::measure(&program, &mut report).await;
    changes::measure(&program, &mut report).await;
    load::measure(&program, &mut report).await;
    deaths::measure(&program, &mut report).await;
    moves::measure(&program, &mut report).await;
    asks::measure(&program, &mut report).await;
    quiet::measure(&program, &mut report).await;
    report.finish(&program);
}
