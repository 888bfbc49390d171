//! From node to node: how long one event takes, alone on its way.

use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, interleave, percentile};
use aether_bus::{EventFilter, Overflow, Pattern};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::goals::LATENCY;
use crate::site::{Site, bytes, events, namespace, settle};

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    report
        .measure(program, [&LATENCY], async || {
            let site = Site::start().await?;
            let (turns, count) = program.choose((15, 5_000), (7, 1_000));
            let [ours, raw] = interleave(turns, [true, false], async |is_ours| match is_ours {
                true => ours(&site, count).await,
                false => raw(&site, count).await,
            })
            .await?;
            Ok([Figures { ours, baseline: raw }])
        })
        .await;
}

fn micros(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64() * 1e6
}

async fn ours(site: &Site, count: usize) -> Result<f64> {
    let (events, namespace) = (events(count)?, namespace()?);
    let overflow = Overflow::drop_newest(16);
    let mut heard = site.to.subscribe(Pattern::exact(&namespace), EventFilter::any(), overflow).await?;
    let (say, mut said) = mpsc::unbounded_channel();
    let reader =
        tokio::spawn(
            async move { while heard.next().await.is_some() && say.send(Instant::now()).is_ok() {} },
        );
    let from = site.from.clone();
    let publisher = tokio::spawn(async move {
        let mut each = Vec::with_capacity(count);
        for event in events {
            let start = Instant::now();
            from.publish(&namespace, event).await?;
            each.push(micros(start, said.recv().await.ok_or("the subscriber is gone")?));
        }
        Result::Ok(percentile(each, 99))
    });
    let latency = publisher.await??;
    reader.abort();
    Ok(latency)
}

async fn raw(site: &Site, count: usize) -> Result<f64> {
    let subject = "raw.event.tenant-a.orders";
    let mut heard = site.raw_to.subscribe(subject).await?;
    settle(&site.raw_from, &mut heard, subject).await?;
    let payloads: Vec<_> = events(count)?.iter().map(bytes).collect();
    let (say, mut said) = mpsc::unbounded_channel();
    let reader =
        tokio::spawn(
            async move { while heard.next().await.is_some() && say.send(Instant::now()).is_ok() {} },
        );
    let from = site.raw_from.clone();
    let publisher = tokio::spawn(async move {
        let mut each = Vec::with_capacity(count);
        for payload in payloads {
            let start = Instant::now();
            from.publish(subject, payload).await?;
            each.push(micros(start, said.recv().await.ok_or("the subscriber is gone")?));
        }
        Result::Ok(percentile(each, 99))
    });
    let latency = publisher.await??;
    reader.abort();
    Ok(latency)
}
