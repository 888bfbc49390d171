//! What the bus costs beyond a channel, and across nodes beyond core NATS: `cargo xtask bench bus`.

mod across;
mod goals;
mod latency;
mod local;
mod many;
mod site;

use aether_bench::{Program, Report};

#[tokio::main]
async fn main() {
    let Some(program) = Program::start() else {
        return;
    };
    let mut report = Report::new(&program, &goals::ALL);
    local::measure(&program, &mut report).await;
    many::measure(&program, &mut report).await;
    across::measure(&program, &mut report).await;
    latency::measure(&program, &mut report).await;
    report.finish(&program);
}
