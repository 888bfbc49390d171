//! Heads: where actors stand, as the cache remembers and the server says.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aether_core::{ActorId, Consistency, Epoch, Head, Position, ReadError, ReplayError, Version};
use async_nats::Client;

use crate::cache::Cache;
use crate::digest::Digest;
use crate::error::Failure;
use crate::frame::Frame;
use crate::headers::{Body, Said};
use crate::store::{Inner, Shared};
use crate::trail;

/// Where an actor stands: what the next append builds on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Known {
    pub(crate) version: Version,
    /// The sequence of the subject's last message: 0 for none.
    pub(crate) sequence: u64,
    pub(crate) epoch: Option<Epoch>,
    /// The sequences of the latest commits, newest first.
    pub(crate) commits: Vec<u64>,
    /// The digest of the history, where it has one.
    pub(crate) digest: Option<Digest>,
}

impl Known {
    /// What a last message says.
    pub(crate) fn of(frame: &Frame) -> Self {
        Self::after(frame.sequence, frame.version, &frame.said)
    }

    /// Where the actor stands with a message that was stored at `sequence`, and leaves it at `version`.
    pub(crate) fn after(sequence: u64, version: Version, said: &Said) -> Self {
        let mut commits = said.trail.clone();
        if said.body != Body::Claim {
            trail::push(&mut commits, sequence);
        }
        Self { version, sequence, epoch: said.epoch, commits, digest: said.digest }
    }

    /// What a message that follows says of this head.
    pub(crate) fn said(&self, body: Body) -> Said {
        Said {
            base: Some(self.sequence),
            follows: Some(self.version),
            epoch: self.epoch,
            trail: self.commits.clone(),
            digest: self.digest,
            trace: None,
            body,
        }
    }

    pub(crate) fn to_head(&self, last: Option<&Frame>) -> Head {
        let event = last.and_then(|frame| frame.events.last()).map(|event| event.id().clone());
        let index = last.map_or(0, |frame| frame.events.len().saturating_sub(1));
        let position = Position::new(0, self.sequence, u32::try_from(index).unwrap_or(u32::MAX), event);
        Head::new(self.version, self.epoch, (self.sequence > 0).then_some(position))
    }
}

/// Remembers heads, bounded, and forgets all of them when the connection was made anew: what a new server shows may lie
/// before what an old one acknowledged.
#[derive(Debug)]
pub(crate) struct Heads {
    cache: Mutex<Cache<ActorId, Known>>,
    connects: AtomicU64,
}

impl Heads {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { cache: Mutex::new(Cache::new(capacity)), connects: AtomicU64::new(0) }
    }

    pub(crate) fn find(&self, client: &Client, actor: &ActorId) -> Option<Known> {
        let connects = client.statistics().connects.load(Relaxed);
        let mut cache = self.lock();
        if self.connects.swap(connects, Relaxed) != connects {
            cache.clear();
        }
        cache.find(actor)
    }

    pub(crate) fn remember(&self, actor: &ActorId, known: Known) {
        self.lock().insert(actor.clone(), known);
    }

    pub(crate) fn forget(&self, actor: &ActorId) {
        self.lock().remove(actor);
    }

    fn lock(&self) -> MutexGuard<'_, Cache<ActorId, Known>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last message of an actor's subject.
#[derive(Debug)]
pub(crate) enum Last {
    /// There is none.
    None,
    /// It is a commit or a claim.
    Frame(Box<Frame>),
    /// It is neither.
    Malformed { sequence: u64, error: Box<ReplayError> },
}

impl Inner {
    /// Returns the last message of the actor's subject, no older than what this handle has seen acknowledged.
    pub(crate) async fn last(&self, actor: &ActorId, consistency: Consistency) -> Result<Last, Failure> {
        let subject = self.events_subject(actor);
        if consistency == Consistency::Any {
            let message = self.api.direct_last(&self.stream, &subject).await?;
            let acknowledged = self.heads.find(&self.api.client, actor).map_or(0, |known| known.sequence);
            if message.as_ref().map_or(0, |message| message.sequence) >= acknowledged {
                return Ok(Self::understand(message, actor));
            }
        }
        Ok(Self::understand(self.api.leader_last(&self.stream, &subject).await?, actor))
    }

    /// Returns where the actor stands.
    pub(crate) async fn head(
        self: &Shared,
        actor: &ActorId,
        consistency: Consistency,
    ) -> Result<Head, ReadError> {
        if self.is_go() {
            let known = self.known_by_actor(actor).await.map_err(|failure| failure.read("head"))?;
            return Ok(known.to_head(None));
        }
        match self.last(actor, consistency).await.map_err(|failure| failure.read("head"))? {
            Last::None => Ok(Head::default()),
            Last::Frame(frame) => Ok(Known::of(&frame).to_head(Some(&frame))),
            Last::Malformed { error, .. } => Err(error.into()),
        }
    }
}
