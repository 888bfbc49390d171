//! Epochs: whoever took over makes everyone before powerless.

use aether_core::{
    ActorId, ClaimOptions, Epoch, EventStore, EventStoreExt, Expected, Head, NewEvent, Position, Version,
};

use crate::suite::ability::fences;
use crate::suite::check::{
    append, conflict, fenced, fill, head, history, holds, must, same, stored, versions,
};
use crate::suite::sample::{event, exactly, under, version};
use crate::suite::{Fixture, StoreUnderTest};

async fn append_under(store: &impl EventStore, actor: &ActorId, expected: Expected, epoch: u64) -> Version {
    let contract = format!("an append to {actor} under epoch {epoch} is accepted here");
    let append = store.append_with(actor, expected, vec![event()], under(epoch)).await;
    must(&contract, append).version
}

async fn epoch_is(contract: &str, store: &impl EventStore, actor: &ActorId, epoch: u64) {
    same(contract, head(store, actor).await.epoch, Some(Epoch::new(epoch)));
}

async fn claim(store: &impl EventStore, actor: &ActorId, epoch: u64) -> Head {
    let contract = format!("epoch {epoch} of {actor} can be claimed here");
    must(&contract, store.claim(actor, Epoch::new(epoch)).await)
}

/// Asserts that a writer at `epoch` is fenced by `current`, and leaves nothing behind.
async fn is_fenced(store: &impl EventStore, actor: &ActorId, expected: Expected, epoch: u64, current: u64) {
    let before = history(store, actor).await;
    let contract = format!("a writer at epoch {epoch} is fenced by epoch {current}");
    let append = store.append_with(actor, expected, vec![event()], under(epoch)).await;
    let seen = fenced(&contract, append);
    let wanted = (actor, Epoch::new(epoch), Epoch::new(current));
    same("fenced names actor and both epochs", (&seen.actor, seen.attempted, seen.current), wanted);
    stored("of a fenced append nothing is stored", store, actor, &before).await;
    epoch_is("a fenced append does not lower the epoch", store, actor, current).await;
}

pub(crate) async fn an_epoch_shows_at_the_head<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    append(&store, &actor, Expected::NoEvents, [event()]).await;
    same("a history without epochs has none", head(&store, &actor).await.epoch, None);
    append_under(&store, &actor, exactly(1), 3).await;
    epoch_is("the epoch of an append shows at the head", &store, &actor, 3).await;
    epoch_is("another handle sees it", &fixture.open().await, &actor, 3).await;
}

pub(crate) async fn a_lower_epoch_is_fenced<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    append_under(&store, &actor, Expected::NoEvents, 5).await;
    for expected in [exactly(1), Expected::Any, crate::suite::sample::below(9)] {
        is_fenced(&store, &actor, expected, 4, 5).await;
        is_fenced(&fixture.open().await, &actor, expected, 0, 5).await;
    }
}

pub(crate) async fn the_same_epoch_goes_on_and_a_higher_one_takes_over<F: StoreUnderTest>(
    fixture: Fixture<F>,
) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    append_under(&store, &actor, Expected::NoEvents, 5).await;
    append_under(&store, &actor, exactly(1), 5).await;
    append_under(&fixture.open().await, &actor, exactly(2), 8).await;
    epoch_is("the higher epoch is at the head", &store, &actor, 8).await;
    is_fenced(&store, &actor, exactly(3), 5, 8).await;
}

pub(crate) async fn a_writer_without_one_passes_the_epoch_on<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    append_under(&store, &actor, Expected::NoEvents, 5).await;
    append(&store, &actor, exactly(1), [event()]).await;
    append(&fixture.open().await, &actor, exactly(2), [event()]).await;
    epoch_is("a writer without an epoch passes on the one that is there", &store, &actor, 5).await;
    is_fenced(&store, &actor, exactly(3), 4, 5).await;
}

pub(crate) async fn epochs_0_and_the_highest_are_epochs<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    append_under(&store, &actor, Expected::NoEvents, 0).await;
    epoch_is("epoch 0 is an epoch", &store, &actor, 0).await;
    append_under(&store, &actor, exactly(1), u64::MAX).await;
    epoch_is("the highest epoch is kept", &store, &actor, u64::MAX).await;
    is_fenced(&store, &actor, exactly(2), u64::MAX - 1, u64::MAX).await;
}

pub(crate) async fn an_unused_actor_can_be_claimed<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    let head = claim(&store, &actor, 2).await;
    same("a claim returns the head that it made", head.epoch, Some(Epoch::new(2)));
    same("an actor that is only claimed has version 0", head.version, Version::INITIAL);
    epoch_is("a claim shows at the head", &fixture.open().await, &actor, 2).await;
    is_fenced(&store, &actor, Expected::NoEvents, 1, 2).await;
    append_under(&store, &actor, Expected::NoEvents, 2).await;
}

pub(crate) async fn a_used_actor_can_be_claimed<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    fill(&store, &actor, 3).await;
    let head = claim(&store, &actor, 7).await;
    let wanted = (version(3), Some(Epoch::new(7)));
    same("a claim keeps the version and raises the epoch", (head.version, head.epoch), wanted);
    is_fenced(&store, &actor, exactly(3), 6, 7).await;
    append_under(&store, &actor, exactly(3), 7).await;
}

pub(crate) async fn a_claim_is_no_event<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    let contract = "a claim stores no event and changes no version";
    claim(&store, &actor, 1).await;
    same(contract, history(&store, &actor).await, vec![]);
    let first = append(&store, &actor, Expected::NoEvents, [event()]).await;
    same("after a claim the first event has version 1", first.version, Version::FIRST);
    claim(&store, &actor, 2).await;
    claim(&store, &actor, 3).await;
    stored(contract, &store, &actor, &first.events).await;
    let next = append(&store, &actor, exactly(1), [event()]).await;
    same("after a claim the versions go on", next.version, version(2));
    claim(&store, &actor, 4).await;
    append(&store, &actor, Expected::Any, [event()]).await;
    for handle in [&store, &fixture.open().await] {
        same("no reader sees a claim", versions(&history(handle, &actor).await), vec![1, 2, 3]);
    }
}

pub(crate) async fn a_repeated_claim_changes_nothing<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    fill(&store, &actor, 2).await;
    let first = claim(&store, &actor, 4).await;
    for handle in [&store, &fixture.open().await] {
        let again = claim(handle, &actor, 4).await;
        let (seen, wanted) = ((again.version, again.epoch), (first.version, first.epoch));
        same("a repeated claim changes neither version nor epoch", seen, wanted);
    }
    append_under(&store, &actor, exactly(2), 4).await;
}

pub(crate) async fn a_claim_that_proves_is_written_each_time<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    fill(&store, &actor, 2).await;
    let mut before = claim(&store, &actor, 4).await;
    let other = fixture.open().await;
    for handle in [&store, &other] {
        let contract = "a claim that is to prove something is accepted at an epoch that is there already";
        let proof = handle.claim_with(&actor, Epoch::new(4), ClaimOptions::default().prove()).await;
        let after = must(contract, proof);
        let place = |head: &Head| head.position.as_ref().map(Position::sequence);
        let contract = "a claim that proves is written, and lies after the one before it";
        holds(contract, place(&after) > place(&before), (&before, &after));
        same("a claim that proves changes neither version nor epoch", after.version, before.version);
        before = after;
    }
    let below = store.claim_with(&actor, Epoch::new(3), ClaimOptions::default().prove()).await;
    fenced("a claim that proves is fenced like any other", below);
    append_under(&store, &actor, exactly(2), 4).await;
}

pub(crate) async fn a_lower_claim_is_fenced<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    claim(&store, &actor, 4).await;
    for handle in [&store, &fixture.open().await] {
        let seen =
            fenced("a claim below the head's epoch is fenced", handle.claim(&actor, Epoch::new(3)).await);
        same("fenced names both epochs", (seen.attempted, seen.current), (Epoch::new(3), Epoch::new(4)));
    }
    append_under(&store, &actor, Expected::NoEvents, 9).await;
    fenced("an append raises the epoch for claims too", store.claim(&actor, Epoch::new(8)).await);
    epoch_is("a fenced claim changes nothing", &store, &actor, 9).await;
}

pub(crate) async fn a_claim_fences_a_handle_that_knew_the_actor<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (old, new, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &old).await {
        return;
    }
    append_under(&old, &actor, Expected::NoEvents, 1).await;
    claim(&new, &actor, 2).await;
    is_fenced(&old, &actor, exactly(1), 1, 2).await;
    is_fenced(&old, &actor, Expected::Any, 1, 2).await;
    append_under(&new, &actor, exactly(1), 2).await;
}

pub(crate) async fn an_append_fences_a_handle_that_knew_the_actor<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (old, new, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &old).await {
        return;
    }
    append_under(&old, &actor, Expected::NoEvents, 1).await;
    append_under(&new, &actor, exactly(1), 2).await;
    is_fenced(&old, &actor, exactly(2), 1, 2).await;
    is_fenced(&old, &actor, exactly(1), 1, 2).await;
}

pub(crate) async fn a_claim_is_no_conflict_for_others<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (writer, claimer, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &writer).await {
        return;
    }
    append(&writer, &actor, Expected::NoEvents, [event()]).await;
    claim(&claimer, &actor, 5).await;
    // The writer's handle still believes that its own event is the last message.
    let next = append(&writer, &actor, exactly(1), [event()]).await;
    same("a writer without an epoch goes on over a claim", next.version, version(2));
    epoch_is("and passes the claimed epoch on", &writer, &actor, 5).await;
}

pub(crate) async fn a_late_writer_that_is_fenced_hears_so<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    append_under(&store, &actor, Expected::NoEvents, 1).await;
    append_under(&store, &actor, exactly(1), 2).await;
    // Both are true; a writer that heard only of the conflict would decide again instead of stopping.
    is_fenced(&store, &actor, exactly(1), 1, 2).await;
    is_fenced(&fixture.open().await, &actor, Expected::NoEvents, 1, 2).await;
}

pub(crate) async fn a_stored_append_is_recognized_after_a_takeover<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    let ours: Vec<NewEvent> = vec![event()];
    let contract = "an append that is in the history is found by its repeat, whoever took over since";
    let first = store.append_with(&actor, Expected::NoEvents, ours.clone(), under(1)).await;
    let first = must(contract, first);
    claim(&fixture.open().await, &actor, 2).await;
    let again = must(contract, store.append_with(&actor, Expected::NoEvents, ours, under(1)).await);
    same(contract, (again.already_stored, again.version), (true, first.version));
    stored(contract, &store, &actor, &first.events).await;
    epoch_is("a repeat does not lower the epoch", &store, &actor, 2).await;
}

pub(crate) async fn a_conflict_does_not_raise_the_epoch<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &store).await {
        return;
    }
    append_under(&store, &actor, Expected::NoEvents, 1).await;
    let late = store.append_with(&actor, Expected::NoEvents, vec![event()], under(9)).await;
    conflict("a late append under a higher epoch is in conflict", late);
    epoch_is("an append that is not stored does not raise the epoch", &store, &actor, 1).await;
    append_under(&store, &actor, exactly(1), 1).await;
}

pub(crate) async fn each_actor_has_its_own_epoch<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor, other) = (fixture.open().await, fixture.actor("order"), fixture.actor("other"));
    if !fences(&fixture, &store).await {
        return;
    }
    claim(&store, &actor, 9).await;
    append_under(&store, &other, Expected::NoEvents, 1).await;
    epoch_is("an actor's epoch is its own", &store, &other, 1).await;
    claim(&store, &other, 2).await;
    epoch_is("an actor's epoch is its own", &store, &actor, 9).await;
}

pub(crate) async fn of_racing_claims_the_highest_stays<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (one, two, actor) = (fixture.open().await, fixture.open().await, fixture.actor("order"));
    if !fences(&fixture, &one).await {
        return;
    }
    for round in 1..=10 {
        let (low, high) = (round * 2, round * 2 + 1);
        let (a, b) = tokio::join!(one.claim(&actor, Epoch::new(low)), two.claim(&actor, Epoch::new(high)));
        must("the highest claim succeeds", b);
        if let Err(error) = a {
            fenced::<()>("a lower claim succeeds or is fenced", Err(error));
        }
        let seen = head(&one, &actor).await.epoch;
        holds("the highest claim stays", seen == Some(Epoch::new(high)), seen);
        is_fenced(&one, &actor, Expected::Any, low, high).await;
    }
}
