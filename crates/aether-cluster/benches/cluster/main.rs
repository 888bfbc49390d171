//! What placing shards costs, and how even it is: `cargo xtask bench cluster`.

mod changes;
mod goals;
mod load;
mod site;
mod time;

use aether_bench::{Program, Report};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let Some(program) = Program::start() else {
        return;
    };
    let mut report = Report::new(&program, &goals::ALL);
    time::measure(&program, &mut report).await;
    changes::measure(&program, &mut report).await;
    load::measure(&program, &mut report).await;
    report.finish(&program);
}
