//! From node to node: how many events a second.

use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, interleave};
use aether_bus::{Delivery, EventFilter, Overflow, Pattern};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::goals::ACROSS;
use crate::site::{Site, bytes, events, namespace, settle};

/// So many are on their way at most: fewer than a client holds for a subscription.
const ON_THE_WAY: usize = 16_384;

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    report
        .measure(program, [&ACROSS], async || {
            let site = Site::start().await?;
            let (turns, count) = program.choose((15, 400_000), (7, 100_000));
            let [ours, raw] = interleave(turns, [true, false], async |is_ours| match is_ours {
                true => ours(&site, count).await,
                false => raw(&site, count).await,
            })
            .await?;
            Ok([Figures { ours, baseline: raw }])
        })
        .await;
}

/// Lets the publisher go on when half of what is on its way has come.
struct Window {
    come: mpsc::UnboundedReceiver<usize>,
    /// How many have come.
    heard: usize,
}

impl Window {
    async fn room(&mut self, published: usize) -> Result {
        while published >= self.heard + ON_THE_WAY {
            self.heard = self.come.recv().await.ok_or("the subscriber is gone")?;
        }
        Ok(())
    }

    async fn all(&mut self, count: usize) -> Result {
        while self.heard < count {
            self.heard = self.come.recv().await.ok_or("the subscriber is gone")?;
        }
        Ok(())
    }
}

/// Says how many have come, each time when it is a part of the window.
fn say(to: &mpsc::UnboundedSender<usize>, heard: usize, count: usize) {
    if heard.is_multiple_of(ON_THE_WAY / 16) || heard == count {
        let _ = to.send(heard);
    }
}

async fn ours(site: &Site, count: usize) -> Result<f64> {
    let (events, namespace) = (events(count)?, namespace()?);
    let overflow = Overflow::drop_newest(2 * ON_THE_WAY);
    let mut heard = site.to.subscribe(Pattern::exact(&namespace), EventFilter::any(), overflow).await?;
    let (say_to, come) = mpsc::unbounded_channel();
    let reader = tokio::spawn(async move {
        for n in 1..=count {
            match heard.next().await {
                Some(Delivery::Event(_)) => say(&say_to, n, count),
                other => return Err(format!("{other:?} at {n}")),
            }
        }
        Ok(())
    });
    let from = site.from.clone();
    let publisher = tokio::spawn(async move {
        let mut window = Window { come, heard: 0 };
        let start = Instant::now();
        for (n, event) in events.into_iter().enumerate() {
            if n % 64 == 0 {
                window.room(n).await?;
            }
            from.publish(&namespace, event).await?;
        }
        window.all(count).await?;
        Result::Ok(count as f64 / start.elapsed().as_secs_f64())
    });
    let rate = publisher.await??;
    reader.await??;
    Ok(rate)
}

async fn raw(site: &Site, count: usize) -> Result<f64> {
    let subject = "raw.event.tenant-a.orders";
    let mut heard = site.raw_to.subscribe(subject).await?;
    settle(&site.raw_from, &mut heard, subject).await?;
    let payloads: Vec<_> = events(count)?.iter().map(bytes).collect();
    let (say_to, come) = mpsc::unbounded_channel();
    let reader = tokio::spawn(async move {
        for n in 1..=count {
            heard.next().await.ok_or("the client is closed")?;
            say(&say_to, n, count);
        }
        Result::Ok(())
    });
    let from = site.raw_from.clone();
    let publisher = tokio::spawn(async move {
        let mut window = Window { come, heard: 0 };
        let start = Instant::now();
        for (n, payload) in payloads.into_iter().enumerate() {
            if n % 64 == 0 {
                window.room(n).await?;
            }
            from.publish(subject, payload).await?;
        }
        window.all(count).await?;
        Result::Ok(count as f64 / start.elapsed().as_secs_f64())
    });
    let rate = publisher.await??;
    reader.await??;
    Ok(rate)
}
