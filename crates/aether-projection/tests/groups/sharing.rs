//! Who has which slice, and what is handled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::site::{Call, Keys, LEASE, Log, Notes, append, builder, fill, member, wait_until};
use aether_core::ActorId;
use aether_projection::group::GroupError;
use aether_store_memory::MemoryStore;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn members_share_the_slices_and_handle_each_event_once_in_order() {
    let (store, keys, log) = (MemoryStore::new(), Keys::new(), Log::default());
    fill(&store, 20, 5).await;
    let names = ["a", "b", "c"];
    let mut members = Vec::new();
    for name in names {
        members.push(member(&store, keys.other(), log.by(name)).await);
    }
    let shares = || members.iter().map(|member| member.status().slices.len()).collect::<Vec<_>>();
    wait_until("the slices are shared", async || {
        let shares = shares();
        shares.iter().sum::<usize>() == 8 && shares.iter().all(|share| (2..=3).contains(share))
    })
    .await;
    fill(&store, 20, 20).await;
    wait_until("all is handled", async || log.handled().len() == 500).await;
    log.check_order();
    let slices: BTreeSet<u32> = members.iter().flat_map(|member| member.status().slices).collect();
    assert_eq!(slices.len(), 8, "each has one holder");
    assert!(log.all().iter().map(|call| call.member).collect::<BTreeSet<_>>().len() > 1);
    // Each once: nobody ended, and slices were given up in order.
    assert_eq!(log.all().len(), 500);
    // Nothing moves any more.
    let before = log.all();
    sleep(10 * LEASE).await;
    assert_eq!(log.all(), before);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_while_members_come_and_go() {
    let (store, keys, log) = (MemoryStore::new(), Keys::new(), Log::default());
    let (writing, mut members) = (store.clone(), Vec::new());
    let writer = tokio::spawn(async move {
        for _ in 0..200 {
            fill(&writing, 20, 1).await;
            sleep(Duration::from_millis(97)).await;
        }
    });
    for round in 0..12 {
        let takes = Duration::from_millis(1);
        let handler = Notes { log: log.clone(), member: ["a", "b", "c"][round % 3], takes };
        members.push(member(&store, keys.other(), handler).await);
        sleep(LEASE).await;
        match round % 3 {
            0 => {}
            1 => members.remove(0).stop().await,
            _ => drop(members.remove(0)),
        }
    }
    writer.await.unwrap();
    wait_until("all is handled", async || log.handled().len() == 4_000).await;
    log.check_order();
}

#[tokio::test(start_paused = true)]
async fn who_comes_after_one_that_ended_goes_on_where_it_was() {
    let (store, keys, log) = (MemoryStore::new(), Keys::new(), Log::default());
    fill(&store, 10, 10).await;
    let first = member(&store, keys.clone(), log.by("first")).await;
    wait_until("all is handled", async || log.handled().len() == 100).await;
    // Recorded every 100 ms.
    sleep(LEASE).await;
    drop(first);
    fill(&store, 10, 10).await;
    let started = Instant::now();
    let second = member(&store, keys.other(), log.by("second")).await;
    wait_until("all is handled", async || log.handled().len() == 200).await;
    assert!(started.elapsed() >= LEASE, "its lease had not run out");
    assert_eq!(log.all().len(), 200, "what was recorded is not handled again");
    log.check_order();
    // Until nobody counts the first any more.
    sleep(3 * LEASE).await;
    second.stop().await;
    // Given up: nobody waits for a lease.
    fill(&store, 10, 1).await;
    let started = Instant::now();
    let _third = member(&store, keys.other(), log.by("third")).await;
    wait_until("all is handled", async || log.handled().len() == 210).await;
    assert!(started.elapsed() < LEASE);
    assert_eq!(log.all().len(), 210);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_stopped_for_longer_than_its_lease_handles_and_records_nothing_more() {
    let (store, keys, log) = (MemoryStore::new(), Keys::new(), Log::default());
    let zombie = member(&store, keys.clone(), log.by("zombie")).await;
    fill(&store, 10, 10).await;
    wait_until("all is handled", async || log.handled().len() == 100).await;
    keys.hangs.send_replace(true);
    let living = member(&store, keys.other(), log.by("living")).await;
    wait_until("the lease has run out", async || living.status().slices.len() == 8).await;
    // It reads all the same, and may not handle what it reads.
    fill(&store, 10, 10).await;
    wait_until("all is handled", async || log.handled().len() == 200).await;
    let by_zombie = |call: &Call| call.member == "zombie" && call.version > 10;
    assert!(!log.all().iter().any(by_zombie), "it cannot know that the slices are still its own");
    // When it wakes up it finds out, and takes its share like everybody else.
    keys.hangs.send_replace(false);
    wait_until("it has a share again", async || zombie.status().slices.len() == 4).await;
    fill(&store, 10, 10).await;
    wait_until("all is handled", async || log.handled().len() == 300).await;
    log.check_order();
    let epochs = log.all().iter().fold(BTreeMap::<u32, u64>::new(), |mut epochs, call| {
        let epoch = epochs.entry(call.slice).or_default();
        assert!(*epoch <= call.epoch, "slice {} went back to epoch {}", call.slice, call.epoch);
        *epoch = call.epoch;
        epochs
    });
    assert!(epochs.values().any(|epoch| *epoch >= 3), "{epochs:?}");
}

#[tokio::test(start_paused = true)]
async fn a_poison_event_parks_its_actor_and_nobody_else() {
    let (store, keys, log) = (MemoryStore::new(), Keys::new(), Log::default());
    log.poison("order-3", 2, true);
    fill(&store, 10, 5).await;
    let first = member(&store, keys.clone(), log.by("first")).await;
    wait_until("all others are handled", async || log.handled().len() == 9 * 5 + 1).await;
    wait_until("it is parked", async || first.status().parked == 1).await;
    assert_eq!(log.of("order-3"), [1]);
    // Also what comes later waits, and also with whoever comes later.
    append(&store, "order-3", 2).await;
    append(&store, "order-4", 1).await;
    wait_until("the other goes on", async || log.of("order-4").len() == 6).await;
    first.stop().await;
    let second = member(&store, keys.other(), log.by("second")).await;
    append(&store, "order-4", 1).await;
    wait_until("the other goes on", async || log.of("order-4").len() == 7).await;
    assert_eq!(log.of("order-3"), [1]);
    let parked = second.parked();
    let listed = parked.list().await.unwrap();
    assert_eq!((listed.len(), listed[0].actor.as_str(), listed[0].version.number()), (1, "order-3", 2));
    assert_eq!((listed[0].error.as_str(), listed[0].attempts), ("poison", 3));

    // Retried in vain: it stays.
    let actor = listed[0].actor.clone();
    assert!(parked.retry(&actor).await.unwrap());
    wait_until("it was tried", async || parked.list().await.unwrap()[0].since > listed[0].since).await;
    assert_eq!(log.of("order-3"), [1]);
    log.poison("order-3", 2, false);
    assert!(parked.retry(&actor).await.unwrap());
    wait_until("it has caught up", async || log.of("order-3") == [1, 2, 3, 4, 5, 6, 7]).await;
    append(&store, "order-3", 1).await;
    wait_until("it goes on", async || log.of("order-3").len() == 8).await;
    assert!(parked.list().await.unwrap().is_empty());
    assert!(!parked.retry(&actor).await.unwrap(), "nothing is parked");

    // Another one is skipped.
    log.poison("order-7", 6, true);
    append(&store, "order-7", 3).await;
    wait_until("it is parked", async || second.status().parked == 1).await;
    assert!(parked.skip(&ActorId::new("order-7").unwrap()).await.unwrap());
    wait_until("it goes on", async || log.of("order-7") == [1, 2, 3, 4, 5, 7, 8]).await;
    log.check_order();
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_parking_loses_no_event_of_the_actor() {
    let (store, keys, log) = (MemoryStore::new(), Keys::new(), Log::default());
    log.poison("order-1", 1, true);
    fill(&store, 3, 3).await;
    let first = member(&store, keys.clone(), log.by("first")).await;
    wait_until("it is parked", async || !first.parked().list().await.unwrap().is_empty()).await;
    drop(first);
    let second = member(&store, keys.other(), log.by("second")).await;
    wait_until("all others are handled", async || log.handled().len() == 6).await;
    sleep(3 * LEASE).await;
    assert!(log.of("order-1").is_empty(), "the record came before the checkpoint");
    log.poison("order-1", 1, false);
    second.parked().retry(&ActorId::new("order-1").unwrap()).await.unwrap();
    wait_until("it has caught up", async || log.of("order-1") == [1, 2, 3]).await;
}

#[tokio::test(start_paused = true)]
async fn members_that_do_not_agree_are_refused() {
    let (store, keys) = (MemoryStore::new(), Keys::new());
    let _member = member(&store, keys.clone(), Log::default().by("a")).await;
    let error = builder(&store, keys.clone()).slices(9).start(Log::default().by("b")).await.unwrap_err();
    assert!(matches!(error, GroupError::Slices { wanted: 9, found: 8, .. }), "{error}");
    for builder in [
        builder(&store, keys.clone()).slices(0),
        builder(&store, keys.clone()).lanes(0),
        builder(&store, keys.clone()).lease(Duration::ZERO),
    ] {
        let error = builder.start(Log::default().by("b")).await.unwrap_err();
        assert!(matches!(error, GroupError::Option { .. }), "{error}");
    }
}
