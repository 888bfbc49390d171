//! What stands in the bucket: the cluster's configuration, one record per node, what operators want of nodes, the leader, the
//! members as it sees them, the plan, and one record per shard.
//!
//! Each is a JSON object that says which form it has (`v`, 1 for now) and who wrote it (`by`). Members that are not known are
//! passed over, so that a later form can add some; a form that is not known is an error.

use std::collections::BTreeMap;

use aether_core::Epoch;
use aether_core::key_value::Revision;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::identity::{Identity, Incarnation, Stamp, Term};
use super::key::Key;
use crate::placement::{Labels, NodeId, Nodes, Reason, Shard, ShardCount, Standing, Weight};

/// The form of the records that this version writes and reads.
pub const FORM: u32 = 1;

/// What a node says of itself, or the leader of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NodeState {
    /// It takes part.
    Up,
    /// It gives its shards up, and leaves when it has none.
    Leaving,
    /// It has left. It wrote that itself, when it had stopped.
    Left,
    /// It was silent for a lease. The leader wrote that.
    Dead,
}

impl NodeState {
    /// Whether it is over with this incarnation.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Left | Self::Dead)
    }
}

/// One node, at `node.ID`. Written by the node, and once, as dead, by the leader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeRecord {
    /// Which life of the node this is about.
    pub incarnation: Incarnation,
    /// What it does.
    pub state: NodeState,
    /// How much it takes, relative to the others.
    pub weight: Weight,
    /// What it is called by operators: its zone, for example.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Counts its renewals.
    pub lease: u64,
    /// What the bucket's watch has shown the node: everything up to this revision.
    #[serde(default = "nothing", with = "as_number")]
    pub seen: Revision,
    /// Who wrote this.
    pub by: Stamp,
}

impl NodeRecord {
    /// Whether the other one is of the same life and says the same, but for what renewals count.
    pub(super) fn is_renewed_by(&self, other: &Self) -> bool {
        let Self { incarnation, state, weight, labels, lease: _, seen: _, by: _ } = self;
        (*incarnation, *state, *weight) == (other.incarnation, other.state, other.weight)
            && *labels == other.labels
            && !state.is_over()
    }
}

/// What an operator wants of a node, at `standing.ID`: over its restarts, until something else is wanted. Written by whoever carries
/// the operator's wish out, and read by the leader alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandingRecord {
    /// Whether it takes shards, and keeps them.
    pub standing: Standing,
    /// Who wrote this.
    pub by: Stamp,
}

/// What all nodes of a cluster have to agree on, at `config`. Written once, by whoever makes the cluster; a node with other
/// settings does not join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRecord {
    /// How many shards there are.
    pub shards: ShardCount,
    /// How long a lease is, in milliseconds.
    pub lease_ms: u64,
    /// Who wrote this.
    pub by: Stamp,
}

/// Who leads, at `leader`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaderRecord {
    /// The leader; nobody once it has resigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<Identity>,
    /// How many leaderships there have been.
    pub term: Term,
    /// Who wrote this.
    pub by: Stamp,
}

/// A node as the leader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Where the node's record stood. It may have been renewed since.
    #[serde(with = "as_number")]
    pub revision: Revision,
    /// Which of its lives.
    pub incarnation: Incarnation,
    /// What it does.
    pub state: NodeState,
    /// How much it takes, relative to the others.
    pub weight: Weight,
    /// What it is called by operators.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What operators want of it.
    #[serde(default)]
    pub standing: Standing,
}

/// The nodes as the leader sees them, at `members`: for those who do not watch the nodes themselves. Written by the leader when
/// something has changed, but not for renewals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MembersRecord {
    /// The leadership that it is of.
    pub term: Term,
    /// The nodes, also those that have left or died.
    pub nodes: BTreeMap<NodeId, Listed>,
    /// Who watches everything, to take over from the leader: two at the most.
    pub standbys: Vec<NodeId>,
    /// Who wrote this.
    pub by: Stamp,
}

/// Why a shard is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// The shard.
    pub shard: Shard,
    /// Why.
    pub reason: Reason,
}

/// Who is to own what, at `plan`. Written by the leader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanRecord {
    /// The leadership that it is of.
    pub term: Term,
    /// Per shard the node that is to own it.
    pub targets: Vec<Option<NodeId>>,
    /// The nodes when last nothing was left to plan: what has changed since is why shards move.
    #[serde(default, skip_serializing_if = "Nodes::is_empty")]
    pub planned_for: Nodes,
    /// Why the shards that are on their way are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Why>,
    /// Who wrote this.
    pub by: Stamp,
}

/// Who owns a shard, at `shard.NUMBER`. Written by nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardRecord {
    /// The owner; nobody once it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Identity>,
    /// How often it was acquired.
    pub epoch: Epoch,
    /// Who wrote this.
    pub by: Stamp,
}

/// Any of the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// At [`Key::Config`].
    Config(ConfigRecord),
    /// At [`Key::Node`].
    Node(NodeRecord),
    /// At [`Key::Standing`].
    Standing(StandingRecord),
    /// At [`Key::Leader`].
    Leader(LeaderRecord),
    /// At [`Key::Members`].
    Members(MembersRecord),
    /// At [`Key::Plan`].
    Plan(PlanRecord),
    /// At [`Key::Shard`].
    Shard(ShardRecord),
    /// At [`Key::Node`] and [`Key::Standing`]: nothing any more. Written as a deletion, and read as what is
    /// [unreadable](super::Input::Unreadable).
    Deleted(Stamp),
}

/// Says why what stands at a key is no record of a cluster. Somebody else has written there, or a later version has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is not the JSON of a record.
    #[error("what stands at the key {key:?} is no record of a cluster")]
    Malformed {
        /// The key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// It has a form of a later version. Run that version.
    #[error("the record at the key {key:?} has form {found}, expected {FORM}: run the version that wrote it")]
    Form {
        /// The key.
        key: String,
        /// Its form.
        found: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct Formed<T> {
    v: u32,
    #[serde(flatten)]
    record: T,
}

impl Record {
    /// Who wrote it.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        match self {
            Self::Config(record) => record.by,
            Self::Node(record) => record.by,
            Self::Standing(record) => record.by,
            Self::Leader(record) => record.by,
            Self::Members(record) => record.by,
            Self::Plan(record) => record.by,
            Self::Shard(record) => record.by,
            Self::Deleted(by) => *by,
        }
    }

    /// Writes the record.
    ///
    /// # Errors
    ///
    /// None that a record of these types could cause; serializers may say some.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        match self {
            Self::Config(record) => serde_json::to_vec(&Formed { v: FORM, record }),
            Self::Node(record) => serde_json::to_vec(&Formed { v: FORM, record }),
            Self::Standing(record) => serde_json::to_vec(&Formed { v: FORM, record }),
            Self::Leader(record) => serde_json::to_vec(&Formed { v: FORM, record }),
            Self::Members(record) => serde_json::to_vec(&Formed { v: FORM, record }),
            Self::Plan(record) => serde_json::to_vec(&Formed { v: FORM, record }),
            Self::Shard(record) => serde_json::to_vec(&Formed { v: FORM, record }),
            Self::Deleted(_) => Ok(Vec::new()),
        }
    }

    /// Reads what stands at `key`.
    ///
    /// # Errors
    ///
    /// [`RecordError`], which says what to do.
    pub fn decode(key: &Key, bytes: &[u8]) -> Result<Self, RecordError> {
        match key {
            Key::Config => decode(key, bytes).map(Self::Config),
            Key::Node(_) => decode(key, bytes).map(Self::Node),
            Key::Standing(_) => decode(key, bytes).map(Self::Standing),
            Key::Leader => decode(key, bytes).map(Self::Leader),
            Key::Members => decode(key, bytes).map(Self::Members),
            Key::Plan => decode(key, bytes).map(Self::Plan),
            Key::Shard(_) => decode(key, bytes).map(Self::Shard),
        }
    }
}

fn decode<T: DeserializeOwned>(key: &Key, bytes: &[u8]) -> Result<T, RecordError> {
    #[derive(Deserialize)]
    struct Form {
        v: u32,
    }
    let malformed = |source| RecordError::Malformed { key: key.to_string(), source };
    // The form first: of a later one nothing else is known.
    let Form { v } = serde_json::from_slice(bytes).map_err(malformed)?;
    if v != FORM {
        return Err(RecordError::Form { key: key.to_string(), found: v });
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

/// Of a node that does not say what it has seen.
fn nothing() -> Revision {
    Revision::NONE
}

/// A revision as its number.
mod as_number {
    use aether_core::key_value::Revision;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(revision: &Revision, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(revision.number())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Revision, D::Error> {
        u64::deserialize(deserializer).map(Revision::new)
    }
}

#[cfg(test)]
mod tests;
