//! In which order things arrive, and that they add up.

use std::collections::HashMap;
use std::time::Duration;

use crate::testing::site::{event, namespace, pattern};
use crate::testing::{BusUnderTest, Node, Site};
use crate::{Delivery, EventFilter, Missed, Overflow};

pub async fn one_publishers_events_arrive_in_order<B: BusUnderTest>(site: Site<B>) {
    let names = ["order.a", "order.b", "order.c"].map(namespace);
    for (from, to) in site.pairs() {
        site.quiet().await;
        let mut heard = site.listen(to, &pattern("order.*")).await;
        site.settle().await;
        for (version, name) in (1..=3_000).zip(names.iter().cycle()) {
            site.publish(from, name, [version]).await;
        }
        for version in 1..=3_000 {
            assert_eq!(crate::testing::site::next(&mut heard).await, version);
        }
    }
}

pub async fn publishers_at_the_same_time_each_keep_their_order<B: BusUnderTest>(site: Site<B>) {
    const EACH: u64 = 500;
    let name = namespace("at.once");
    let mut all = Vec::new();
    for to in site.nodes() {
        all.push(site.listen(to, &pattern("at.>")).await);
    }
    site.settle().await;
    let publishers = site.nodes().iter().cycle().take(4).enumerate().map(|(n, from)| {
        let (from, name) = (from.clone(), name.clone());
        tokio::spawn(async move {
            for version in 1..=EACH {
                from.publish(&name, event(&format!("order-{n}"), "Placed", version)).await.unwrap();
            }
        })
    });
    let publishers: Vec<_> = publishers.collect();
    for heard in &mut all {
        let mut last = HashMap::new();
        for _ in 0..4 * EACH {
            let Some(Delivery::Event(event)) = heard.next().await else { panic!("no event") };
            let before = last.insert(event.actor().clone(), event.version().number()).unwrap_or(0);
            assert_eq!(event.version().number(), before + 1);
        }
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }
}

pub async fn what_was_published_was_delivered_or_missed<B: BusUnderTest>(site: Site<B>) {
    const COUNT: u64 = 2_000;
    let name = namespace("adds.up");
    let overflows = [
        Overflow::drop_oldest(7),
        Overflow::drop_newest(7),
        Overflow::block(7, Duration::ZERO),
        Overflow::drop_oldest(10_000),
    ];
    let mut all = Vec::new();
    for to in site.nodes() {
        for overflow in overflows {
            all.push(to.subscribe(pattern("adds.>"), EventFilter::any(), overflow).await.unwrap());
        }
    }
    site.settle().await;
    let readers = all.into_iter().map(|mut heard| {
        let all = COUNT * site.nodes().len() as u64;
        tokio::spawn(async move {
            let (mut delivered, mut missed) = (0, 0);
            while delivered + missed < all {
                match heard.next().await {
                    Some(Delivery::Event(_)) => delivered += 1,
                    Some(Delivery::Missed(Missed::Exactly(count))) => missed += count,
                    other => panic!("{other:?}"),
                }
                tokio::task::yield_now().await;
            }
            assert_eq!((delivered + missed, heard.try_next()), (all, None));
        })
    });
    let readers: Vec<_> = readers.collect();
    for from in site.nodes() {
        site.publish(from, &name, 1..=COUNT).await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
}
