//! Racing writers: of those with the same expectation one wins, wherever they are.

use std::sync::Arc;

use aether_core::error::AppendError;
use aether_core::{ActorId, Commit, EventStore, EventStoreExt, Expected, NewEvent};

use crate::suite::ability::packs;
use crate::suite::check::{append, conflict, history, history_from, holds, must, same, versions};
use crate::suite::sample::{below, event, events, exactly, version};
use crate::suite::{Fixture, StoreUnderTest};

const WRITERS: usize = 8;
const ROUNDS: u64 = 20;

/// Two handles, as two processes would have them.
struct Race<S> {
    handles: [Arc<S>; 2],
    actor: ActorId,
}

impl<S: EventStore> Race<S> {
    async fn on<F: StoreUnderTest<Store = S>>(fixture: &Fixture<F>) -> Self {
        let handles = [Arc::new(fixture.open().await), Arc::new(fixture.open().await)];
        Self { handles, actor: fixture.actor("order") }
    }

    /// Lets all writers append at once and returns what each of them heard.
    async fn append(
        &self,
        expected: Expected,
        events: impl Fn(usize) -> Vec<NewEvent>,
    ) -> Vec<Result<Commit, AppendError>> {
        let start = Arc::new(tokio::sync::Barrier::new(WRITERS));
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                let (store, actor) = (Arc::clone(&self.handles[n % 2]), self.actor.clone());
                let (start, events) = (Arc::clone(&start), events(n));
                tokio::spawn(async move {
                    start.wait().await;
                    store.append(&actor, expected, events).await
                })
            })
            .collect();
        let mut outcomes = Vec::new();
        for writer in writers {
            outcomes.push(writer.await.expect("no writer panics"));
        }
        outcomes
    }

    /// Asserts that exactly one writer won and that the others are in conflict; returns the winner's commit.
    async fn one_wins(&self, expected: Expected, count: u64) -> Commit {
        let outcomes = self.append(expected, |_| events(count)).await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        let contract = format!("of {WRITERS} writers that expect {expected}, exactly one wins");
        same(&contract, won.len(), 1);
        let commit = won.into_iter().next().and_then(Result::ok).expect("there is one");
        for loser in lost {
            let seen = conflict("whoever loses is in conflict", loser);
            same("a loser is told the winner's version", seen.current, commit.version);
        }
        commit
    }
}

/// Fault 1 of the Go original: there, two stores on one stream both saved the same version.
pub(crate) async fn of_writers_with_one_expectation_one_wins<F: StoreUnderTest>(fixture: Fixture<F>) {
    let race = Race::on(&fixture).await;
    for round in 0..ROUNDS {
        let commit = race.one_wins(exactly(round), 1).await;
        same("the winner has the next version", commit.version, version(round + 1));
    }
    let read = history(&*race.handles[0], &race.actor).await;
    same("each version is there once", versions(&read), (1..=ROUNDS).collect());
}

pub(crate) async fn of_first_writers_one_wins<F: StoreUnderTest>(fixture: Fixture<F>) {
    for n in 0..ROUNDS {
        let mut race = Race::on(&fixture).await;
        race.actor = fixture.actor(&format!("order{n}"));
        let commit = race.one_wins(Expected::NoEvents, 1).await;
        same("the winner's event is stored", history(&*race.handles[1], &race.actor).await, commit.events);
    }
}

pub(crate) async fn of_savers_of_one_version_one_wins<F: StoreUnderTest>(fixture: Fixture<F>) {
    let race = Race::on(&fixture).await;
    for round in 1..=ROUNDS {
        let commit = race.one_wins(below(round * 2), 1).await;
        same("the winner has the version that it saved", commit.version, version(round * 2));
    }
    same("each is there once", history(&*race.handles[0], &race.actor).await.len() as u64, ROUNDS);
}

pub(crate) async fn any_loses_no_event<F: StoreUnderTest>(fixture: Fixture<F>) {
    let race = Race::on(&fixture).await;
    let mut ours = Vec::new();
    for _ in 0..10 {
        for outcome in race.append(Expected::Any, |_| vec![event()]).await {
            ours.extend(must("an append that expects any version is never in conflict", outcome).events);
        }
    }
    ours.sort_by_key(|event| event.version());
    let read = history(&*race.handles[0], &race.actor).await;
    same("versions have no gaps", versions(&read), (1..=10 * WRITERS as u64).collect());
    same("every commit is stored where it said", read, ours);
}

pub(crate) async fn commits_never_interleave<F: StoreUnderTest>(fixture: Fixture<F>) {
    let race = Race::on(&fixture).await;
    if !packs(&fixture, &race.handles[0]).await {
        return;
    }
    for _ in 0..10 {
        for outcome in race.append(Expected::Any, |n| events(2 + n as u64 % 3)).await {
            let commit = must("an append that expects any version is never in conflict", outcome);
            let first = commit.events[0].version();
            let seen = history_from(&*race.handles[0], &race.actor, first).await;
            let stored = seen.iter().take(commit.events.len()).cloned().collect();
            same("the events of a commit stand side by side", commit.events, stored);
        }
    }
}

pub(crate) async fn of_commits_of_several_one_wins_whole<F: StoreUnderTest>(fixture: Fixture<F>) {
    let race = Race::on(&fixture).await;
    if !packs(&fixture, &race.handles[0]).await {
        return;
    }
    let mut ours = Vec::new();
    for round in 0..ROUNDS {
        ours.extend(race.one_wins(exactly(round * 3), 3).await.events);
    }
    same("of the losers nothing is stored", history(&*race.handles[1], &race.actor).await, ours);
}

pub(crate) async fn writers_of_different_actors_do_not_meet<F: StoreUnderTest>(fixture: Fixture<F>) {
    let handles = [Arc::new(fixture.open().await), Arc::new(fixture.open().await)];
    let writers: Vec<_> = (0..32)
        .map(|n| {
            let (store, actor) = (Arc::clone(&handles[n % 2]), fixture.actor(&format!("order{n}")));
            tokio::spawn(async move {
                for version in 0..10 {
                    append(&*store, &actor, exactly(version), [event()]).await;
                }
                history(&*store, &actor).await
            })
        })
        .collect();
    for writer in writers {
        let read = writer.await.expect("appends to different actors are never in conflict");
        same("each actor has its own events", versions(&read), (1..=10).collect());
    }
}

/// Fault 1 again, as a program meets it: read the version, append, try again after a conflict.
pub(crate) async fn trying_again_after_conflicts_loses_nothing<F: StoreUnderTest>(fixture: Fixture<F>) {
    let race = Race::on(&fixture).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let (store, actor) = (Arc::clone(&race.handles[n % 2]), race.actor.clone());
            tokio::spawn(async move {
                for _ in 0..10 {
                    append_somehow(&*store, &actor).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("every writer gets through");
    }
    let read = versions(&history(&*race.handles[0], &race.actor).await);
    same("every append is stored once, at a version of its own", read, (1..=10 * WRITERS as u64).collect());
}

async fn append_somehow(store: &impl EventStore, actor: &ActorId) {
    let mut current = must("the version can be read", store.latest_version(actor).await);
    loop {
        match store.append(actor, Expected::Exactly(current), [event()]).await {
            Ok(_) => return,
            refused => {
                let seen = conflict("an append is stored or in conflict", refused);
                holds("a conflict tells another version", seen.current != current, &seen);
                current = seen.current;
            }
        }
    }
}
