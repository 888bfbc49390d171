//! A certain race instead of a likely one: reads that a follower gets while it stands still, after an append that it has
//! not seen was acknowledged. When it goes on, it answers with what it has.

use std::time::Duration;

use aether_core::{ActorId, Consistency, EventStore, EventStoreExt, Expected};
use aether_store_jetstream::{JetStreamStore, Mechanism};
use futures_util::future::join_all;

use crate::check::{Kind, Violation, check};
use crate::history::{Call, Line, Outcome, now};
use crate::log;
use crate::site::{Servers, Site};
use crate::worker::event;

const ROUNDS: u64 = 30;
/// After how many of them the checker looks.
const CHECKED_EVERY: u64 = 5;
const READS: u64 = 32;
/// What the follower has to catch up with before it comes to the append that is looked for.
const OTHERS: u64 = 300;

async fn store(url: String, without: Option<Mechanism>) -> JetStreamStore {
    let client = async_nats::ConnectOptions::new().ignore_discovered_servers().connect(url).await.unwrap();
    let mut builder = JetStreamStore::builder(client, "followed".try_into().unwrap()).replicas(3);
    if let Some(mechanism) = without {
        builder = builder.without(mechanism);
    }
    builder.open().await.unwrap()
}

/// Makes the race again and again until the checker finds something.
async fn race(without: Option<Mechanism>) -> Vec<Violation> {
    let mut site = Site::three();
    let writer = store(site.urls().remove(0), None).await;
    let Servers::Three(cluster) = &site.servers else { panic!("not three servers") };
    let leader = cluster.wait_for_stream_leader("$G", writer.streams().next().unwrap()).unwrap();
    let follower = (leader + 1) % 3;
    let writer = store(site.urls().remove(leader), None).await;
    let reader = store(site.urls().remove(follower), without).await;
    let plain = async_nats::connect(site.urls().remove(leader)).await.unwrap();
    let actor = ActorId::new("chaos-0").unwrap();
    let (mut written, mut seen) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        site.server_mut(follower).pause().unwrap();
        let first = (OTHERS + 1) * round;
        let others = (0..OTHERS).map(|other| append(&writer, other + 1, first + other));
        written.extend(join_all(others).await.into_iter().flatten());
        written.extend(append(&writer, 0, first + OTHERS).await);
        let reads = (0..READS).map(|number| read(&reader, &actor, READS * round + number));
        let resumed = async {
            // So that the requests are on their way: the follower must have them when it goes on.
            tokio::time::sleep(Duration::from_millis(30)).await;
            site.server_mut(follower).resume().unwrap();
        };
        let (lines, ()) = tokio::join!(join_all(reads), resumed);
        seen.extend(lines.into_iter().flatten());
        if round % CHECKED_EVERY != CHECKED_EVERY - 1 {
            continue;
        }
        let (messages, mut violations) = log::read(&plain, writer.streams().next().unwrap()).await;
        violations.extend(check(&messages, &[written.clone(), seen.clone()]));
        if !violations.is_empty() {
            return violations;
        }
    }
    Vec::new()
}

async fn append(store: &JetStreamStore, actor: u64, number: u64) -> [Line; 2] {
    let actor = &ActorId::new(format!("chaos-{actor}")).unwrap();
    let ids = vec![format!("f-{number}")];
    let call =
        Call::Append { expected: Expected::Any.to_string(), epoch: None, ids: ids.clone(), content: 0 };
    let invoked = Line::Invoked { number, at: now(), actor: actor.as_str().to_owned(), call };
    let commit = store.append(actor, Expected::Any, [event(&ids[0])]).await.unwrap();
    let (version, sequence) = (commit.version.number(), commit.position.sequence());
    let outcome = Outcome::Stored { first: version, last: version, sequence, already: false };
    [invoked, Line::Ended { number, at: now(), outcome }]
}

async fn read(store: &JetStreamStore, actor: &ActorId, number: u64) -> [Line; 2] {
    let call = Call::Read { leader: true };
    let invoked = Line::Invoked { number, at: now(), actor: actor.as_str().to_owned(), call };
    let outcome = match store.head(actor, Consistency::Leader).await {
        Ok(head) => Outcome::Read { version: head.version.number(), events: Vec::new() },
        Err(error) => Outcome::Failed { error: error.to_string() },
    };
    [invoked, Line::Ended { number, at: now(), outcome }]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn without_asking_the_leader_reads_are_stale() {
    let violations = race(Some(Mechanism::LeaderReads)).await;
    let stale = violations.iter().find(|violation| violation.kind == Kind::StaleRead);
    println!("without LeaderReads: {} violations, such as {}", violations.len(), stale.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_leader_read_shows_what_was_acknowledged_whatever_followers_have() {
    assert_eq!(race(None).await, []);
}
