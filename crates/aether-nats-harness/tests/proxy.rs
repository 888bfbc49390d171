//! The proxy: what it does to a client's connection.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use std::{
    io::ErrorKind,
    net::TcpStream,
    time::{Duration, Instant},
};

use aether_nats_harness::{Direction, Proxy, Server};
use async_nats::{Client, connection::State, jetstream::context::PublishErrorKind};
use common::{answered, eventually, impatient, jetstream, make_stream, publish, stored, until};
use futures_util::StreamExt as _;

fn start() -> (Server, Proxy) {
    let server = Server::start().unwrap();
    let proxy = Proxy::start(server.url()).unwrap();
    (server, proxy)
}

async fn round_trip(client: &Client) -> Duration {
    let began = Instant::now();
    client.flush().await.unwrap();
    // A flush is over when the bytes are written: only an answer shows that they came.
    client.request("$JS.API.INFO", "".into()).await.unwrap();
    began.elapsed()
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn delays_of_both_ways_add_up_and_healing_ends_them() {
    let (_server, proxy) = start();
    let client = async_nats::connect(proxy.url()).await.unwrap();
    proxy.delay(Direction::ToServer, Duration::from_millis(150));
    proxy.delay(Direction::ToClient, Duration::from_millis(250));
    let slow = round_trip(&client).await;
    assert!(slow >= Duration::from_millis(400), "{slow:?}");
    proxy.heal();
    until_fast(&client).await;
}

async fn until_fast(client: &Client) {
    eventually("a fast round trip", async || match round_trip(client).await {
        fast if fast < Duration::from_millis(150) => Ok(()),
        slow => Err(slow),
    })
    .await;
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_is_on_a_delayed_way_arrives_when_the_delay_is_lifted() {
    let (_server, proxy) = start();
    let client = async_nats::connect(proxy.url()).await.unwrap();
    proxy.delay(Direction::ToClient, Duration::from_secs(3600));
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.request("$JS.API.INFO", "".into()).await }
    });
    until("the request is on its way", || proxy.stats().bytes_to_server > 0 && !request.is_finished());
    proxy.delay(Direction::ToClient, Duration::ZERO);
    request.await.unwrap().unwrap();
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_throttled_way_takes_its_time() {
    let (_server, proxy) = start();
    let client = async_nats::connect(proxy.url()).await.unwrap();
    let mut messages = client.subscribe("a").await.unwrap();
    client.publish("a", vec![0; 50_000].into()).await.unwrap();
    messages.next().await.unwrap();
    proxy.throttle(Direction::ToClient, 100_000);
    let began = Instant::now();
    client.publish("a", vec![0; 50_000].into()).await.unwrap();
    assert_eq!(messages.next().await.unwrap().payload.len(), 50_000);
    // The last of its twentieths of a second needs no waiting.
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    assert!(proxy.stats().bytes_to_client > 100_000, "{:?}", proxy.stats());
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_cut_closes_and_refuses_until_it_is_healed() {
    let (_server, proxy) = start();
    let client = async_nats::connect(proxy.url()).await.unwrap();
    client.request("$JS.API.INFO", "".into()).await.unwrap();
    proxy.cut();
    let address = proxy.url().trim_start_matches("nats://").to_owned();
    assert_eq!(TcpStream::connect(&address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    eventually("the client notices", async || match client.connection_state() {
        State::Connected => Err(()),
        _ => Ok(()),
    })
    .await;
    proxy.heal();
    answered(&client).await;
    assert!(proxy.stats().connections >= 2);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn cutting_once_makes_the_client_connect_again() {
    let (_server, proxy) = start();
    let client = async_nats::connect(proxy.url()).await.unwrap();
    assert_eq!(proxy.stats().connections, 1);
    proxy.cut_once();
    answered(&client).await;
    assert!(proxy.stats().connections >= 2);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_dropped_message_loses_exactly_one_acknowledgment_of_what_is_stored() {
    let (server, proxy) = start();
    let direct = jetstream(&server.url()).await;
    make_stream(&direct, 1).await;
    let context = impatient(&proxy.url()).await;
    publish(&context, "s.a").await;
    proxy.drop_messages("_INBOX.", 1);
    let lost = context.publish("s.b", "".into()).await.unwrap().await.unwrap_err();
    assert_eq!(lost.kind(), PublishErrorKind::TimedOut);
    assert_eq!(stored(&direct).await, 2, "stored, though not acknowledged");
    assert_eq!(publish(&context, "s.c").await, 3);
    let stats = proxy.stats();
    assert_eq!((stats.messages_dropped, stats.connections), (1, 1), "the connection went on");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn swallowed_replies_are_lost_while_requests_are_done() {
    let (server, proxy) = start();
    let direct = jetstream(&server.url()).await;
    make_stream(&direct, 1).await;
    let context = impatient(&proxy.url()).await;
    publish(&context, "s.a").await;
    proxy.drop_replies();
    let lost = context.publish("s.b", "".into()).await.unwrap().await.unwrap_err();
    assert_eq!(lost.kind(), PublishErrorKind::TimedOut);
    assert_eq!(stored(&direct).await, 2, "stored, though not acknowledged");
    assert!(proxy.stats().bytes_swallowed > 0);
    proxy.heal();
    eventually("publishing again", async || {
        context
            .publish("s.c", "".into())
            .await
            .map_err(|error| error.to_string())?
            .await
            .map_err(|error| error.to_string())
    })
    .await;
    assert!(proxy.stats().connections >= 2, "a connection that lost bytes is closed");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn swallowed_requests_are_not_done_while_messages_arrive() {
    let (server, proxy) = start();
    let direct = async_nats::connect(server.url()).await.unwrap();
    let through = async_nats::connect(proxy.url()).await.unwrap();
    let mut heard = through.subscribe("to.client").await.unwrap();
    let mut asked = direct.subscribe("to.server").await.unwrap();
    direct.flush().await.unwrap();
    let mut known = false;
    while !known {
        direct.publish("to.client", "hello".into()).await.unwrap();
        known = tokio::time::timeout(Duration::from_millis(100), heard.next()).await.is_ok();
    }
    proxy.drop_requests();
    through.publish("to.server", "lost".into()).await.unwrap();
    direct.publish("to.client", "heard".into()).await.unwrap();
    while heard.next().await.unwrap().payload != "heard" {}
    eventually("the request was swallowed", async || match proxy.stats().bytes_swallowed {
        0 => Err(()),
        _ => Ok(()),
    })
    .await;
    direct.publish("to.server", "direct".into()).await.unwrap();
    assert_eq!(asked.next().await.unwrap().payload, "direct", "the first request was not lost");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn dropping_the_proxy_closes_its_connections() {
    let (_server, proxy) = start();
    let client = async_nats::connect(proxy.url()).await.unwrap();
    drop(proxy);
    eventually("the client notices", async || match client.connection_state() {
        State::Connected => Err(()),
        _ => Ok(()),
    })
    .await;
}
