//! What the server sees: subscriptions, subjects, and what others put there.

use std::time::Duration;

use aether_bus::{Delivery, EventFilter, NatsEventBus, Overflow, Pattern, SubscribeError, Subscription};
use async_nats::HeaderMap;
use futures_util::{FutureExt, StreamExt};

use crate::site::{connect, event, namespace, next, node, prefix, server};

async fn listen(bus: &NatsEventBus, pattern: &str) -> Subscription {
    let pattern = Pattern::new(pattern).unwrap();
    bus.subscribe(pattern, EventFilter::any(), Overflow::drop_oldest(1_000)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn one_subscription_at_the_server_per_pattern_gone_with_its_last_subscriber() {
    let bus = node(&server().url(), &prefix()).await;
    assert_eq!(bus.server_subscriptions(), 0);
    let first = listen(&bus, "a.*").await;
    let second = listen(&bus, "a.*").await;
    let other = listen(&bus, "a.>").await;
    let stored = bus.subscribe_event_stored(Pattern::new("a.*").unwrap()).await.unwrap();
    assert_eq!(bus.server_subscriptions(), 3);
    drop(first);
    assert_eq!(bus.server_subscriptions(), 3);
    drop(second);
    assert_eq!(bus.server_subscriptions(), 2);
    drop((other, stored));
    assert_eq!(bus.server_subscriptions(), 0);
    let again = listen(&bus, "a.*").await;
    assert_eq!(bus.server_subscriptions(), 1);
    drop(again);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_message_is_the_one_that_is_written_down() {
    let (prefix, client) = (prefix(), connect(&server().url()).await);
    let mut raw = client.subscribe(format!("{prefix}.event.>")).await.unwrap();
    client.flush().await.unwrap();
    let bus = node(&server().url(), &prefix).await;
    bus.publish(&namespace("a.>"), event(7)).await.unwrap();
    let message = raw.next().await.unwrap();
    assert_eq!(message.subject.as_str(), format!("{prefix}.event.a.%3E"));
    let text = std::str::from_utf8(&message.payload).unwrap();
    let mut lines = text.lines();
    let head = lines.next().unwrap();
    assert!(head.starts_with(&format!("aether-bus 1 {} 1 1 ", bus.node_id())), "{head}");
    let length = usize::from_str_radix(lines.next().unwrap(), 16).unwrap();
    let json = lines.next().unwrap();
    assert_eq!((json.len(), lines.next()), (length, None));
    assert!(json.contains("\"version\":7"), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_others_put_on_the_subjects_is_counted_and_does_no_harm() {
    let (prefix, client) = (prefix(), connect(&server().url()).await);
    let (from, to) = (node(&server().url(), &prefix).await, node(&server().url(), &prefix).await);
    let mut heard = listen(&to, ">").await;
    let line = format!("aether-bus 1 {:032x} 1", 99); // and FIRST AGE
    let strange = [
        "".to_owned(),
        "{\"NodeID\":\"x\"}".to_owned(),
        "aether-bus 2 future\n".to_owned(),
        "aether-bus 1 \n".to_owned(),
        format!("{line} 0 1\n"),
        format!("{line} 1 1\nffffffff\n{{}}\n"),
        "\0\u{7f}".repeat(1_000),
    ];
    for payload in &strange {
        client.publish(format!("{prefix}.event.a"), payload.clone().into()).await.unwrap();
    }
    // A namespace that is none, and a header that is none.
    let good = format!("{line} 1 1\n");
    client.publish(format!("{prefix}.event.%zz"), good.clone().into()).await.unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", "no trace");
    client.publish_with_headers(format!("{prefix}.event.a"), headers, good.into()).await.unwrap();
    // An entry that is no event is one that is missing.
    let bad = format!("{line} 1 1\n00000002\n{{}}\n");
    client.publish(format!("{prefix}.event.a"), bad.into()).await.unwrap();
    client.flush().await.unwrap();
    let missed = next(&mut heard).await.unwrap_err();
    assert_eq!(missed.count(), 1);
    from.publish(&namespace("a"), event(1)).await.unwrap();
    assert_eq!(next(&mut heard).await, Ok(1));
    assert_eq!(to.malformed_messages(), strange.len() as u64 + 2);
}

/// As another node writes it: entries from this number on.
fn message(first: u64, count: u64) -> String {
    let mut text = format!("aether-bus 1 {:032x} 1 {first} 1\n", 99);
    for version in first..first + count {
        let mut json = Vec::new();
        aether_core::event::wire::encode(&event(version), &mut json);
        text.push_str(&format!("{:08x}\n{}\n", json.len(), String::from_utf8(json).unwrap()));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_comes_late_stays_missed_and_what_comes_twice_is_handed_out_once() {
    let (prefix, client) = (prefix(), connect(&server().url()).await);
    let to = node(&server().url(), &prefix).await;
    let mut heard = listen(&to, "a").await;
    for (first, count) in [(1, 2), (5, 1), (3, 2), (5, 1), (4, 4), (10, 0)] {
        client.publish(format!("{prefix}.event.a"), message(first, count).into()).await.unwrap();
    }
    client.publish(format!("{prefix}.event.a"), message(10, 1).into()).await.unwrap();
    let missed = |count| Err(aether_bus::Missed::Exactly(count));
    for wanted in [Ok(1), Ok(2), missed(2), Ok(5), Ok(6), Ok(7), missed(2), Ok(10)] {
        // Gaps at one place are one gap.
        assert_eq!(next(&mut heard).await, wanted);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_flush_means_that_the_server_has_taken_all() {
    let (prefix, client) = (prefix(), connect(&server().url()).await);
    let bus = node(&server().url(), &prefix).await;
    let mut raw = client.subscribe(format!("{prefix}.event.>")).await.unwrap();
    let mut other = client.subscribe(format!("{prefix}.done")).await.unwrap();
    client.flush().await.unwrap();
    let told = connect(&server().url()).await;
    for round in 1..=20 {
        for version in 1..=500 {
            bus.publish(&namespace(if version % 2 == 0 { "a" } else { "b" }), event(version)).await.unwrap();
        }
        bus.flush().await.unwrap();
        // Another connection's message, published after the flush, is behind all of them.
        told.publish(format!("{prefix}.done"), "".into()).await.unwrap();
        other.next().await.unwrap();
        let mut last = 0;
        while let Some(Some(message)) = tokio::task::unconstrained(raw.next()).now_or_never() {
            let text = String::from_utf8(message.payload.to_vec()).unwrap();
            last = last.max(text.matches("\"version\":500,").count());
        }
        assert_eq!(last, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn when_the_last_handle_is_dropped_subscriptions_end() {
    let bus = node(&server().url(), &prefix()).await;
    let mut heard = listen(&bus, "a").await;
    bus.publish(&namespace("a"), event(1)).await.unwrap();
    drop(bus);
    assert_eq!(next(&mut heard).await, Ok(1));
    let end = tokio::time::timeout(Duration::from_secs(10), heard.next()).await.unwrap();
    assert_eq!(end, None::<Delivery>);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_subscription_that_the_server_does_not_confirm_is_an_error() {
    let proxy = aether_nats_harness::Proxy::start(server().url()).unwrap();
    let builder = NatsEventBus::builder(connect(&proxy.url()).await).prefix(prefix());
    let bus = builder.confirm_within(Duration::from_secs(2)).open().await.unwrap();
    proxy.cut();
    let pattern = Pattern::new("a").unwrap();
    let refused = bus.subscribe(pattern.clone(), EventFilter::any(), Overflow::drop_oldest(1)).await;
    assert_eq!(refused.unwrap_err(), SubscribeError::Unconfirmed { pattern });
    assert_eq!(bus.server_subscriptions(), 0);
    proxy.heal();
    crate::site::until("it is subscribed", async || {
        let again = bus.subscribe(Pattern::all(), EventFilter::any(), Overflow::drop_oldest(1)).await;
        again.is_ok()
    })
    .await;
}
