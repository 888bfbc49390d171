//! Announcements of what is stored.

use std::time::Duration;

use aether_core::{EventBroadcaster, EventStored, Namespace};

use crate::testing::site::{namespace, pattern, stored};
use crate::testing::{BusUnderTest, Node, Site};
use crate::{Delivery, Overflow, Pattern, SubscribeError, Subscription};

async fn listen<N: Node>(node: &N, pattern: Pattern) -> Subscription<EventStored> {
    node.subscribe_event_stored(pattern, Overflow::drop_oldest(10_000)).await.unwrap()
}

pub async fn what_is_stored_is_announced_in_order<B: BusUnderTest>(site: Site<B>) {
    for (from, to) in site.pairs() {
        site.quiet().await;
        for name in [namespace("shop.orders"), Namespace::internal()] {
            site.quiet().await;
            let mut announced = listen(to, Pattern::exact(&name)).await;
            site.settle().await;
            let broadcaster = from.broadcaster();
            let all: Vec<_> = (1..=500).map(stored).collect();
            all.iter().for_each(|stored| broadcaster.stored(&name, stored.clone()));
            for stored in &all {
                let Some(Delivery::Event(received)) = announced.next().await else { panic!("none") };
                assert_eq!((received.namespace(), &*received), (&name, stored));
            }
        }
    }
}

pub async fn announcements_and_events_are_apart<B: BusUnderTest>(site: Site<B>) {
    let name = namespace("apart");
    for (from, to) in site.pairs() {
        site.quiet().await;
        let mut announced = listen(to, pattern(">")).await;
        let mut heard = site.listen(to, &pattern(">")).await;
        site.settle().await;
        site.publish(from, &name, [1]).await;
        from.broadcaster().stored(&name, stored(2));
        site.publish(from, &name, [3]).await;
        from.broadcaster().stored(&name, stored(4));
        for version in [2, 4] {
            let Some(Delivery::Event(received)) = announced.next().await else { panic!("none") };
            assert_eq!(received.version.number(), version);
        }
        assert_eq!(crate::testing::site::take(&mut heard, 2).await, [1, 3]);
    }
}

pub async fn announcements_never_wait_for_a_subscriber<B: BusUnderTest>(site: Site<B>) {
    let node = &site.nodes()[0];
    let blocking = Overflow::block(1, Duration::from_secs(1));
    let refused = node.subscribe_event_stored(pattern(">"), blocking).await;
    assert_eq!(refused.unwrap_err(), SubscribeError::WouldHoldUpWriters);
    let mut slow = node.subscribe_event_stored(pattern("slow"), Overflow::drop_oldest(1)).await.unwrap();
    let broadcaster = node.broadcaster();
    (1..=1_000).for_each(|version| broadcaster.stored(&namespace("slow"), stored(version)));
    assert_eq!(slow.next().await.unwrap().missed().unwrap().count(), 999);
}
