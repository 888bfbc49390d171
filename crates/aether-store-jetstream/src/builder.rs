//! Building a store.

use std::sync::Arc;
use std::time::Duration;

use aether_core::{EventBroadcaster, Namespace, StreamName};
use async_nats::Client;

use crate::config::Wishes;
#[cfg(feature = "testing")]
use crate::mechanism::Mechanism;
use crate::mechanism::Mechanisms;
use crate::{JetStreamStore, OpenError, adopt, open};

/// How long events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// So long after they were stored. An actor whose events have all expired starts again at version 1, unless the store
    /// has [anchors](JetStreamStoreBuilder::anchors).
    For(Duration),
    /// For ever: what an audit trail needs.
    Forever,
}

impl Default for Retention {
    /// One year, as the Go original has it.
    fn default() -> Self {
        Self::For(Duration::from_secs(365 * 24 * 60 * 60))
    }
}

impl Retention {
    /// Returns what the server calls `max_age`: nanoseconds, 0 for ever.
    pub(crate) fn nanos(self) -> i64 {
        match self {
            // 0 would mean for ever.
            Self::For(duration) => i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX).max(1),
            Self::Forever => 0,
        }
    }
}

/// Says which store to open, and how. Made by [`JetStreamStore::builder`].
#[derive(Clone)]
pub struct JetStreamStoreBuilder {
    pub(crate) client: Client,
    pub(crate) name: StreamName,
    pub(crate) namespace: Option<Namespace>,
    pub(crate) partitions: u32,
    pub(crate) wishes: Wishes,
    pub(crate) prefix: String,
    pub(crate) deadline: Duration,
    pub(crate) answer_timeout: Duration,
    pub(crate) max_in_flight: usize,
    pub(crate) cached_heads: usize,
    pub(crate) audit: bool,
    pub(crate) broadcaster: Option<Arc<dyn EventBroadcaster>>,
    pub(crate) mechanisms: Mechanisms,
}

impl JetStreamStoreBuilder {
    pub(crate) fn new(client: Client, name: StreamName) -> Self {
        Self {
            client,
            name,
            namespace: None,
            partitions: 1,
            wishes: Wishes::default(),
            prefix: "$JS.API".to_owned(),
            deadline: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(2),
            max_in_flight: 16_384,
            cached_heads: 100_000,
            audit: false,
            broadcaster: None,
            mechanisms: Mechanisms::default(),
        }
    }

    /// Puts the store into a namespace: streams of its own, apart from every other namespace's.
    #[must_use]
    pub fn namespace(self, namespace: Namespace) -> Self {
        Self { namespace: Some(namespace), ..self }
    }

    /// Spreads the actors over so many partitions (1 to 256; by default 1), each with streams of its own: for more than one
    /// stream can take.
    ///
    /// An actor is in one partition for good, by a hash of its id ([`partition_of`](JetStreamStore::partition_of)), so the
    /// number is chosen once: a store that has another one is refused, also where two openers race. Order, as positions have
    /// it, is within a partition; a [`Checkpoint`](aether_core::Checkpoint) has a position for each. Everything else is as with
    /// one. Several need nats-server 2.9.16 or later.
    #[must_use]
    pub fn partitions(self, partitions: u32) -> Self {
        Self { partitions, ..self }
    }

    /// Creates the streams with so many replicas (1 to 5; by default 1), and refuses existing ones that have others.
    #[must_use]
    pub fn replicas(mut self, replicas: u8) -> Self {
        self.wishes.replicas = Some(replicas);
        self
    }

    /// Creates the stream of events with this retention (by default one year), and refuses an existing one that has
    /// another. Snapshots never expire.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.wishes.retention = Some(retention);
        self
    }

    /// Has every writer of the stream reserve versions, so many at a time, beside the snapshots and without age limit: an
    /// actor whose events have all expired then goes on above its reservation, instead of at version 1.
    ///
    /// A reservation costs one more round trip, on an actor's first append and then once per `versions`. After expiry,
    /// versions that were reserved and perhaps never used are passed over, and a read from one of them is
    /// [`Truncated`](aether_core::ReadError::Truncated). With [`Retention::Forever`] nothing expires, and nothing has to be
    /// reserved.
    ///
    /// Said on creation, and from then on true for everybody who opens the store; refused where the stream says otherwise,
    /// unless it is [changed](Self::change_stream): do that while nobody writes, since handles that are open reserve nothing.
    #[must_use]
    pub fn anchors(mut self, versions: u64) -> Self {
        self.wishes.anchors = Some(versions);
        self
    }

    /// Changes an existing stream to what is wished, where that is harmless: replicas, retention, anchors, and what Aether
    /// itself sets to keep history from being rewritten. Everything else, and every stream of the Go original, stays as it is.
    ///
    /// A shorter retention lets the server drop what is older.
    #[must_use]
    pub fn change_stream(mut self) -> Self {
        self.wishes.change = true;
        self
    }

    /// Uses the JetStream of another domain, such as a hub's from a leaf node.
    #[must_use]
    pub fn domain(self, domain: &str) -> Self {
        self.api_prefix(format!("$JS.{domain}.API"))
    }

    /// Uses another prefix than `$JS.API`, such as one that an account imports JetStream under.
    #[must_use]
    pub fn api_prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Gives appends so long by default (5 s); after that their outcome is unknown.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Waits so long for one answer (2 s) before it asks again. It must be longer than a round trip, and than everything in
    /// flight takes: with n requests in flight and m done a second, longer than n / m seconds. Below that each request is
    /// made again while the first one still waits its turn, and little gets done.
    #[must_use]
    pub fn answer_timeout(self, answer_timeout: Duration) -> Self {
        Self { answer_timeout, ..self }
    }

    /// Has at most so many requests in flight (16,384). It must stay below the `subscription_capacity` of the client
    /// (65,536), which drops answers beyond it: what they answered is then settled after an
    /// [`answer_timeout`](Self::answer_timeout), as with answers that are lost on the way.
    #[must_use]
    pub fn max_in_flight(self, max_in_flight: usize) -> Self {
        Self { max_in_flight, ..self }
    }

    /// Remembers the heads of at most so many actors (100,000), some 300 bytes each; several partitions share them evenly.
    #[must_use]
    pub fn cached_heads(self, cached_heads: usize) -> Self {
        Self { cached_heads, ..self }
    }

    /// Chains the commits of each actor by SHA-256 digests (the header `Aether-Digest`), which every read then checks: a
    /// commit that was changed, removed or put in between is found out, as far as the digests after it were not made anew.
    ///
    /// A chain that was begun is continued by every writer, whether it audits or not.
    #[must_use]
    pub fn audit(self) -> Self {
        Self { audit: true, ..self }
    }

    /// Announces what is stored to `broadcaster`.
    #[must_use]
    pub fn broadcaster(self, broadcaster: impl EventBroadcaster + 'static) -> Self {
        Self { broadcaster: Some(Arc::new(broadcaster)), ..self }
    }

    /// Takes away what a guarantee rests on, so that a test can see it missed. For this crate's own tests, never in
    /// production: such a store loses and doubles events.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn without(self, mechanism: Mechanism) -> Self {
        Self { mechanisms: Mechanisms::all_but(mechanism), ..self }
    }

    /// Opens the store, and creates its streams where there are none.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]: what is there belongs to another store, or is configured otherwise, or JetStream is not there.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves none, some or all of the streams created. Opening again goes on from there.
    pub async fn open(self) -> Result<JetStreamStore, OpenError> {
        open::open(self).await
    }

    /// Opens the store, and makes its stream one of Aether's if the Go original made it: with direct gets, protection
    /// against deletion, packed commits, epochs, and snapshots in a stream of their own that do not expire.
    ///
    /// There is no way back: the Go original refuses to open the stream from then on. No writer may be at work meanwhile. It
    /// reads the whole stream, and keeps in memory each actor's id and latest snapshot.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and:
    ///
    /// - [`OpenError::Unsupported`]: several partitions were asked for, which such streams never have.
    /// - [`OpenError::Unfit`]: an actor's events share a subject with another's, an actor's versions do not rise, or a message is
    ///   no event; the stream is as before then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the stream adopted or not; snapshots that were not copied yet are made again.
    pub async fn adopt(self) -> Result<JetStreamStore, OpenError> {
        adopt::adopt(self).await
    }
}

impl std::fmt::Debug for JetStreamStoreBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("JetStreamStoreBuilder");
        debug.field("name", &self.name).field("namespace", &self.namespace).field("wishes", &self.wishes);
        debug.field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_retention_becomes_for_ever_by_accident() {
        assert_eq!(Retention::default().nanos(), 31_536_000_000_000_000);
        assert_eq!(Retention::Forever.nanos(), 0);
        assert_eq!(Retention::For(Duration::ZERO).nanos(), 1);
        assert_eq!(Retention::For(Duration::MAX).nanos(), i64::MAX);
    }
}
