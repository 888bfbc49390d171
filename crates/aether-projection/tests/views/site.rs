//! A stream, a bucket with its view, and what the view must be.

use std::time::Duration;

use aether_core::{ActorId, EventId, EventStoreExt, Expected, NewEvent, Position, StreamName};
use aether_nats_harness::shared;
use aether_projection::{Projector, Views};
use aether_store_jetstream::async_nats::{self, Client};
use aether_store_jetstream::{JetStreamKeyValue, JetStreamStore};

use crate::common::event;
use crate::common::ledger::{Ledger, Line, Lines, lines, plain_fold_on};

pub(crate) type Ledgers = Views<Ledger, JetStreamKeyValue>;

/// How many events a commit has.
pub(crate) const COMMIT: u32 = 10;

/// The names of a stream and its bucket, and what was appended.
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) store: JetStreamStore,
    pub(crate) views: Ledgers,
    pub(crate) appended: u32,
    /// What the view is after so many events.
    folded: (u32, Lines),
}

pub(crate) async fn connect(urls: &[String]) -> Client {
    async_nats::connect(urls).await.unwrap()
}

pub(crate) fn urls() -> Vec<String> {
    shared().unwrap().urls()
}

pub(crate) fn fresh_name() -> StreamName {
    StreamName::new(format!("test-{}", EventId::generate())).unwrap()
}

/// Opens stream and bucket, as each process does.
pub(crate) async fn open(client: Client, name: &str, is_atomic: bool) -> (JetStreamStore, Ledgers) {
    let replicas = u8::try_from(shared().unwrap().replicas()).unwrap();
    open_with(client, name, replicas, is_atomic).await
}

pub(crate) async fn open_with(
    client: Client,
    name: &str,
    replicas: u8,
    is_atomic: bool,
) -> (JetStreamStore, Ledgers) {
    let store = JetStreamStore::builder(client.clone(), name.try_into().unwrap()).replicas(replicas);
    let values = JetStreamKeyValue::builder(client, name.try_into().unwrap()).replicas(replicas);
    let values = if is_atomic { values.atomic() } else { values };
    let views = Views::new(Ledger, values.open().await.unwrap(), "ledger");
    (store.open().await.unwrap(), views)
}

impl Site {
    /// A fresh one; with batches wherever the server has them, or without.
    pub(crate) async fn start(is_atomic: bool) -> Self {
        let name = fresh_name().to_string();
        let client = connect(&urls()).await;
        let (store, views) = open(client.clone(), &name, is_atomic).await;
        assert_eq!(views.is_atomic(), is_atomic && client.is_server_compatible(2, 12, 0));
        Self { name, store, views, appended: 0, folded: (0, Lines::new()) }
    }

    /// Appends the next commits.
    pub(crate) async fn append(&mut self, commits: u32) {
        for _ in 0..commits {
            let numbers = self.appended..self.appended + COMMIT;
            let actor = ActorId::new(format!("order-{}", self.appended / COMMIT % 5)).unwrap();
            let events: Vec<NewEvent> = numbers.map(|number| event(&number.to_string())).collect();
            self.store.append(&actor, Expected::Any, events).await.unwrap();
            self.appended += COMMIT;
        }
    }

    /// Where the last event lies, each commit being a message.
    fn last(&self) -> Position {
        Position::new(0, u64::from(self.appended / COMMIT), COMMIT - 1, None)
    }

    /// What the view must be after so many events; never fewer than before.
    pub(crate) fn fold(&mut self, events: u32) -> &Lines {
        let (folded, lines) = &mut self.folded;
        plain_fold_on(lines, *folded..events);
        *folded = events;
        lines
    }

    /// How many events the view has had, and what it is, at one moment. Nobody may keep it up to date meanwhile, but what
    /// somebody sent before they were killed may arrive.
    pub(crate) async fn look(&self) -> (u32, Lines) {
        let mut before = self.covered().await;
        loop {
            let lines = lines(&self.views).await;
            let after = self.covered().await;
            if before == after {
                return (after, lines);
            }
            before = after;
        }
    }

    async fn covered(&self) -> u32 {
        let checkpoint = self.views.checkpoint().await.unwrap().unwrap_or_default();
        let covered = checkpoint.positions().next().map_or(0, |position| {
            (position.sequence() - 1) * u64::from(COMMIT) + u64::from(position.index()) + 1
        });
        u32::try_from(covered).unwrap()
    }

    /// Keeps the view up to date until it has had everything, and checks that it is what it must be.
    pub(crate) async fn finish(mut self) {
        let projector = Projector::new("ledger", self.store.clone());
        let running = projector.start(self.views.projection());
        self.views.wait_for(&self.last(), Duration::from_secs(120)).await.unwrap();
        running.stop().await.unwrap();
        let (covered, lines) = self.look().await;
        assert_eq!(covered, self.appended);
        assert_eq!(lines, *self.fold(covered));
        let all: Option<Line> = self.views.get("all").await.unwrap();
        assert_eq!(all.unwrap().times, u64::from(self.appended), "each event once");
    }
}
