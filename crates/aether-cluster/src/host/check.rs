//! What a host's store has to do for it.

use aether_core::EventStore;
use aether_core::error::Unsupported;

/// Checks that a store keeps epochs, by which one writer of an actor is a property of its log. For
/// [`ShardHost::check`](super::ShardHost::check).
///
/// # Errors
///
/// [`Unsupported`] where it keeps none, as with the streams that have the layout of the Go original: copy the events to a stream of
/// Aether's own, and give that to the host.
pub fn check_store(store: &impl EventStore) -> Result<(), Unsupported> {
    if store.capabilities().epochs {
        return Ok(());
    }
    Err(Unsupported {
        operation: "owning its actors in a cluster",
        needed: "a store that keeps epochs and takes claims".to_owned(),
        found: "one that keeps none, such as a stream with the layout of the Go original".to_owned(),
    })
}
