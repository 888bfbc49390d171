//! Reading: complete, in order, from the version that was asked for.

use std::sync::Arc;

use aether_core::{Consistency, EventStore, EventStoreExt, Expected, Head, Version};
use futures_util::StreamExt;

use crate::suite::ability::packs;
use crate::suite::check::{
    append, collect, fill, head, history, history_from, holds, must, positions_increase, same, versions,
};
use crate::suite::sample::{below, event, events, exactly, numbered, version};
use crate::suite::{Fixture, StoreUnderTest};

/// Fault 4 of the Go original: there, `from` was exclusive on JetStream.
pub(crate) async fn from_is_inclusive<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, 5).await;
    for from in 1..=5 {
        let read = collect(store.read(&actor, version(from))).await;
        let contract = format!("a read from version {from} on begins with that version");
        same(&contract, versions(&read), (from..=5).collect());
    }
}

pub(crate) async fn from_0_is_from_the_beginning<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, 3).await;
    let read = collect(store.read(&actor, Version::INITIAL)).await;
    same("a read from version 0 begins with the first event", versions(&read), vec![1, 2, 3]);
}

pub(crate) async fn beyond_the_end_there_is_nothing<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, 3).await;
    for from in [version(4), version(1_000), Version::MAX] {
        let read = collect(store.read(&actor, from)).await;
        same("a read from beyond the end is empty", versions(&read), vec![]);
    }
}

pub(crate) async fn an_unknown_actor_has_no_events<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    for _ in 0..2 {
        same("an unknown actor has no events", history(&store, &actor).await, vec![]);
        same("its head is the default", head(&store, &actor).await, Head::default());
        let latest = must("it has a version", store.latest_version(&actor).await);
        same("its version is 0", latest, Version::INITIAL);
    }
}

pub(crate) async fn positions_increase_along_a_history<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor, other) = (fixture.open().await, fixture.actor("order"), fixture.actor("other"));
    let pack = if packs(&fixture, &store).await { 3 } else { 1 };
    for n in 0..6 {
        append(&store, &actor, Expected::Any, events(1 + n % pack)).await;
        append(&store, &other, Expected::Any, [event()]).await;
    }
    positions_increase(&history(&store, &actor).await);
    positions_increase(&history(&store, &other).await);
}

pub(crate) async fn a_position_names_its_event<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let commit = append(&store, &actor, Expected::NoEvents, [event()]).await;
    let read = history(&store, &actor).await;
    same("a position carries the id of its event", read[0].position().event_id(), Some(read[0].id()));
    same("a commit's position is that of its last event", commit.position, read[0].position());
}

pub(crate) async fn a_commits_position_is_that_of_its_last_event<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    for _ in 0..3 {
        let commit = append(&store, &actor, Expected::Any, events(3)).await;
        let last = history(&store, &actor).await.pop();
        let last = last.map(|event| event.position());
        same("a commit's position is that of its last event when it is read", Some(commit.position), last);
    }
}

pub(crate) async fn a_commit_can_be_read_from_its_middle<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    for count in [2, 5, 1, 4] {
        append(&store, &actor, Expected::Any, events(count)).await;
    }
    let whole = history(&store, &actor).await;
    for from in 1..=13 {
        let read = collect(store.read(&actor, version(from))).await;
        let wanted = whole.iter().skip(from as usize - 1).cloned().collect();
        same("a read may begin inside a commit of several", read, wanted);
    }
}

pub(crate) async fn a_read_from_inside_a_gap_begins_after_it<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    for at in [2, 7, 8, 20] {
        append(&store, &actor, below(at), [event()]).await;
    }
    for (from, wanted) in [(1, vec![2, 7, 8, 20]), (3, vec![7, 8, 20]), (9, vec![20]), (21, vec![])] {
        let read = collect(store.read(&actor, version(from))).await;
        same("a read begins with the first event at its version or above", versions(&read), wanted);
    }
}

/// Fault 7 of the Go original: there, reads ended early without an error.
pub(crate) async fn a_long_history_is_complete<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor, other) = (fixture.open().await, fixture.actor("order"), fixture.actor("other"));
    let pack = if packs(&fixture, &store).await { 20 } else { 1 };
    let (mut count, mut round) = (0, 0);
    while count < 3_000 {
        let size = if round % 5 == 0 { 1 } else { pack };
        append(&store, &actor, exactly(count), events(size)).await;
        append(&store, &other, Expected::Any, [event()]).await;
        (count, round) = (count + size, round + 1);
    }
    for from in [1, 2, 999, 1_000, 1_001, 2_990, count] {
        let read = history_from(&store, &actor, version(from)).await;
        let contract = format!("{count} events are read completely and in order from version {from} on");
        same(&contract, versions(&read), (from..=count).collect());
        positions_increase(&read);
    }
    let elsewhere = versions(&history(&fixture.open().await, &actor).await);
    same("another handle reads them all", elsewhere, (1..=count).collect());
}

pub(crate) async fn large_events_are_read_completely<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let data = format!("{{\"text\":\"{}\"}}", "x".repeat(20_000));
    for _ in 0..50 {
        append(&store, &actor, Expected::Any, [crate::suite::sample::with_data(&data)]).await;
    }
    let read = history(&store, &actor).await;
    same("a history of a megabyte is read completely", versions(&read), (1..=50).collect());
    holds("its data is unharmed", read.iter().all(|event| event.raw_data().as_str() == data), "other data");
}

pub(crate) async fn a_stream_may_be_dropped_early<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, 50).await;
    for taken in [0, 1, 2, 30] {
        let mut stream = store.read(&actor, Version::FIRST);
        for n in 0..taken {
            let event = stream.next().await.expect("50 events are there");
            same("events come in order", must("no error", event).version(), version(n + 1));
        }
        drop(stream);
    }
    let read = versions(&history(&store, &actor).await);
    same("a dropped stream harms no later read", read, (1..=50).collect());
    append(&store, &actor, exactly(50), [event()]).await;
}

pub(crate) async fn a_stream_outlives_its_handle<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, 20).await;
    let mut stream = store.read(&actor, Version::FIRST);
    let first = must("no error", stream.next().await.expect("20 events are there"));
    drop(store);
    let mut read = vec![first];
    read.extend(collect(stream).await);
    same("a stream borrows nothing: it goes on without its handle", versions(&read), (1..=20).collect());
}

pub(crate) async fn the_head_agrees_with_reads<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    let pack = if packs(&fixture, &store).await { 3 } else { 1 };
    for n in 0..5 {
        let commit = append(&store, &actor, Expected::Any, events(1 + n % pack)).await;
        for consistency in [Consistency::Any, Consistency::Leader] {
            let head = must("the head can be read", store.head(&actor, consistency).await);
            same("the head has the version of the last commit", head.version, commit.version);
            let place = |position: &aether_core::Position| (position.partition(), position.sequence());
            let wanted = Some(place(&commit.position));
            same("the head lies where the last commit does", head.position.as_ref().map(place), wanted);
        }
        let latest = must("it has a version", store.latest_version(&actor).await);
        same("the latest version is that of the last commit", latest, commit.version);
        let last = collect(store.read(&actor, latest)).await;
        same("a read from the latest version on has one event", versions(&last), vec![latest.number()]);
    }
}

pub(crate) async fn what_was_appended_is_read_at_once<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    for n in 1..=50 {
        let commit = append(&store, &actor, exactly(n - 1), [numbered(n)]).await;
        let read = must("a read has no errors", store.read_all(&actor, version(n)).await);
        same("what an append returned is in the next read of its handle", read, commit.events);
    }
}

pub(crate) async fn a_read_shows_at_least_what_was_there<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    fill(&store, &actor, 20).await;
    let mut stream = store.read(&actor, Version::FIRST);
    let first = stream.next().await.expect("20 events are there");
    let mut read = vec![must("no error", first)];
    fill(&store, &actor, 20).await;
    read.extend(collect(stream).await);
    holds("a read shows all that was there when it began", read.len() >= 20, read.len());
    let wanted: Vec<_> = (1..=read.len() as u64).collect();
    same("it shows a part of the history without holes", versions(&read), wanted);
}

pub(crate) async fn reads_beside_a_writer_have_no_holes<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (Arc::new(fixture.open().await), fixture.actor("order"));
    let pack = if packs(&fixture, &store).await { 3 } else { 1 };
    let writer = tokio::spawn({
        let (store, actor) = (Arc::clone(&store), actor.clone());
        async move {
            for _ in 0..60 {
                append(&*store, &actor, Expected::Any, events(pack)).await;
            }
        }
    });
    let mut seen = 0;
    while !writer.is_finished() {
        let read = versions(&history(&*store, &actor).await);
        let wanted: Vec<_> = (1..=read.len() as u64).collect();
        same("a read beside a writer shows the beginning of the history, without holes", &read, &wanted);
        same("it shows whole commits", read.len() as u64 % pack, 0);
        holds("a later read does not show less", read.len() >= seen, (seen, read.len()));
        seen = read.len();
        // A store that never waits would keep the writer from ever running.
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer succeeds");
    same("in the end all is there", history(&*store, &actor).await.len() as u64, 60 * pack);
}

pub(crate) async fn reads_may_run_side_by_side<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor, other) = (fixture.open().await, fixture.actor("order"), fixture.actor("other"));
    fill(&store, &actor, 40).await;
    fill(&store, &other, 30).await;
    let first = collect(store.read(&actor, Version::FIRST));
    let second = collect(store.read(&actor, version(11)));
    let third = collect(store.read(&other, Version::FIRST));
    let (first, second, third) = tokio::join!(first, second, third);
    same("one of several reads at once is complete", versions(&first), (1..=40).collect());
    same("another of the same actor as well", versions(&second), (11..=40).collect());
    same("and one of another actor", versions(&third), (1..=30).collect());
}
