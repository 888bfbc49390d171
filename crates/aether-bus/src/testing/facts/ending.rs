//! How subscriptions and buses end.

use std::time::Duration;

use crate::testing::site::{event, namespace, next, pattern, take};
use crate::testing::{BusUnderTest, Node, Site};
use crate::{EventFilter, Overflow, Pattern, PublishError, SubscribeError};

pub async fn a_subscription_that_is_dropped_is_gone<B: BusUnderTest>(site: Site<B>) {
    let name = namespace("gone");
    for (from, to) in site.pairs() {
        site.quiet().await;
        let overflow = Overflow::block(1, Duration::from_secs(3_600));
        let blocking = to.subscribe(Pattern::exact(&name), EventFilter::any(), overflow).await.unwrap();
        let mut heard = site.listen(to, &Pattern::exact(&name)).await;
        site.settle().await;
        site.publish(from, &name, [1]).await;
        assert_eq!(next(&mut heard).await, 1);
        // Whoever waits for it goes on at once.
        let publishing = {
            let (from, name) = (from.clone(), name.clone());
            tokio::spawn(async move { from.publish(&name, event("order-1", "Placed", 2)).await })
        };
        assert_eq!(next(&mut heard).await, 2);
        drop(blocking);
        publishing.await.unwrap().unwrap();
        site.publish(from, &name, [3]).await;
        assert_eq!(next(&mut heard).await, 3);
    }
}

pub async fn subscribing_again_and_again_loses_nothing<B: BusUnderTest>(site: Site<B>) {
    let name = namespace("again");
    for (from, to) in site.pairs() {
        site.quiet().await;
        let mut held = site.listen(to, &pattern("again")).await;
        site.settle().await;
        for version in 1..=20 {
            let other = site.listen(to, &pattern("again")).await;
            site.publish(from, &name, [version]).await;
            assert_eq!(next(&mut held).await, version);
            held = other;
            assert_eq!(next(&mut held).await, version);
        }
    }
}

pub async fn a_stopped_bus_hands_out_what_it_holds_and_ends<B: BusUnderTest>(site: Site<B>) {
    let (name, node) = (namespace("stopped"), &site.nodes()[0]);
    let mut heard = site.listen(node, &pattern("stopped")).await;
    let mut other = site.listen(node, &pattern("other")).await;
    let mut announced = node.subscribe_event_stored(pattern(">"), Overflow::drop_oldest(1)).await.unwrap();
    let waiting = tokio::spawn(async move { other.next().await });
    site.publish(node, &name, 1..=3).await;
    node.stop().await;
    assert_eq!(take(&mut heard, 3).await, [1, 2, 3]);
    assert_eq!((heard.next().await, heard.next().await), (None, None));
    assert_eq!((waiting.await.unwrap(), announced.next().await), (None, None));
}

pub async fn a_stopped_bus_takes_nothing_in<B: BusUnderTest>(site: Site<B>) {
    let node = &site.nodes()[0];
    node.stop().await;
    node.stop().await;
    let refused = node.publish(&namespace("a"), event("order-1", "Placed", 1)).await;
    assert_eq!(refused, Err(PublishError::Stopped));
    let refused = node.subscribe(pattern("a"), EventFilter::any(), Overflow::drop_oldest(1)).await;
    assert_eq!(refused.unwrap_err(), SubscribeError::Stopped);
}
