//! The bus for long: publishers that never rest, subscribers that come and go, nodes that are killed, a server that is restarted.
//!
//! The short form is a test. `cargo xtask soak bus` is the long one: `AETHER_SOAK_SECONDS`, and a report where `AETHER_SOAK_REPORT`
//! says.
#![allow(clippy::unwrap_used, clippy::panic)]

mod churn;
mod memory;
mod stable;
mod victim;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use aether_bus::NatsEventBus;
use aether_core::{ActorId, Event, NewEvent, RawJson, Version};
use aether_nats_harness::Server;
use async_nats::Client;

/// How long the short form goes on.
const SECONDS: u64 = 12;

/// What everybody counts, and whether it goes on.
#[derive(Debug, Default)]
pub(crate) struct Site {
    url: String,
    over: AtomicBool,
    published: AtomicU64,
    published_by_victims: AtomicU64,
    delivered: AtomicU64,
    missed: AtomicU64,
    reconnects_said: AtomicU64,
    came_and_went: AtomicU64,
    killed: AtomicU64,
}

impl Site {
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }
}

pub(crate) async fn connect(url: &str) -> Client {
    let options = async_nats::ConnectOptions::new()
        .retry_on_initial_connect()
        .reconnect_delay_callback(|_| Duration::from_millis(50));
    options.connect(url).await.unwrap()
}

pub(crate) async fn node(url: &str) -> NatsEventBus {
    let builder = NatsEventBus::builder(connect(url).await).confirm_within(Duration::from_secs(60));
    builder.open().await.unwrap()
}

pub(crate) fn event(actor: &ActorId, version: u64) -> Event {
    let data = RawJson::encode("twenty bytes or so").unwrap();
    let content = NewEvent::new("Happened".try_into().unwrap(), data);
    Event::new(actor.clone(), Version::new(version).unwrap(), content)
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < deadline, "it is still not so that {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn counts_add_up_memory_is_flat_and_no_task_is_left() {
    let setting = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let seconds = setting("AETHER_SOAK_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let mut server = Server::start().unwrap();
    let site = Arc::new(Site { url: server.url(), ..Site::default() });
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let tasks_before = tasks();
    let start = Instant::now();

    let stable = stable::Stable::start(&site).await;
    let coming_and_going = tokio::spawn(churn::run(Arc::clone(&site), stable.nodes()));
    let victims = tokio::spawn(victim::run(Arc::clone(&site)));
    let (mut memory, mut restarts) = (memory::Memory::default(), 0);
    // At least three restarts, and in the long form one each half minute.
    let period = Duration::from_secs((seconds / 4).clamp(1, 30));
    let mut next_restart = start + period;
    while start.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        memory.sample();
        if Instant::now() >= next_restart {
            tokio::task::block_in_place(|| server.restart().unwrap());
            restarts += 1;
            next_restart = Instant::now() + period;
        }
    }
    site.over.store(true, Relaxed);
    coming_and_going.await.unwrap();
    victims.await.unwrap();
    stable.finish(&site).await;
    until("no task is left", || tasks() <= tasks_before).await;
    memory.sample();
    let report = format!(
        "{{\n  \"seconds\": {seconds},\n  \"restarts\": {restarts},\n  \"published\": {},\n  \"published_by_victims\": {},\n  \
         \"delivered\": {},\n  \"missed\": {},\n  \"reconnects_said\": {},\n  \"subscriptions_that_came_and_went\": {},\n  \
         \"nodes_killed\": {},\n  \"tasks_left\": {},\n  {}\n}}\n",
        site.published.load(Relaxed),
        site.published_by_victims.load(Relaxed),
        site.delivered.load(Relaxed),
        site.missed.load(Relaxed),
        site.reconnects_said.load(Relaxed),
        site.came_and_went.load(Relaxed),
        site.killed.load(Relaxed),
        tasks() - tasks_before,
        memory.report(),
    );
    println!("{report}");
    if let Some(path) = setting("AETHER_SOAK_REPORT") {
        std::fs::write(path, &report).unwrap();
    }
    assert!(
        restarts >= 1 && site.killed.load(Relaxed) >= 1 && site.came_and_went.load(Relaxed) >= 10,
        "{report}"
    );
    memory.check();
}
