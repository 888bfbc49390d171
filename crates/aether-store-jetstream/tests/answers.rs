//! How answers find those who asked: each its own, whatever arrives beside them and whoever is gone.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use aether_core::{
    AppendError, AppendOptions, Consistency, EventStore, EventStoreExt, Expected, StreamName, Version,
};
use aether_nats_harness::{Direction, Proxy};
use aether_store_jetstream::JetStreamStore;
use async_nats::client::RequestErrorKind;
use async_nats::{Client, ConnectOptions};
use common::{actor, builder, connect, event, fresh_name, open, server};
use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt};
use tokio::runtime::{Builder, Runtime};

/// Longer than any test takes: what succeeds all the same did not need a timeout to.
const NEVER: Duration = Duration::from_secs(60);

/// Returns the subject that the answers to `store` have before their tokens, and the latest token.
async fn inbox_of(store: &JetStreamStore, stream: &StreamName) -> (String, String) {
    let spy = connect().await;
    let mut answers = spy.subscribe("_INBOX.>").await.unwrap();
    let started = Instant::now();
    // Again and again: it takes a while until all servers know who listens.
    let subject = loop {
        assert!(started.elapsed() < NEVER);
        // Other tests of this process have answers too.
        let name = format!("spied-on-{}", fresh_name());
        let commit = store.append(&actor(&name), Expected::NoEvents, [event("x")]).await.unwrap();
        let seq = format!("\"seq\":{},", commit.position.sequence());
        let of_store = |answer: &async_nats::Message| {
            let text = String::from_utf8_lossy(&answer.payload).replace('}', ",");
            text.contains(stream.as_str()) && text.contains(&seq)
        };
        let answer = async {
            loop {
                let answer = answers.next().await.unwrap();
                if of_store(&answer) {
                    return answer.subject;
                }
            }
        };
        if let Ok(subject) = tokio::time::timeout(Duration::from_millis(100), answer).await {
            break subject;
        }
    };
    let (prefix, token) = subject.rsplit_once('.').unwrap();
    (prefix.to_owned(), token.to_owned())
}

async fn through(proxy: &Proxy) -> Client {
    // A cluster would tell the client how to get around the proxy.
    ConnectOptions::new().ignore_discovered_servers().connect(proxy.url()).await.unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn ten_thousand_requests_in_flight_get_each_its_own_answer() {
    let store = builder(&fresh_name()).await.deadline(NEVER).answer_timeout(NEVER).open().await.unwrap();
    let actors: Vec<_> = (0..10_000).map(|n| actor(&format!("order-{n}"))).collect();
    let commits =
        join_all(actors.iter().map(|order| store.append(order, Expected::NoEvents, [event("x")]))).await;
    let heads = join_all(actors.iter().map(|order| store.head(order, Consistency::Leader))).await;
    let mut sequences = HashSet::new();
    for (commit, head) in commits.into_iter().zip(heads) {
        let (commit, head) = (commit.unwrap(), head.unwrap());
        assert_eq!((head.version, head.position), (Version::FIRST, Some(commit.position.clone())));
        assert!(sequences.insert(commit.position.sequence()));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn hostile_answers_harm_nobody() {
    let name = fresh_name();
    let store = builder(&name).await.deadline(NEVER).answer_timeout(NEVER).open().await.unwrap();
    let (prefix, used) = inbox_of(&store, &name).await;
    let hostile = connect().await;
    let forged = format!("{{\"stream\":\"{}\",\"seq\":77}}", name.as_str());
    let tokens = ["+1", "-1", "%", "é", "0x1", "ffffffffffffffff", "10000000000000000", "1.2", used.as_str()];
    for round in 0..50 {
        for token in tokens {
            hostile.publish(format!("{prefix}.{token}"), forged.clone().into()).await.unwrap();
        }
        let order = actor(&format!("order-{}", round % 5));
        let expected = Expected::Exactly(Version::new(round / 5).unwrap());
        let commit = store.append(&order, expected, [event("x")]).await.unwrap();
        assert_eq!(store.head(&order, Consistency::Leader).await.unwrap().position, Some(commit.position));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn garbage_instead_of_an_acknowledgment_is_no_answer() {
    let name = fresh_name();
    open(&name).await;
    // On one connection, so that the flood is there before the server's answer to whatever is asked after it.
    let hostile = connect().await;
    let store = JetStreamStore::builder(hostile.clone(), name.clone()).open().await.unwrap();
    let (prefix, used) = inbox_of(&store, &name).await;
    let next = u64::from_str_radix(&used, 16).unwrap() + 1;
    for (n, garbage) in
        ["", "{", "[]", "{\"seq\":1}", "{\"stream\":\"s\",\"seq\":-1}", "\u{fffd}"].into_iter().enumerate()
    {
        // They come before the server's answer to the token that they name.
        let flood = (next..next + 200).map(|token| (format!("{prefix}.{token:x}"), garbage));
        for (subject, garbage) in flood {
            hostile.publish(subject, garbage.into()).await.unwrap();
        }
        let order = actor(&format!("order-{n}"));
        for version in 1..=3 {
            let commit = store.append(&order, Expected::Any, [event("x")]).await.unwrap();
            assert_eq!(commit.version.number(), version);
        }
        assert_eq!(store.read_all(&order, Version::FIRST).await.unwrap().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_answer_that_comes_after_its_caller_gave_up_harms_nobody() {
    let proxy = Proxy::start(server().url()).unwrap();
    let store = JetStreamStore::builder(through(&proxy).await, fresh_name()).open().await.unwrap();
    let order = actor("order-1");
    store.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
    proxy.delay(Direction::ToClient, Duration::from_millis(300));
    let short = AppendOptions::default().deadline(Duration::from_millis(100));
    let late = vec![event("2")];
    let error = store.append_with(&order, Expected::Any, late.clone(), short).await.unwrap_err();
    let AppendError::Unknown(unknown) = error else { panic!("{error}") };
    // The late answer arrives among these.
    for n in 0..5 {
        let other = actor(&format!("other-{n}"));
        let commit = store.append(&other, Expected::NoEvents, [event("x")]).await.unwrap();
        assert_eq!(store.head(&other, Consistency::Leader).await.unwrap().position, Some(commit.position));
    }
    proxy.heal();
    let commit = store.append(&order, unknown.expected, late).await.unwrap();
    assert_eq!((commit.version.number(), commit.already_stored), (2, true));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn who_gives_up_frees_its_place() {
    let proxy = Proxy::start(server().url()).unwrap();
    let builder = JetStreamStore::builder(through(&proxy).await, fresh_name()).max_in_flight(4);
    let store = builder.deadline(NEVER).answer_timeout(NEVER).open().await.unwrap();
    // So that no answer is there at once.
    proxy.delay(Direction::ToClient, Duration::from_millis(300));
    for n in 0..100 {
        let order = actor(&format!("order-{n}"));
        assert!(store.append(&order, Expected::Any, [event("x")]).now_or_never().is_none());
    }
    proxy.heal();
    let order = actor("order-100");
    assert_eq!(store.append(&order, Expected::NoEvents, [event("x")]).await.unwrap().version, Version::FIRST);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn answers_arrive_after_a_reconnect() {
    let proxy = Proxy::start(server().url()).unwrap();
    let client = through(&proxy).await;
    let builder = JetStreamStore::builder(client.clone(), fresh_name()).deadline(NEVER).answer_timeout(NEVER);
    let store = builder.open().await.unwrap();
    let order = actor("order-1");
    for version in 1..4 {
        assert_eq!(
            store.append(&order, Expected::Any, [event("x")]).await.unwrap().version.number(),
            version
        );
        let connects = || client.statistics().connects.load(std::sync::atomic::Ordering::Relaxed);
        let before = connects();
        proxy.cut_once();
        let started = Instant::now();
        // What is sent before the client has noticed would have no answer.
        while connects() == before {
            assert!(started.elapsed() < NEVER);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_store_outlives_the_runtime_that_first_used_it() {
    let (lasting, first) = (multi_thread(), multi_thread());
    let client = lasting.block_on(connect());
    let builder = JetStreamStore::builder(client, fresh_name()).deadline(NEVER).answer_timeout(NEVER);
    let store = first.block_on(builder.open()).unwrap();
    let order = actor("order-1");
    first.block_on(store.append(&order, Expected::NoEvents, [event("1")])).unwrap();
    drop(first);
    let commit = lasting.block_on(store.append(&order, Expected::Any, [event("2")])).unwrap();
    assert_eq!(commit.version.number(), 2);
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn what_waits_when_that_runtime_ends_is_settled_at_once() {
    let (lasting, first) = (multi_thread(), multi_thread());
    let proxy = Proxy::start(server().url()).unwrap();
    let client = lasting.block_on(through(&proxy));
    let builder = JetStreamStore::builder(client, fresh_name()).deadline(NEVER).answer_timeout(NEVER);
    let store = first.block_on(builder.open()).unwrap();
    let order = actor("order-1");
    first.block_on(store.append(&order, Expected::NoEvents, [event("1")])).unwrap();
    proxy.drop_messages("_INBOX", 1);
    let waiting = {
        let (store, order) = (store.clone(), order.clone());
        lasting.spawn(async move { store.append(&order, Expected::Any, [event("2")]).await })
    };
    let started = Instant::now();
    while proxy.stats().messages_dropped == 0 {
        assert!(started.elapsed() < NEVER);
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(first);
    assert_eq!(lasting.block_on(waiting).unwrap().unwrap().version.number(), 2);
    let events = lasting.block_on(store.read_all(&order, Version::FIRST)).unwrap();
    assert_eq!(events.len(), 2);
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_store_does_without_a_runtime_that_is_not_run_any_more() {
    let (lasting, stuck) = (multi_thread(), Builder::new_current_thread().enable_all().build().unwrap());
    let client = lasting.block_on(connect());
    let builder = JetStreamStore::builder(client, fresh_name()).deadline(NEVER);
    let store = stuck.block_on(builder.answer_timeout(Duration::from_millis(300)).open()).unwrap();
    let order = actor("order-1");
    stuck.block_on(store.append(&order, Expected::NoEvents, [event("1")])).unwrap();
    let started = Instant::now();
    let commit = lasting.block_on(store.append(&order, Expected::Any, [event("2")])).unwrap();
    assert_eq!(commit.version.number(), 2);
    assert!(started.elapsed() < NEVER / 2);
    let events = lasting.block_on(store.read_all(&order, Version::FIRST)).unwrap();
    assert_eq!(events.len(), 2);
    drop(stuck);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_buffer_too_small_for_what_is_in_flight_loses_and_doubles_nothing() {
    let options = ConnectOptions::new().subscription_capacity(4);
    let client = options.connect(server().urls()).await.unwrap();
    let builder = JetStreamStore::builder(client, fresh_name()).deadline(NEVER);
    let store = builder.answer_timeout(Duration::from_millis(200)).open().await.unwrap();
    let actors: Vec<_> = (0..300).map(|n| actor(&format!("order-{n}"))).collect();
    let commits = join_all(actors.iter().map(|order| store.append(order, Expected::Any, [event("x")]))).await;
    for (order, commit) in actors.iter().zip(commits) {
        assert_eq!(commit.unwrap().version, Version::FIRST);
        let events = store.read_all(order, Version::FIRST).await.unwrap();
        assert_eq!(events.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_last_handle_takes_the_subscription_with_it() {
    let name = fresh_name();
    let store = open(&name).await;
    let other = store.clone();
    let (prefix, _) = inbox_of(&store, &name).await;
    drop(store);
    let client = connect().await;
    let ask = || client.request(format!("{prefix}.0"), "".into()).map(|answer| answer.map(drop));
    // Somebody listens, and does not answer.
    let answer = tokio::time::timeout(Duration::from_millis(100), ask()).await;
    assert!(answer.is_err(), "{answer:?}");
    drop(other);
    let started = Instant::now();
    loop {
        match tokio::time::timeout(Duration::from_millis(50), ask()).await {
            Ok(answer) => break assert_eq!(answer.unwrap_err().kind(), RequestErrorKind::NoResponders),
            Err(_) => assert!(started.elapsed() < NEVER),
        }
    }
}
