//! Reading along trails and by pages gives what a plain filtered read gives, whatever lies in the stream.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use aether_core::{ActorId, Consistency, Epoch, Event, EventStore, EventStoreExt, Expected, Version};
use aether_store_jetstream::{JetStreamStore, Mechanism, Retention};
use async_nats::Client;
use common::{actor, builder, connect, event, fresh_name, publish};
use futures_util::StreamExt;
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

/// Something that is written to an actor's subject, or beside it.
#[derive(Debug, Clone)]
enum Step {
    /// So many events, through the store.
    Commit(usize),
    Claim,
    /// An event without headers, as the Go original writes them, after a gap of so many versions.
    Go(u64),
    /// An event that says what it follows, with a trail of this text.
    Forged(String),
    /// An event of another actor.
    Other,
    /// A message that is no event.
    Malformed,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1usize..4).prop_map(Step::Commit),
        1 => Just(Step::Claim),
        1 => (0u64..3).prop_map(Step::Go),
        // Into the actor's own history or a neighbor's, nowhere, or nothing at all.
        3 => "[A-D][B-E]{0,8}([.][A-Z]{1,2})?|[a-z]{1,3}[B-Z][B-Z]{0,2}|[A-Za-z0-9,.]{0,9}".prop_map(Step::Forged),
        2 => Just(Step::Other),
    ]
}

/// A stream with two handles on it: one that reads in every way, and one that reads through consumers only.
struct Compared {
    client: Client,
    every: JetStreamStore,
    plain: JetStreamStore,
}

impl Compared {
    async fn open(retention: Retention) -> Self {
        let name = fresh_name();
        let every = builder(&name).await.retention(retention).open().await.unwrap();
        let plain = builder(&name).await.without(Mechanism::ShortReads).open().await.unwrap();
        Self { client: connect().await, every, plain }
    }

    async fn write(&self, actor: &ActorId, step: &Step) {
        // A writer that knows nothing: what others wrote past the stores is no news to it.
        let subject =
            format!("{}.events.{}.{actor}", self.every.streams().next().unwrap(), actor.actor_type());
        let head = self.every.head(actor, Consistency::Leader).await.unwrap();
        let sequence = head.position.map_or(0, |position| position.sequence()).to_string();
        let next = |gap| {
            let version = Version::new(head.version.number() + 1 + gap).unwrap();
            serde_json::to_vec(&Event::new(actor.clone(), version, event("past the store"))).unwrap()
        };
        match step {
            Step::Commit(count) => {
                let events: Vec<_> = (0..*count).map(|number| event(&number.to_string())).collect();
                self.every.append(actor, Expected::Any, events).await.unwrap();
            }
            Step::Claim => drop(self.every.claim(actor, Epoch::new(1)).await.unwrap()),
            Step::Go(gap) => publish(&self.client, &subject, &[], &next(*gap)).await,
            Step::Forged(trail) => {
                let said = [
                    ("Nats-Expected-Last-Subject-Sequence", &*sequence),
                    ("Aether-Follows", &*head.version.number().to_string()),
                    ("Aether-Trail", trail.as_str()),
                ];
                publish(&self.client, &subject, &said, &next(0)).await;
            }
            Step::Other => {
                let other = ActorId::new(format!("{actor}-other")).unwrap();
                self.every.append(&other, Expected::Any, [event("other")]).await.unwrap();
            }
            Step::Malformed => publish(&self.client, &subject, &[], b"{}").await,
        }
    }

    /// Reads from each of these versions on, in both ways.
    async fn compare(&self, actor: &ActorId, versions: impl IntoIterator<Item = u64>) {
        for from in versions {
            let from = Version::new(from).unwrap();
            let (every, plain) = (read(&self.every, actor, from).await, read(&self.plain, actor, from).await);
            assert_eq!(every, plain, "from version {from} of {actor}");
        }
    }
}

/// Everything that a read gives, as text.
async fn read(store: &JetStreamStore, actor: &ActorId, from: Version) -> String {
    let mut text = String::new();
    let mut items = store.read(actor, from);
    while let Some(item) = items.next().await {
        match item {
            Ok(event) => writeln!(text, "{} {} {:?}", event.version(), event.id(), event.position()),
            Err(error) => writeln!(text, "{error}"),
        }
        .unwrap();
    }
    text
}

async fn last(store: &JetStreamStore, actor: &ActorId) -> u64 {
    store.head(actor, Consistency::Leader).await.unwrap().version.number()
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn every_way_of_reading_gives_what_a_filtered_read_gives() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let compared = runtime.block_on(Compared::open(Retention::default()));
    let count = std::sync::atomic::AtomicU64::new(0);
    proptest!(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() },
        |(steps in proptest::collection::vec(step(), 1..40))| {
        let number = count.fetch_add(1, Relaxed);
        runtime.block_on(async {
            let actor = actor(&format!("a-{number}"));
            for step in &steps {
                compared.write(&actor, step).await;
            }
            compared.compare(&actor, 0..=last(&compared.every, &actor).await + 1).await;
        });
    });
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn histories_with_milestones_are_read_the_same_by_every_way() {
    let (compared, actor) = (Compared::open(Retention::default()).await, actor("a-1"));
    for number in 0..290 {
        let step = match number % 97 {
            13 => Step::Claim,
            // Across the versions 128 and 256, now and then.
            31 | 32 => Step::Commit(20),
            60..65 => Step::Other,
            _ => Step::Commit(1),
        };
        compared.write(&actor, &step).await;
    }
    let head = last(&compared.every, &actor).await;
    assert!(head > 384, "three milestones");
    compared.compare(&actor, (0..=head + 1).step_by(13).chain([127, 128, 129, 255, 256, 257, head])).await;
    // To the middle of the history, to where it does not lie, and to the right milestone but the wrong commits before.
    for trail in ["A.1E", "A.kB", "AZ.1E"] {
        compared.write(&actor, &Step::Forged(trail.to_owned())).await;
        compared.write(&actor, &Step::Commit(1)).await;
        let head = last(&compared.every, &actor).await;
        compared.compare(&actor, [0, 128, 200, head - 40, head - 17, head - 2, head]).await;
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_malformed_message_among_others_is_read_in_its_place_by_every_way() {
    let (compared, actor) = (Compared::open(Retention::default()).await, actor("a-1"));
    compared.write(&actor, &Step::Commit(2)).await;
    compared.write(&actor, &Step::Malformed).await;
    compared.compare(&actor, 0..=3).await;
    let text = read(&compared.every, &actor, Version::FIRST).await;
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_event_of_the_actor_on_another_subject_is_no_part_of_its_history() {
    let (compared, actor) = (Compared::open(Retention::default()).await, actor("a-1"));
    compared.write(&actor, &Step::Commit(1)).await;
    // Version 2, elsewhere; then a claim, and version 3 with a trail to version 2.
    let event = |version| Event::new(actor.clone(), Version::new(version).unwrap(), event("x"));
    let stream = compared.every.streams().next().unwrap();
    let (elsewhere, second) = (format!("{stream}.events.a.a-2"), serde_json::to_vec(&event(2)).unwrap());
    publish(&compared.client, &elsewhere, &[], &second).await;
    compared.write(&actor, &Step::Claim).await;
    let said =
        [("Nats-Expected-Last-Subject-Sequence", "3"), ("Aether-Follows", "2"), ("Aether-Trail", "BB")];
    let third = serde_json::to_vec(&event(3)).unwrap();
    publish(&compared.client, &format!("{stream}.events.a.a-1"), &said, &third).await;
    compared.compare(&actor, 0..=3).await;
    assert!(read(&compared.every, &actor, Version::FIRST).await.contains("before version 3 is gone"));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_expired_beginning_is_said_alike_by_every_way() {
    let (compared, actor) = (Compared::open(Retention::For(Duration::from_secs(4))).await, actor("a-1"));
    for _ in 0..20 {
        compared.write(&actor, &Step::Commit(2)).await;
    }
    // The others are alone for as long as this.
    sleep(Duration::from_millis(3000)).await;
    for _ in 0..20 {
        compared.write(&actor, &Step::Commit(2)).await;
    }
    let get = format!("$JS.API.DIRECT.GET.{}", compared.every.streams().next().unwrap());
    let (latest, mut gone) = (Instant::now() + Duration::from_secs(20), 0);
    // A direct get is answered by any of the replicas: often enough, by each of them.
    while gone < 30 {
        assert!(Instant::now() < latest, "the beginning does not expire");
        let found = compared.client.request(get.clone(), "{\"seq\":20}".into()).await.unwrap();
        gone = if found.status.is_some() { gone + 1 } else { 0 };
        sleep(Duration::from_millis(if gone > 0 { 1 } else { 10 })).await;
    }
    compared.compare(&actor, [0, 1, 39, 40, 41, 42, 79, 80, 81]).await;
    let text = read(&compared.every, &actor, Version::FIRST).await;
    assert!(text.contains("before version 41 is gone"), "{text}");
    assert_eq!(read(&compared.every, &actor, Version::new(41).unwrap()).await.lines().count(), 40);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_second_half_of_a_long_history_is_read_from_about_its_beginning() {
    let name = fresh_name();
    let store = builder(&name).await.open().await.unwrap();
    let (order, others) = (actor("order-1"), actor("order-2"));
    for round in 0..60 {
        let events: Vec<_> = (0..200).map(|number| event(&number.to_string())).collect();
        // Unevenly spread: ever more of others in between.
        for _ in 0..round / 4 {
            store.append(&others, Expected::Any, [event("other")]).await.unwrap();
        }
        for event in events {
            store.append(&order, Expected::Any, [event]).await.unwrap();
        }
    }
    let client = connect().await;
    let reading = JetStreamStore::builder(client.clone(), name).open().await.unwrap();
    for from in [1u64, 4_000, 7_000, 11_000] {
        let before = client.statistics().in_messages.load(Relaxed);
        let events = reading.read_all(&order, Version::new(from).unwrap()).await.unwrap();
        let received = client.statistics().in_messages.load(Relaxed) - before;
        assert_eq!((events.len() as u64, events[0].version().number()), (12_001 - from, from));
        assert!(received < 12_001 - from + 1_500, "from {from}: {received} messages for {}", events.len());
    }
}
