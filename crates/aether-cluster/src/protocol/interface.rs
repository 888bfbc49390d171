//! What a node is told, and what it wants done.

use std::collections::BTreeMap;

use aether_core::Epoch;
use aether_core::key_value::Revision;

use super::change::Answer;
use super::identity::{Identity, Stamp};
use super::leader::Assign;
use super::member::Ended;
use super::record::{Key, NodeState, Record};
use super::shard::Task;
use super::time::{Lease, Timeouts};
use crate::mechanism::Mechanisms;
use crate::placement::{NodeId, Shard};

/// What a node is to be like.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The lease, the same at all nodes.
    pub lease: Lease,
    /// The number of shards, the same at all nodes.
    pub shards: u32,
    /// Who is to own what, the same at all nodes.
    pub assign: Assign,
    /// How long the steps of a move may take.
    pub timeouts: Timeouts,
    /// How much the node takes, relative to the others.
    pub weight: u32,
    /// What it is called by operators.
    pub labels: BTreeMap<String, String>,
    pub(crate) mechanisms: Mechanisms,
}

impl Setup {
    /// The usual setup.
    #[must_use]
    pub fn new(lease: Lease, shards: u32, assign: Assign) -> Self {
        let (timeouts, mechanisms) = (Timeouts::of(lease), Mechanisms::default());
        Self { lease, shards, assign, timeouts, weight: 100, labels: BTreeMap::new(), mechanisms }
    }

    /// Takes a mechanism away.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with(self, mechanisms: Mechanisms) -> Self {
        Self { mechanisms, ..self }
    }
}

/// What happens to a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Time has passed.
    Wake,
    /// The watch has shown everything that was there when it was made.
    Synced,
    /// The watch shows what stands at a key.
    Watched(Key, Revision, Record),
    /// The answer to the change that wrote this stamp.
    Answered(Key, Stamp, Answer),
    /// What was read at a key, at the bucket's leader.
    Found(Key, Option<(Revision, Record)>),
    /// A node says that it is ready to take a shard over at this epoch.
    Ready(Shard, Epoch, Identity),
    /// What runs in the shard has ended its turns at this epoch.
    Drained(Shard, Epoch),
    /// It is to be this from now on: `Up`, `Cordoned` or `Draining`. Who drains, and has no shards left, leaves.
    Become(NodeState),
}

/// What a node wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Write this, where the key stands at this revision, and say what the answer was.
    Change {
        /// The key.
        key: Key,
        /// Where it must stand.
        expected: Revision,
        /// What to write.
        record: Record,
    },
    /// Read the key at the bucket's leader.
    Read(Key),
    /// Make a new watch: this one may be dead.
    Rewatch,
    /// Tell a node that this one is ready to take a shard over at this epoch.
    Ready(NodeId, Shard, Epoch),
    /// Tell what runs in the shard.
    Tell(Shard, Task),
    /// It is a member no more.
    Ended(Ended),
}
