//! What stands in the bucket: one record per node, the leader, the plan, and one record per shard.
//!
//! Each is a JSON object that says which form it has (`v`, 1 for now) and who wrote it (`by`). Members that are not known are
//! passed over, so that a later form can add some; a form that is not known is an error.

use std::collections::BTreeMap;
use std::fmt;

use aether_core::Epoch;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::identity::{Identity, Incarnation, Stamp, Term};
use crate::placement::{NodeId, Shard};

/// The form of the records that this version writes and reads.
pub const FORM: u32 = 1;

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `node.ID`
    Node(NodeId),
    /// `leader`
    Leader,
    /// `plan`
    Plan,
    /// `shard.NUMBER`
    Shard(Shard),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => write!(f, "node.{node}"),
            Self::Leader => f.write_str("leader"),
            Self::Plan => f.write_str("plan"),
            Self::Shard(shard) => write!(f, "shard.{shard}"),
        }
    }
}

impl Key {
    /// Reads a key as it is written; `None` when it is none of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('.') {
            Some(("node", node)) => NodeId::new(node).ok().map(Self::Node),
            Some(("shard", number)) => {
                let shard: u32 = number.parse().ok()?;
                // One key per shard: `shard.01` and `shard.+1` are none.
                (shard.to_string() == number).then_some(Self::Shard(Shard::new(shard)))
            }
            None if text == "leader" => Some(Self::Leader),
            None if text == "plan" => Some(Self::Plan),
            _ => None,
        }
    }
}

/// What a node says of itself, or the leader of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NodeState {
    /// It takes shards.
    Up,
    /// An operator wants it to keep its shards and to take no others.
    Cordoned,
    /// It gives its shards up, and leaves when it has none.
    Draining,
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
    pub weight: u32,
    /// What it is called by operators: its zone, for example.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Counts its renewals.
    pub lease: u64,
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

/// Who is to own what, at `plan`. Written by the leader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanRecord {
    /// The leadership that it is of.
    pub term: Term,
    /// Per shard the node that is to own it.
    pub targets: Vec<Option<NodeId>>,
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
    /// At [`Key::Node`].
    Node(NodeRecord),
    /// At [`Key::Leader`].
    Leader(LeaderRecord),
    /// At [`Key::Plan`].
    Plan(PlanRecord),
    /// At [`Key::Shard`].
    Shard(ShardRecord),
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
            Self::Node(record) => record.by,
            Self::Leader(record) => record.by,
            Self::Plan(record) => record.by,
            Self::Shard(record) => record.by,
        }
    }

    /// Writes the record.
    ///
    /// # Errors
    ///
    /// None that a record of these types could cause; serializers may say some.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        match self {
            Self::Node(record) => serde_json::to_vec(&Formed { v: FORM, record }),
            Self::Leader(record) => serde_json::to_vec(&Formed { v: FORM, record }),
            Self::Plan(record) => serde_json::to_vec(&Formed { v: FORM, record }),
            Self::Shard(record) => serde_json::to_vec(&Formed { v: FORM, record }),
        }
    }

    /// Reads what stands at `key`.
    ///
    /// # Errors
    ///
    /// [`RecordError`], which says what to do.
    pub fn decode(key: &Key, bytes: &[u8]) -> Result<Self, RecordError> {
        match key {
            Key::Node(_) => decode(key, bytes).map(Self::Node),
            Key::Leader => decode(key, bytes).map(Self::Leader),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Stamp {
        Stamp { incarnation: Incarnation::new(1), nonce: 2 }
    }

    #[test]
    fn records_are_written_as_this_and_read_back() {
        let me = Identity { node: NodeId::new("n1").unwrap(), incarnation: Incarnation::new(1) };
        let one = "00000000000000000000000000000001";
        let by = format!(r#""by":{{"incarnation":"{one}","nonce":2}}"#);
        let node = NodeRecord {
            incarnation: me.incarnation,
            state: NodeState::Up,
            weight: 100,
            labels: BTreeMap::from([("zone".to_owned(), "a".to_owned())]),
            lease: 7,
            by: stamp(),
        };
        let table = [
            (
                Key::Node(me.node.clone()),
                Record::Node(node),
                format!(
                    r#"{{"v":1,"incarnation":"{one}","state":"up","weight":100,"labels":{{"zone":"a"}},"lease":7,{by}}}"#
                ),
            ),
            (
                Key::Leader,
                Record::Leader(LeaderRecord { leader: Some(me.clone()), term: Term::new(3), by: stamp() }),
                format!(r#"{{"v":1,"leader":{{"node":"n1","incarnation":"{one}"}},"term":3,{by}}}"#),
            ),
            (
                Key::Plan,
                Record::Plan(PlanRecord {
                    term: Term::new(3),
                    targets: vec![Some(me.node), None],
                    by: stamp(),
                }),
                format!(r#"{{"v":1,"term":3,"targets":["n1",null],{by}}}"#),
            ),
            (
                Key::Shard(Shard::new(5)),
                Record::Shard(ShardRecord { owner: None, epoch: Epoch::new(4), by: stamp() }),
                format!(r#"{{"v":1,"epoch":4,{by}}}"#),
            ),
        ];
        for (key, record, text) in table {
            assert_eq!(String::from_utf8(record.encode().unwrap()).unwrap(), text);
            assert_eq!(Record::decode(&key, text.as_bytes()).unwrap(), record);
            assert_eq!(Key::parse(&key.to_string()), Some(key));
        }
    }

    #[test]
    fn a_later_form_is_not_guessed_at() {
        let error = Record::decode(&Key::Plan, br#"{"v":2,"anything":[]}"#).unwrap_err();
        assert!(matches!(error, RecordError::Form { found: 2, .. }), "{error}");
        assert!(matches!(Record::decode(&Key::Plan, b"{}"), Err(RecordError::Malformed { .. })));
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        for text in ["", "node.", "node.a.b", "shard.01", "shard.+1", "shard.x", "leaders", "plan."] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }
}
