//! What a node is told, and what it wants done.

use aether_core::Epoch;
use aether_core::key_value::Revision;

use super::change::Answer;
use super::identity::{Identity, Stamp};
use super::key::Key;
use super::member::Ended;
use super::record::Record;
use super::scope::Scope;
use super::shard::Task;
use super::time::{Lease, Timeouts};
use crate::mechanism::Mechanisms;
use crate::placement::{Labels, NodeId, Policy, Shard, ShardCount, Weight};

/// What a node is to be like.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The lease, the same at all nodes.
    pub lease: Lease,
    /// The number of shards, the same at all nodes.
    pub shards: ShardCount,
    /// How shards may move, if this node leads; the same at all nodes.
    pub policy: Policy,
    /// How long the steps of a move may take.
    pub timeouts: Timeouts,
    /// How much the node takes, relative to the others.
    pub weight: Weight,
    /// What it is called by operators.
    pub labels: Labels,
    pub(crate) mechanisms: Mechanisms,
}

impl Setup {
    /// The usual setup.
    #[must_use]
    pub fn new(lease: Lease, shards: ShardCount) -> Self {
        Self {
            lease,
            shards,
            policy: Policy::default(),
            timeouts: Timeouts::of(lease),
            weight: Weight::USUAL,
            labels: Labels::new(),
            mechanisms: Mechanisms::default(),
        }
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
    /// The watch has shown everything that was there when it was made. The first watch is of [`Scope::All`], and made unasked.
    Synced,
    /// The watch shows what stands at a key.
    Watched(Key, Revision, Record),
    /// The watch shows that what stands at a key is no record: it cannot be read, is of a later form, or was deleted.
    Unreadable(Key, Revision),
    /// The answer to the change that wrote this stamp.
    Answered(Key, Stamp, Answer),
    /// What was read at a key, at the bucket's leader: no record where it is [unreadable](Self::Unreadable).
    Found(Key, Option<(Revision, Option<Record>)>),
    /// A node says that it is ready to take a shard over at this epoch.
    Ready(Shard, Epoch, Identity),
    /// What runs in the shard has ended its turns at this epoch.
    Drained(Shard, Epoch),
    /// It is to leave: it gives its shards up, and leaves when it has none.
    Leave,
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
    /// Make a new watch of this scope in place of the present one, which may be dead: end that, so that nothing of it comes after
    /// this, and try until there is a new one. When it has shown what was there, say [`Input::Synced`].
    Watch(Scope),
    /// Tell a node that this one is ready to take a shard over at this epoch.
    Ready(NodeId, Shard, Epoch),
    /// Tell what runs in the shard.
    Tell(Shard, Task),
    /// It is a member no more.
    Ended(Ended),
}
