//! Heads: where actors stand, as the cache remembers and the server says.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aether_core::{ActorId, Consistency, Epoch, Head, Position, ReadError, ReplayError, Version};
use futures_util::future::try_join;

use crate::anchor::{Anchor, Empty};
use crate::cache::Cache;
use crate::digest::Digest;
use crate::error::Failure;
use crate::frame::Frame;
use crate::hashed::{ByHash, Hashed};
use crate::headers::{Body, Said};
use crate::rewound::rewound;
use crate::store::{Inner, Shared};
use crate::trail::Trail;

/// Where an actor stands: what the next append builds on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Known {
    pub(crate) version: Version,
    /// The sequence of the subject's last message: 0 for none.
    pub(crate) sequence: u64,
    pub(crate) epoch: Option<Epoch>,
    /// Where the latest commits lie.
    pub(crate) trail: Trail,
    /// The digest of the history, where it has one.
    pub(crate) digest: Option<Digest>,
    /// The reservation of versions, where the store has anchors and this one is known.
    pub(crate) anchor: Option<Anchor>,
}

impl Known {
    /// What a last message says.
    pub(crate) fn of(frame: &Frame) -> Self {
        Self::after(frame.sequence, frame.version, &frame.said)
    }

    /// Where the actor stands with a message that was stored at `sequence`, and leaves it at `version`.
    pub(crate) fn after(sequence: u64, version: Version, said: &Said) -> Self {
        let trail = match said.body {
            Body::Claim => said.trail,
            _ => said.trail.with(sequence, said.follows, version),
        };
        Self { version, sequence, epoch: said.epoch, trail, digest: said.digest, anchor: None }
    }

    /// What a message that follows says of this head.
    pub(crate) fn said(&self, body: Body) -> Said {
        Said {
            base: Some(self.sequence),
            follows: Some(self.version),
            epoch: self.epoch,
            trail: self.trail,
            digest: self.digest,
            trace: None,
            body,
        }
    }

    pub(crate) fn to_head(&self, partition: u32, last: Option<&Frame>) -> Head {
        let event = last.and_then(|frame| frame.events.last()).map(|event| event.id().clone());
        let index = last.map_or(0, |frame| frame.events.len().saturating_sub(1));
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let position = Position::new(partition, self.sequence, index, event);
        Head::new(self.version, self.epoch, (self.sequence > 0).then_some(position))
    }
}

/// Which of a client's connections something was learned on: they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Connection(u64);

/// Remembers, bounded, where actors stand and what was acknowledged to this handle.
///
/// A head counts on the connection that it was learned on, and no longer: what a new server shows may lie before what an
/// old one acknowledged. What was acknowledged counts on all: it is the least that a read must show.
#[derive(Debug)]
pub(crate) struct Heads(Mutex<Cache<Hashed, Memory, ByHash>>);

#[derive(Debug)]
struct Memory {
    head: Option<(Connection, Known)>,
    /// The highest sequence that was acknowledged.
    acknowledged: u64,
    /// The sequence of the head that was forgotten because of a hint, until somebody has looked.
    hinted: Option<u64>,
}

/// What a read must at least show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Least {
    /// A message at this sequence.
    Sequence(u64),
    /// Something that was acknowledged and is no longer remembered, perhaps.
    Unknown,
}

impl Least {
    /// Says whether nothing is known that must be shown.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(self, Self::Sequence(0) | Self::Unknown)
    }
}

impl Heads {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Mutex::new(Cache::new(capacity)))
    }

    pub(crate) fn find(&self, connection: Connection, actor: &Hashed) -> Option<Known> {
        let head = |memory: &mut Memory| {
            memory.head.take_if(|(learned_on, _)| *learned_on != connection);
            memory.head.as_ref().map(|(_, known)| known.clone())
        };
        self.lock().with(actor, head).flatten()
    }

    /// Remembers what was acknowledged on `connection`.
    pub(crate) fn remember(&self, connection: Connection, actor: &Hashed, known: Known) {
        let (sequence, mut head) = (known.sequence, Some((connection, known)));
        let mut cache = self.lock();
        let is_there = cache.with(actor, |memory| {
            memory.acknowledged = memory.acknowledged.max(sequence);
            memory.head = head.take();
            memory.hinted = None;
        });
        if is_there.is_none() {
            cache.insert(actor.clone(), Memory { head, acknowledged: sequence, hinted: None });
        }
    }

    /// Forgets the head, but not what was acknowledged.
    pub(crate) fn forget(&self, actor: &Hashed) {
        self.lock().with(actor, |memory| memory.head = None);
    }

    /// Forgets the head if it lies before `sequence`, where something is said to be stored; says whether it did.
    pub(crate) fn hint(&self, actor: &Hashed, sequence: u64) -> bool {
        let is_late = |memory: &mut Memory| {
            let late = memory.head.take_if(|(_, known)| known.sequence < sequence);
            memory.hinted = late.as_ref().map(|(_, known)| known.sequence).or(memory.hinted);
            late.is_some()
        };
        self.lock().with(actor, is_late).unwrap_or(false)
    }

    /// Returns the sequence of the head that a hint had forgotten, once.
    pub(crate) fn take_hinted(&self, actor: &Hashed) -> Option<u64> {
        self.lock().with(actor, |memory| memory.hinted.take()).flatten()
    }

    /// Forgets all of an actor whose acknowledged messages were lost.
    pub(crate) fn lost(&self, actor: &Hashed) {
        self.lock().remove(actor);
    }

    /// Returns what a read of the actor must at least show.
    pub(crate) fn least(&self, actor: &Hashed) -> Least {
        let mut cache = self.lock();
        match cache.with(actor, |memory| memory.acknowledged) {
            Some(sequence) => Least::Sequence(sequence),
            None if cache.has_dropped() => Least::Unknown,
            None => Least::Sequence(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Cache<Hashed, Memory, ByHash>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last message of an actor's subject.
#[derive(Debug)]
pub(crate) enum Last {
    /// There is none; the actor stands at this version, that of its anchor where events have expired.
    None { version: Version },
    /// It is a commit or a claim.
    Frame(Box<Frame>),
    /// It is neither.
    Malformed { sequence: u64, error: Box<ReplayError> },
    /// What was acknowledged at this sequence is lost.
    Lost { sequence: u64 },
}

impl Inner {
    /// Returns which connection the client is on.
    pub(crate) fn connection(&self) -> Connection {
        Connection(self.api.client.statistics().connects.load(Relaxed))
    }

    /// Returns the last message of the actor's subject, or where the actor stands without one.
    pub(crate) async fn last(&self, actor: &ActorId, consistency: Consistency) -> Result<Last, Failure> {
        let mut consistency = consistency;
        loop {
            if let Some(last) = self.last_message(actor, consistency).await? {
                return Ok(last);
            }
            match self.without_messages(actor, self.anchor(actor).await?).await? {
                Empty::At(version) => return Ok(Last::None { version }),
                // Appended meanwhile, or not yet at the replica that was asked.
                Empty::Not => consistency = Consistency::Leader,
            }
        }
    }

    /// Returns the same for a writer, with the actor's anchor, fetched at the same time.
    pub(crate) async fn last_and_anchor(
        &self,
        actor: &ActorId,
        consistency: Consistency,
    ) -> Result<(Last, Option<Anchor>), Failure> {
        if self.anchors.is_none() {
            return Ok((self.last(actor, consistency).await?, None));
        }
        loop {
            let message = self.last_message(actor, Consistency::Leader);
            let (last, anchor) = try_join(message, self.anchor(actor)).await?;
            if let Some(last) = last {
                return Ok((last, anchor));
            }
            if let Empty::At(version) = self.without_messages(actor, anchor).await? {
                return Ok((Last::None { version }, anchor));
            }
        }
    }

    /// Returns the last message of the actor's subject, no older than what this handle has seen acknowledged.
    async fn last_message(&self, actor: &ActorId, consistency: Consistency) -> Result<Option<Last>, Failure> {
        let (subject, key) = (self.events_subject(actor), Hashed::of(actor));
        if consistency == Consistency::Any {
            let message = self.api.direct_last(&self.stream, &subject).await?;
            let shown = message.as_ref().map_or(0, |message| message.sequence);
            if matches!(self.heads.least(&key), Least::Sequence(least) if least <= shown) {
                return Ok(self.understand(message, actor));
            }
        }
        let message = self.api.leader_last(&self.stream, &subject).await?;
        let shown = message.as_ref().map_or(0, |message| message.sequence);
        match self.heads.least(&key) {
            Least::Sequence(least) if shown < least => {
                if self.has_lost_tail(actor, least).await? {
                    // Said once; from here on what there is counts.
                    self.heads.lost(&key);
                    return Ok(Some(Last::Lost { sequence: least }));
                }
                Ok(self.understand(self.api.leader_last(&self.stream, &subject).await?, actor))
            }
            _ => Ok(self.understand(message, actor)),
        }
    }

    /// Returns where the actor stands.
    pub(crate) async fn head(
        self: &Shared,
        actor: &ActorId,
        consistency: Consistency,
    ) -> Result<Head, ReadError> {
        if self.is_go() {
            let known = self.known_by_actor(actor).await.map_err(|failure| failure.read("head"))?;
            return Ok(known.to_head(self.partition, None));
        }
        match self.last(actor, consistency).await.map_err(|failure| failure.read("head"))? {
            Last::None { version } => Ok(Head::new(version, None, None)),
            Last::Frame(frame) => Ok(Known::of(&frame).to_head(self.partition, Some(&frame))),
            Last::Malformed { error, .. } => Err(error.into()),
            Last::Lost { sequence } => Err(self.lost(sequence)),
        }
    }

    /// Says that what was acknowledged at `sequence` is lost.
    pub(crate) fn lost(&self, sequence: u64) -> ReadError {
        rewound(Position::new(self.partition, sequence, 0, None), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(sequence: u64) -> Known {
        Known { sequence, ..Known::default() }
    }

    #[test]
    fn a_new_connection_forgets_heads_but_not_what_was_acknowledged() {
        let (heads, actor) = (Heads::new(10), Hashed::of(&ActorId::new("a-1").unwrap()));
        let (first, second) = (Connection(1), Connection(2));
        assert_eq!(heads.find(first, &actor), None);
        heads.remember(first, &actor, known(7));
        assert_eq!(heads.find(first, &actor), Some(known(7)));
        assert_eq!(heads.find(second, &actor), None);
        assert_eq!(heads.least(&actor), Least::Sequence(7));
        // An answer of before the reconnect is no head any more.
        heads.remember(first, &actor, known(8));
        assert_eq!((heads.find(second, &actor), heads.least(&actor)), (None, Least::Sequence(8)));
        heads.remember(second, &actor, known(9));
        heads.forget(&actor);
        assert_eq!((heads.find(second, &actor), heads.least(&actor)), (None, Least::Sequence(9)));
    }

    #[test]
    fn a_hint_forgets_an_older_head_alone_and_nothing_that_was_acknowledged() {
        let (heads, connection) = (Heads::new(10), Connection(1));
        let actor = Hashed::of(&ActorId::new("a-1").unwrap());
        assert!(!heads.hint(&actor, 9), "nothing is known");
        heads.remember(connection, &actor, known(7));
        assert!(!heads.hint(&actor, 7) && heads.find(connection, &actor).is_some());
        assert!(heads.hint(&actor, 8) && heads.find(connection, &actor).is_none());
        assert_eq!(heads.least(&actor), Least::Sequence(7), "a hint is no acknowledgment");
        assert!(!heads.hint(&actor, 9));
        assert_eq!((heads.take_hinted(&actor), heads.take_hinted(&actor)), (Some(7), None));
    }

    #[test]
    fn what_may_have_been_forgotten_is_not_taken_for_nothing() {
        let heads = Heads::new(4);
        let actor = |n: u64| Hashed::of(&ActorId::new(format!("a-{n}")).unwrap());
        assert_eq!(heads.least(&actor(0)), Least::Sequence(0));
        (0..20).for_each(|n| heads.remember(Connection(0), &actor(n), known(n + 1)));
        assert_eq!((heads.least(&actor(0)), heads.least(&actor(19))), (Least::Unknown, Least::Sequence(20)));
    }
}
