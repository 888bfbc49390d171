//! What becomes of what there is no room for.

use std::time::Duration;

use crate::testing::site::{namespace, next, take};
use crate::testing::{BusUnderTest, Node, Site};
use crate::{Delivery, EventFilter, Missed, Overflow, Pattern, Subscription};

/// Publishes ten events to a subscriber that has room for some, and returns when its node has got them.
async fn ten<B: BusUnderTest>(
    site: &Site<B>,
    from: &B::Node,
    to: &B::Node,
    overflow: Overflow,
) -> Subscription {
    let name = namespace("overflow");
    let pattern = Pattern::exact(&name);
    let small = to.subscribe(pattern.clone(), EventFilter::any(), overflow).await.unwrap();
    // Subscribed later, so it hears later.
    let mut all = site.listen(to, &pattern).await;
    site.settle().await;
    site.publish(from, &name, 1..=10).await;
    assert_eq!(take(&mut all, 10).await, (1..=10).collect::<Vec<_>>());
    small
}

pub async fn the_oldest_are_dropped_and_counted_where_they_were<B: BusUnderTest>(site: Site<B>) {
    for (from, to) in site.pairs() {
        site.quiet().await;
        let mut small = ten(&site, from, to, Overflow::drop_oldest(4)).await;
        assert_eq!(small.next().await, Some(Delivery::Missed(Missed::Exactly(6))));
        assert_eq!(take(&mut small, 4).await, [7, 8, 9, 10]);
        site.publish(from, &namespace("overflow"), [11]).await;
        assert_eq!(next(&mut small).await, 11);
    }
}

pub async fn the_newest_are_dropped_and_counted_where_they_were<B: BusUnderTest>(site: Site<B>) {
    for (from, to) in site.pairs() {
        site.quiet().await;
        let mut small = ten(&site, from, to, Overflow::drop_newest(4)).await;
        assert_eq!(take(&mut small, 4).await, [1, 2, 3, 4]);
        assert_eq!(small.next().await, Some(Delivery::Missed(Missed::Exactly(6))));
        site.publish(from, &namespace("overflow"), [11]).await;
        assert_eq!(next(&mut small).await, 11);
    }
}

pub async fn a_slow_subscriber_that_blocks_misses_nothing<B: BusUnderTest>(site: Site<B>) {
    let name = namespace("slow");
    for (from, to) in site.pairs() {
        site.quiet().await;
        let overflow = Overflow::block(2, Duration::from_secs(30));
        let mut slow = to.subscribe(Pattern::exact(&name), EventFilter::any(), overflow).await.unwrap();
        site.settle().await;
        let publishing = {
            let (from, name) = (from.clone(), name.clone());
            tokio::spawn(async move {
                for version in 1..=200 {
                    let event = crate::testing::site::event("order-1", "Placed", version);
                    from.publish(&name, event).await.unwrap();
                }
            })
        };
        for version in 1..=200 {
            assert_eq!(next(&mut slow).await, version);
            tokio::task::yield_now().await;
        }
        publishing.await.unwrap();
    }
}

pub async fn a_subscriber_that_blocks_for_too_long_misses_what_there_is_no_room_for<B: BusUnderTest>(
    site: Site<B>,
) {
    for (from, to) in site.pairs() {
        site.quiet().await;
        let overflow = Overflow::block(2, Duration::from_millis(50));
        let mut stalled = ten(&site, from, to, overflow).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(take(&mut stalled, 2).await, [1, 2]);
        assert_eq!(stalled.next().await, Some(Delivery::Missed(Missed::Exactly(8))));
        site.publish(from, &namespace("overflow"), [11]).await;
        assert_eq!(next(&mut stalled).await, 11);
    }
}
