//! What following a store costs beyond the messages that the server sends: `cargo xtask bench subscribe`.
//!
//! The baselines are the client itself, on the same connection and the same stream.

mod catch_up;
mod goals;
mod groups;
mod latency;
mod raw;
mod site;
mod views;

use aether_bench::{Program, Report};

#[tokio::main]
async fn main() {
    let Some(program) = Program::start() else {
        return;
    };
    let mut report = Report::new(&program, &goals::ALL);
    let filled = catch_up::Filled::default();
    catch_up::measure(&program, &mut report, &filled).await;
    groups::measure(&program, &mut report, &filled).await;
    latency::measure(&program, &mut report).await;
    views::measure(&program, &mut report).await;
    report.finish(&program);
}
