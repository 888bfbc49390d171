//! A group of several processes on JetStream, of which one after the other is killed, or stopped and let go on.
//!
//! A worker is a process of its own: this program, run again. It notes each call of its handler in a file, and checks
//! nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod site;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aether_core::{ActorId, Checkpoint, EventStoreExt, Expected, KeyValue, NewEvent, RawJson};
use aether_projection::group::ParkedActors;
use serde::Deserialize;
use site::Site;
use tokio::time::sleep;
use worker::{LEASE, Note, SLICES};

/// How long faults are made; more with `AETHER_GROUP_SECONDS=300`.
const SECONDS: u64 = 15;
const WORKERS: usize = 3;
const ACTORS: u64 = 40;
/// Longer than anything takes.
const NEVER: Duration = Duration::from_secs(120);

/// What the test looks at in a slice's record.
#[derive(Debug, Clone, Deserialize)]
struct Record {
    epoch: u64,
    checkpoint: Checkpoint,
}

/// Every tenth actor has one event that cannot be handled.
fn is_poisoned(actor: u64) -> bool {
    actor % 10 == 7
}

fn event(is_poison: bool) -> NewEvent {
    let data = if is_poison { "{\"poison\":true}" } else { "{\"poison\":false}" };
    NewEvent::new("Noted".try_into().unwrap(), RawJson::parse(data.to_owned()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn processes_that_are_killed_and_stopped_lose_no_event_and_record_nothing_as_zombies() {
    let mut site = Site::start(WORKERS).await;
    let seconds = std::env::var("AETHER_GROUP_SECONDS").map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let store = site.store().await;
    let writer = tokio::spawn(async move {
        let started = Instant::now();
        let mut versions = vec![0; usize::try_from(ACTORS).unwrap()];
        while started.elapsed().as_secs() < seconds {
            for (number, version) in (0..).zip(&mut versions) {
                *version += 1;
                let actor = ActorId::new(format!("order-{number}")).unwrap();
                let is_poison = is_poisoned(number) && *version == 20;
                store.append(&actor, Expected::Any, [event(is_poison)]).await.unwrap();
            }
            sleep(Duration::from_millis(20)).await;
        }
        versions
    });
    let keys = site.keys().await;
    let looks = tokio::spawn(async move {
        let mut before = BTreeMap::<u32, Record>::new();
        loop {
            for slice in 0..SLICES {
                let Ok(Some(entry)) = keys.get(&format!("group/notes/slice/{slice}")).await else { continue };
                let record: Record = serde_json::from_slice(&entry.value).unwrap();
                if let Some(before) = before.insert(slice, record.clone()) {
                    assert!(
                        before.epoch <= record.epoch,
                        "slice {slice} went back to epoch {}",
                        record.epoch
                    );
                    let covered =
                        before.checkpoint.positions().all(|position| record.checkpoint.covers(position));
                    assert!(covered, "slice {slice} went back from {before:?} to {record:?}");
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
    });
    let faults = tokio::task::spawn_blocking(move || {
        let started = Instant::now();
        while started.elapsed().as_secs() < seconds {
            std::thread::sleep(LEASE);
            site.make_a_fault();
        }
        site
    });
    let versions = writer.await.unwrap();
    let mut site = faults.await.unwrap();
    site.let_all_go_on();

    let wanted: BTreeSet<(String, u64)> = (0..)
        .zip(&versions)
        .flat_map(|(actor, last)| {
            let last = if is_poisoned(actor) { (*last).min(19) } else { *last };
            (1..=last).map(move |version| (format!("order-{actor}"), version))
        })
        .collect();
    let started = Instant::now();
    loop {
        let handled: BTreeSet<_> = site.notes().into_iter().map(|note| (note.actor, note.version)).collect();
        if handled.is_superset(&wanted) {
            assert_eq!(handled, wanted, "nothing of a parked actor is handled");
            break;
        }
        assert!(
            started.elapsed() < NEVER,
            "never handled: {:?}",
            wanted.difference(&handled).take(5).collect::<Vec<_>>()
        );
        sleep(Duration::from_millis(100)).await;
    }
    assert!(!looks.is_finished(), "a record went back");
    looks.abort();

    // Along an epoch of a slice there is one process, and each actor's events come in order.
    let mut latest = BTreeMap::<(u32, u64, String), u64>::new();
    let mut holders = BTreeMap::<(u32, u64), u64>::new();
    for Note { actor, version, slice, epoch, worker } in site.notes() {
        let holder = holders.entry((slice, epoch)).or_insert(worker);
        assert_eq!(*holder, worker, "two handle slice {slice} in epoch {epoch}");
        let before = latest.insert((slice, epoch, actor.clone()), version).unwrap_or_default();
        assert!(before < version, "{actor} {version} after {before} in epoch {epoch} of slice {slice}");
    }
    assert!(holders.len() > SLICES as usize, "nothing changed hands");
    // Parked are the poisoned ones, exactly.
    let parked = ParkedActors::new(site.keys().await, "notes").list().await.unwrap();
    let parked: BTreeSet<_> =
        parked.iter().map(|parked| (parked.actor.to_string(), parked.version.number())).collect();
    let poisoned =
        (0..ACTORS).filter(|actor| is_poisoned(*actor)).map(|actor| (format!("order-{actor}"), 20));
    assert_eq!(parked, poisoned.collect());
}
