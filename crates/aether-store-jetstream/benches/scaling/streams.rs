//! The cost of a stream: those of a store with many partitions, without events.

use std::time::Instant;

use crate::report::Report;
use crate::site::Site;
use crate::{KIB, Result};

pub(crate) async fn measure(report: &mut Report, replicas: u8, partitions: u32) -> Result<()> {
    let site = Site::start(replicas).await?;
    let before = site.memory().await?;
    let begun = Instant::now();
    site.builder("store")?.partitions(partitions).open().await?;
    let created = begun.elapsed();
    let after = site.memory().await?;
    let begun = Instant::now();
    site.builder("store")?.partitions(partitions).open().await?;
    let opened = begun.elapsed();
    // Two for each partition, and the one that says how many.
    let streams = f64::from(partitions) * 2.0 + 1.0;
    report.row(
        replicas,
        &format!("a stream, of {streams}"),
        &[
            ("heap", (after.heap - before.heap) / streams / KIB, "KiB"),
            ("resident", (after.resident - before.resident) / streams / KIB, "KiB"),
            ("disk", site.disk()? / streams / KIB, "KiB"),
            ("to create", created.as_secs_f64() * 1e3 / streams, "ms"),
            ("to open again", opened.as_secs_f64() * 1e3 / streams, "ms"),
        ],
    );
    Ok(())
}
