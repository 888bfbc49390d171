//! Nodes, and the servers that they are on.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use aether_bus::testing::BusUnderTest;
use aether_bus::{Delivery, Missed, NatsEventBus, NatsEventBusBuilder, Subscription};
use aether_core::{ActorId, Event, Namespace, NewEvent, RawJson, Version};
use aether_nats_harness::{Cluster, Shared};
use async_nats::Client;
use futures_util::StreamExt;

pub(crate) fn server() -> &'static Shared {
    aether_nats_harness::shared().unwrap()
}

/// Three servers that know each other.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().unwrap())
}

/// A prefix of its own, so that tests hear nothing of each other.
pub(crate) fn prefix() -> String {
    format!("test{:016x}", fastrand::u64(..))
}

/// A connection that goes on connecting, quickly, to this server alone.
pub(crate) async fn connect(url: &str) -> Client {
    let options = async_nats::ConnectOptions::new()
        .ignore_discovered_servers()
        .retry_on_initial_connect()
        .reconnect_delay_callback(|_| Duration::from_millis(20));
    options.connect(url).await.unwrap()
}

pub(crate) async fn node(url: &str, prefix: &str) -> NatsEventBus {
    builder(url, prefix).await.open().await.unwrap()
}

pub(crate) async fn builder(url: &str, prefix: &str) -> NatsEventBusBuilder {
    NatsEventBus::builder(connect(url).await).prefix(prefix).confirm_within(Duration::from_secs(20))
}

pub(crate) fn namespace(text: &str) -> Namespace {
    Namespace::new(text).unwrap()
}

pub(crate) fn event(version: u64) -> Event {
    let content = NewEvent::new("Placed".try_into().unwrap(), RawJson::NULL);
    Event::new(ActorId::new("order-1").unwrap(), Version::new(version).unwrap(), content)
}

/// Waits until something is so, and asks again and again.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "it is still not so that {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What the next delivery is: `Ok` the version of an event.
pub(crate) async fn next(subscription: &mut Subscription) -> Result<u64, Missed> {
    let delivery = tokio::time::timeout(Duration::from_secs(30), subscription.next()).await;
    match delivery.unwrap() {
        Some(Delivery::Event(event)) => Ok(event.version().number()),
        Some(Delivery::Missed(missed)) => Err(missed),
        other => panic!("{other:?}"),
    }
}

/// Nodes of one bus: on one server, or each on its own of a cluster.
pub(crate) struct Nodes {
    count: usize,
    urls: Vec<String>,
    /// A connection to each server.
    clients: tokio::sync::OnceCell<Vec<Client>>,
}

impl Nodes {
    pub(crate) fn on_one_server(count: usize) -> Self {
        Self { count, urls: server().urls(), clients: tokio::sync::OnceCell::new() }
    }

    pub(crate) fn on_three_servers() -> Self {
        Self { count: 3, urls: cluster().urls(), clients: tokio::sync::OnceCell::new() }
    }
}

impl BusUnderTest for Nodes {
    type Node = NatsEventBus;

    async fn open(&self) -> Vec<NatsEventBus> {
        let (prefix, mut nodes) = (prefix(), Vec::new());
        for url in self.urls.iter().cycle().take(self.count) {
            nodes.push(node(url, &prefix).await);
        }
        nodes
    }

    /// What a server tells the others comes in order: when they know of a later subscription, they know of the earlier ones.
    async fn settle(&self) {
        let clients = self.clients.get_or_init(|| async {
            let mut clients = Vec::new();
            for url in &self.urls {
                clients.push(connect(url).await);
            }
            clients
        });
        let clients = clients.await;
        for (n, to) in clients.iter().enumerate().filter(|_| clients.len() > 1) {
            let subject = prefix();
            for (_, from) in clients.iter().enumerate().filter(|(m, _)| *m != n) {
                let mut later = to.subscribe(subject.clone()).await.unwrap();
                loop {
                    from.publish(subject.clone(), "".into()).await.unwrap();
                    if tokio::time::timeout(Duration::from_millis(20), later.next()).await.is_ok() {
                        break;
                    }
                }
            }
        }
    }
}
