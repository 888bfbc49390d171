//! Consumer groups: several processes share the handling of a store's events.
//!
//! The actors are divided into slices, of which each member has its share. Who has a slice reads it, hands its events to
//! lanes by actor, and writes down how far it has come in one key, which is its lease as well: whoever else writes there
//! finds out that the slice has changed hands, and what it would record is refused.

mod balance;
mod builder;
mod error;
mod handler;
mod keeper;
mod lane;
mod member;
mod parked;
mod reader;
mod record;
mod resume;
mod sight;
mod slice;
mod state;
mod tracker;

use std::fmt;
use std::sync::Arc;

use aether_core::{EventStore, KeyValue, Subscribe};
pub use builder::GroupBuilder;
pub use error::GroupError;
pub use handler::{Context, Handler, Outcome};
pub use parked::ParkedActors;
pub use record::{ParkedActor, Wish};
use tokio::task::JoinHandle;

use self::member::Member;

/// A member of a consumer group. Dropping it ends it without a word, as a crash would: others take over when its leases
/// have run out. [`stop`](Self::stop) gives them up.
pub struct Group<S, K, H> {
    member: Arc<Member<S, K, H>>,
    keeper: JoinHandle<()>,
    tasks: Vec<JoinHandle<()>>,
}

/// How a member is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct GroupStatus {
    /// The slices that it has.
    pub slices: Vec<u32>,
    /// The events that it handled.
    pub handled: u64,
    /// The calls of its handler that failed, or put off.
    pub failures: u64,
    /// The stored messages that are no events, which it passed over.
    pub malformed: u64,
    /// The events that are being handled, or wait for it in a lane.
    pub open: usize,
    /// The parked actors of its slices.
    pub parked: usize,
    /// How far its subscription is behind the store; see [`lag`](aether_core::SubscriptionStatus::lag).
    pub lag: Option<u64>,
    /// Why it cannot go on, if it cannot.
    pub failure: Option<String>,
}

impl Group<(), (), ()> {
    /// Begins to say what a member of the group `name` is to be like. `keys` is where the group is kept.
    pub fn builder<S, K>(store: S, keys: K, name: &str) -> GroupBuilder<S, K>
    where
        S: EventStore + Subscribe,
        K: KeyValue + Clone,
    {
        GroupBuilder::new(store, keys, name)
    }
}

impl<S: EventStore + Subscribe, K: KeyValue + Clone, H: Handler> Group<S, K, H> {
    fn new(member: Arc<Member<S, K, H>>, keeper: JoinHandle<()>, tasks: Vec<JoinHandle<()>>) -> Self {
        Self { member, keeper, tasks }
    }

    /// Returns how the member is doing.
    #[must_use]
    pub fn status(&self) -> GroupStatus {
        self.member.status()
    }

    /// Returns the group's parked actors.
    pub fn parked(&self) -> ParkedActors<K> {
        ParkedActors::new(self.member.keys.clone(), &self.member.options.name)
    }

    /// Lets the handler finish what it is at, writes down how far the slices have come, and gives them up.
    pub async fn stop(mut self) {
        self.member.shared.lock().is_stopping = true;
        self.member.shared.hurry.notify_one();
        let _ = (&mut self.keeper).await;
    }
}

impl<S, K, H> Drop for Group<S, K, H> {
    fn drop(&mut self) {
        self.keeper.abort();
        self.tasks.iter().for_each(JoinHandle::abort);
        // What the tasks share knows of no slice any more, so that a resumed actor's task ends, too.
        self.member.shared.lock().held.clear();
    }
}

impl<S, K, H> fmt::Debug for Group<S, K, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("name", &self.member.options.name)
            .field("id", &self.member.id)
            .finish_non_exhaustive()
    }
}
