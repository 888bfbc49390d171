//! What a store may be unable to do, and then has to refuse.

use aether_core::{Epoch, EventStore, EventStoreExt, Expected};

use super::check::{holds, stored, unsupported};
use super::sample::{event, events, under};
use super::{Fixture, StoreUnderTest};

/// Says whether the store takes commits of several events. Where it does not, asserts that it refuses them.
pub(crate) async fn packs<F: StoreUnderTest>(fixture: &Fixture<F>, store: &F::Store) -> bool {
    if store.capabilities().packed_commits {
        return true;
    }
    let actor = fixture.actor("ability");
    let contract = "a store without packed commits refuses a commit of several events, and stores none of it";
    unsupported(contract, store.append(&actor, Expected::NoEvents, events(2)).await);
    stored(contract, store, &actor, &[]).await;
    false
}

/// Says whether the store keeps epochs. Where it does not, asserts that it refuses them.
pub(crate) async fn fences<F: StoreUnderTest>(fixture: &Fixture<F>, store: &F::Store) -> bool {
    if store.capabilities().epochs {
        return true;
    }
    let actor = fixture.actor("ability");
    let contract = "a store without epochs refuses claims, and appends under an epoch";
    unsupported(contract, store.claim(&actor, Epoch::new(1)).await);
    let append = store.append_with(&actor, Expected::NoEvents, vec![event()], under(1)).await;
    unsupported(contract, append);
    holds(contract, super::check::history(store, &actor).await.is_empty(), "an event");
    false
}
