//! What is lost, and that it is said.

use std::time::Duration;

use aether_bus::{EventFilter, FlushError, Missed, NatsEventBus, Overflow, Pattern, Subscription};
use aether_core::Namespace;
use aether_nats_harness::{Proxy, Server};

use crate::site::{builder, event, namespace, next, node, prefix, server, until};

async fn listen(bus: &NatsEventBus, pattern: &Pattern) -> Subscription {
    bus.subscribe(pattern.clone(), EventFilter::any(), Overflow::drop_oldest(100_000)).await.unwrap()
}

async fn publish(bus: &NatsEventBus, namespace: &Namespace, versions: impl IntoIterator<Item = u64>) {
    for version in versions {
        bus.publish(namespace, event(version)).await.unwrap();
    }
}

/// Two nodes, of which the second is behind a proxy; and a subscription of the second that has heard the first.
async fn behind_proxy(name: &Namespace) -> (NatsEventBus, NatsEventBus, Proxy, Subscription) {
    let (prefix, proxy) = (prefix(), Proxy::start(server().url()).unwrap());
    let straight = node(&server().url(), &prefix).await;
    let behind = node(&proxy.url(), &prefix).await;
    let mut heard = listen(&behind, &Pattern::exact(name)).await;
    publish(&straight, name, [1]).await;
    assert_eq!(next(&mut heard).await, Ok(1));
    (straight, behind, proxy, heard)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_subscriber_that_was_cut_off_is_told_and_then_how_much_it_missed() {
    let name = namespace("cut");
    let (straight, behind, proxy, mut heard) = behind_proxy(&name).await;
    proxy.cut();
    publish(&straight, &name, 2..=11).await;
    straight.flush().await.unwrap();
    proxy.heal();
    assert_eq!(next(&mut heard).await, Err(Missed::AtLeast(0)));
    behind.flush().await.unwrap_err();
    publish(&straight, &name, [12]).await;
    assert_eq!(next(&mut heard).await, Err(Missed::Exactly(10)));
    assert_eq!(next(&mut heard).await, Ok(12));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_is_lost_at_the_end_is_said_without_another_event() {
    let name = namespace("tail");
    let (straight, _behind, proxy, mut heard) = behind_proxy(&name).await;
    for version in 2.. {
        // The subjects of all tests begin so.
        proxy.drop_messages("test", 1);
        publish(&straight, &name, [version]).await;
        straight.flush().await.unwrap();
        match next(&mut heard).await {
            // What says how far the node has come came first, and was dropped instead.
            Ok(heard) => assert_eq!(heard, version),
            missed => return assert_eq!(missed, Err(Missed::Exactly(1))),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_a_publisher_lost_is_said_to_those_who_were_connected_all_the_time() {
    let (prefix, name) = (prefix(), namespace("publisher"));
    let proxy = Proxy::start(server().url()).unwrap();
    let behind = builder(&proxy.url(), &prefix).await.confirm_within(Duration::from_secs(3));
    let behind = behind.open().await.unwrap();
    let straight = node(&server().url(), &prefix).await;
    let mut heard = listen(&straight, &Pattern::exact(&name)).await;
    publish(&behind, &name, [1]).await;
    assert_eq!(next(&mut heard).await, Ok(1));
    // Nothing of what is sent arrives, and nobody is told.
    proxy.delay(aether_nats_harness::Direction::ToServer, Duration::from_secs(3_600));
    publish(&behind, &name, 2..=6).await;
    // It is on its way, and stays there.
    assert_eq!(behind.flush().await, Err(FlushError::NotConfirmed));
    proxy.cut();
    proxy.heal();
    publish(&behind, &name, [7]).await;
    // The last one may have been given to the connection that was cut, and be missed too.
    let (mut missed, mut delivered) = (0, 0);
    while missed + delivered < 6 {
        match next(&mut heard).await {
            Ok(version) => delivered += u64::from(version == 7),
            Err(Missed::Exactly(count)) => missed += count,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(missed >= 5 && missed + delivered == 6, "{missed} and {delivered}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn where_the_first_ever_is_lost_that_is_said_too() {
    let name = namespace("first");
    let (straight, behind, proxy, _) = behind_proxy(&name).await;
    let mut heard = listen(&behind, &Pattern::all()).await;
    // For longer than a message may be on its way.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for number in 0.. {
        let other = namespace(&format!("other-{number}"));
        proxy.drop_messages("test", 1);
        publish(&straight, &other, [1]).await;
        straight.flush().await.unwrap();
        match next(&mut heard).await {
            // What says how far the node has come came first, and was dropped instead.
            Ok(version) => assert_eq!(version, 1),
            missed => {
                assert_eq!(missed, Err(Missed::AtLeast(0)));
                publish(&straight, &other, [2]).await;
                return assert_eq!(next(&mut heard).await, Ok(2));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_server_that_restarts_is_survived_and_said() {
    let mut server = Server::start().unwrap();
    let (prefix, name) = (prefix(), namespace("restart"));
    let (from, to) = (node(&server.url(), &prefix).await, node(&server.url(), &prefix).await);
    let mut own = listen(&from, &Pattern::exact(&name)).await;
    let mut other = listen(&to, &Pattern::exact(&name)).await;
    publish(&from, &name, [1]).await;
    assert_eq!((next(&mut own).await, next(&mut other).await), (Ok(1), Ok(1)));
    for round in 2..=3 {
        tokio::task::block_in_place(|| server.restart().unwrap());
        for heard in [&mut own, &mut other] {
            assert_eq!(next(heard).await, Err(Missed::AtLeast(0)));
        }
        // Subscribed again at the server before anything else is sent there.
        until("the nodes are connected", async || from.flush().await.is_ok() && to.flush().await.is_ok())
            .await;
        publish(&from, &name, [round]).await;
        assert_eq!(next(&mut own).await, Ok(round));
        assert_eq!(next(&mut other).await, Ok(round));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn without_a_server_the_own_node_hears_and_the_others_are_told_how_much_never_left() {
    let (prefix, name) = (prefix(), namespace("alone"));
    let proxy = Proxy::start(server().url()).unwrap();
    let small = builder(&proxy.url(), &prefix).await.outbox_bytes(2_000).patience(Duration::from_millis(50));
    let behind = small.open().await.unwrap();
    let straight = node(&server().url(), &prefix).await;
    let mut own = listen(&behind, &Pattern::exact(&name)).await;
    let mut other = listen(&straight, &Pattern::exact(&name)).await;
    publish(&behind, &name, [1]).await;
    assert_eq!((next(&mut own).await, next(&mut other).await), (Ok(1), Ok(1)));
    proxy.cut();
    // The first to find no room waits, the others do not.
    let all = publish(&behind, &name, 2..=1_000);
    tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
    for version in 2..=1_000 {
        match next(&mut own).await {
            Ok(heard) => assert_eq!(heard, version),
            Err(missed) => panic!("{missed} of the own events"),
        }
    }
    proxy.heal();
    let (mut delivered, mut missed) = (0, 0);
    while delivered + missed < 999 {
        match next(&mut other).await {
            Ok(_) => delivered += 1,
            Err(gap) => missed += gap.count(),
        }
    }
    assert_eq!(delivered + missed, 999);
    assert!(missed > 900, "{missed}");
}

/// The client drops what its buffer has no room for, and says so to nobody who does not watch its events.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_the_client_drops_is_said() {
    let (prefix, name) = (prefix(), namespace("slow"));
    let tiny = async_nats::ConnectOptions::new().subscription_capacity(16);
    let tiny = NatsEventBus::builder(tiny.connect(server().url()).await.unwrap()).prefix(&prefix);
    let to = tiny.open().await.unwrap();
    let from = node(&server().url(), &prefix).await;
    let mut heard = listen(&to, &Pattern::all()).await;
    let names = [name.clone(), namespace("slow.too")];
    for (version, name) in (1..).zip(&names) {
        publish(&from, name, [version]).await;
        assert_eq!(next(&mut heard).await, Ok(version));
    }
    // Two subjects by turns, so that each event is a message.
    for (version, name) in (1..=20_000).zip(names.iter().cycle()) {
        publish(&from, name, [version]).await;
    }
    let (mut delivered, mut missed) = (0, 0);
    while delivered + missed < 20_000 {
        match next(&mut heard).await {
            Ok(_) => delivered += 1,
            Err(gap) => missed += gap.count(),
        }
    }
    assert_eq!(delivered + missed, 20_000);
    assert!(missed > 0, "nothing was dropped: the test shows nothing");
}
