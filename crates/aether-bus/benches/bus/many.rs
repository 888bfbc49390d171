//! Ten thousand patterns, of which ten match what is published.

use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, interleave};
use aether_bus::{EventBus, EventFilter, Overflow, Pattern};
use aether_core::Namespace;

use crate::goals::PATTERNS;
use crate::site::events;

const PUBLISHED: usize = 10_000;

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    report
        .measure(program, [&PATTERNS], async || {
            let [ours] = interleave(program.choose(15, 7), [()], async |()| turn().await).await?;
            Ok([Figures { ours, baseline: 1.0 }])
        })
        .await;
}

/// Microseconds for each publish. Nobody takes anything, so that the queues drop: that is the bus's work too.
async fn turn() -> Result<f64> {
    let (bus, mut subscriptions) = (EventBus::new(), Vec::new());
    for n in 0..10_000 {
        // Ten of them with each first token, half of them with each kind of wildcard.
        let (tenant, rest) = (n / 10, if n % 2 == 0 { "*" } else { ">" });
        let pattern = Pattern::new(&format!("tenant-{tenant}.{rest}"))?;
        subscriptions.push(bus.subscribe(pattern, EventFilter::any(), Overflow::drop_oldest(64)).await?);
    }
    let namespace = Namespace::new("tenant-500.orders")?;
    let events = events(PUBLISHED)?;
    let start = Instant::now();
    for event in events {
        bus.publish(&namespace, event).await?;
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / PUBLISHED as f64;
    let held = subscriptions.iter().filter(|subscription| !subscription.is_empty()).count();
    if held == 10 { Ok(each) } else { Err(format!("{held} of the patterns matched").into()) }
}
