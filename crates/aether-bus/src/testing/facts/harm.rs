//! What a subscriber may do without harm to others.

use std::time::Duration;

use crate::testing::site::{event, namespace, next, pattern, take};
use crate::testing::{BusUnderTest, Node, Site};
use crate::{Delivery, EventFilter, Overflow, Pattern};

pub async fn a_subscriber_that_panics_harms_nobody<B: BusUnderTest>(site: Site<B>) {
    let name = namespace("panics");
    for (from, to) in site.pairs() {
        site.quiet().await;
        let mut heard = site.listen(to, &pattern("panics")).await;
        let mut bad = site.listen(to, &pattern("panics")).await;
        site.settle().await;
        let panicking = tokio::spawn(async move {
            let delivery = bad.next().await;
            std::panic::resume_unwind(Box::new(delivery));
        });
        site.publish(from, &name, [1]).await;
        assert!(panicking.await.unwrap_err().is_panic());
        site.publish(from, &name, [2]).await;
        assert_eq!(take(&mut heard, 2).await, [1, 2]);
    }
}

pub async fn a_subscriber_that_stalls_harms_nobody<B: BusUnderTest>(site: Site<B>) {
    let name = namespace("stalls");
    for (from, to) in site.pairs() {
        site.quiet().await;
        let exact = Pattern::exact(&name);
        let mut stalled = Vec::new();
        for overflow in [
            Overflow::drop_oldest(1),
            Overflow::drop_newest(1),
            Overflow::block(1, Duration::from_millis(20)),
        ] {
            stalled.push(to.subscribe(exact.clone(), EventFilter::any(), overflow).await.unwrap());
        }
        let mut heard = site.listen(to, &exact).await;
        site.settle().await;
        // One deadline for all of them, not one for each.
        let limit = Duration::from_secs(10);
        let all = tokio::time::timeout(limit, site.publish(from, &name, 1..=2_000));
        assert!(all.await.is_ok(), "a subscriber that stalls holds up its publisher again and again");
        assert_eq!(take(&mut heard, 2_000).await, (1..=2_000).collect::<Vec<_>>());
    }
}

pub async fn a_subscriber_may_publish_and_subscribe_from_within<B: BusUnderTest>(site: Site<B>) {
    let (name, echo) = (namespace("within"), namespace("within.echo"));
    for (from, to) in site.pairs() {
        site.quiet().await;
        let mut heard = site.listen(from, &Pattern::exact(&echo)).await;
        let mut inner = site.listen(to, &Pattern::exact(&name)).await;
        site.settle().await;
        let handler = {
            let (to, name, echo) = (to.clone(), name.clone(), echo.clone());
            tokio::spawn(async move {
                while let Some(Delivery::Event(received)) = inner.next().await {
                    let version = received.version().number();
                    let room = Overflow::drop_oldest(8);
                    let mut within = to.subscribe(pattern("within"), EventFilter::any(), room).await.unwrap();
                    to.publish(&echo, received.into_inner()).await.unwrap();
                    if version == 5 {
                        return;
                    }
                    to.publish(&name, event("order-1", "Placed", version + 1)).await.unwrap();
                    assert_eq!(next(&mut within).await, version + 1);
                }
            })
        };
        site.publish(from, &name, [1]).await;
        assert_eq!(take(&mut heard, 5).await, [1, 2, 3, 4, 5]);
        handler.await.unwrap();
    }
}
