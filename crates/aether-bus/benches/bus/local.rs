//! Beside a channel: the same events, in the same rounds, to a subscriber in a task of its own.

use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, interleave};
use aether_bus::{EventBus, EventFilter, Overflow, Pattern, Subscription};
use aether_core::{Event, Namespace};
use tokio::sync::{broadcast, mpsc};

use crate::goals::{LOCAL, ONE_OF_MANY};
use crate::site::{events, namespace};

/// So many are published before the publisher waits for the subscriber, who may not fall behind a channel's capacity.
const ROUND: usize = 1_024;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Ours,
    OursAmongMany,
    Channel,
}

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    report
        .measure(program, [&LOCAL, &ONE_OF_MANY], async || {
            let rounds = program.choose(2_000, 300);
            let contestants = [Who::Ours, Who::OursAmongMany, Who::Channel];
            let turns = program.choose(15, 7);
            let [ours, many, channel] =
                interleave(turns, contestants, async |who| turn(who, rounds).await).await?;
            Ok([Figures { ours, baseline: channel }, Figures { ours: many, baseline: ours }])
        })
        .await;
}

async fn turn(who: Who, rounds: usize) -> Result<f64> {
    let events = events(ROUND)?;
    let turn = tokio::spawn(async move {
        match who {
            Who::Channel => channel(&events, rounds).await,
            Who::Ours => ours(&events, rounds, 0).await,
            Who::OursAmongMany => ours(&events, rounds, 999).await,
        }
    });
    turn.await?
}

fn rate(rounds: usize, start: Instant) -> f64 {
    (rounds * ROUND) as f64 / start.elapsed().as_secs_f64()
}

async fn ours(events: &[Event], rounds: usize, others: usize) -> Result<f64> {
    let (bus, namespace) = (EventBus::new(), namespace()?);
    let overflow = Overflow::drop_newest(ROUND);
    let subscribe = async |pattern: Pattern| bus.subscribe(pattern, EventFilter::any(), overflow).await;
    let mut all: Vec<Subscription> = Vec::new();
    for other in 0..others {
        all.push(subscribe(Pattern::exact(&Namespace::new(format!("tenant-{other}.orders"))?)).await?);
    }
    let mut subscription = subscribe(Pattern::exact(&namespace)).await?;
    let (done, mut is_done) = mpsc::channel(1);
    let subscriber = tokio::spawn(async move {
        let mut count = 0_usize;
        while subscription.next().await.is_some() {
            count += 1;
            if count.is_multiple_of(ROUND) && done.send(()).await.is_err() {
                return;
            }
        }
    });
    let start = Instant::now();
    for _ in 0..rounds {
        for event in events {
            bus.publish(&namespace, event.clone()).await?;
        }
        is_done.recv().await.ok_or("the subscriber is gone")?;
    }
    let rate = rate(rounds, start);
    subscriber.abort();
    drop(all);
    Ok(rate)
}

async fn channel(events: &[Event], rounds: usize) -> Result<f64> {
    let (sender, mut receiver) = broadcast::channel::<Event>(ROUND);
    let (done, mut is_done) = mpsc::channel(1);
    let subscriber = tokio::spawn(async move {
        let mut count = 0_usize;
        while receiver.recv().await.is_ok() {
            count += 1;
            if count.is_multiple_of(ROUND) && done.send(()).await.is_err() {
                return;
            }
        }
    });
    let start = Instant::now();
    for _ in 0..rounds {
        for event in events {
            sender.send(event.clone())?;
        }
        is_done.recv().await.ok_or("the subscriber is gone")?;
    }
    let rate = rate(rounds, start);
    subscriber.abort();
    Ok(rate)
}
