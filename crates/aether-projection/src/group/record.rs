//! What a group writes down: one record per slice, lease and checkpoint in one, and one per member.

use aether_core::key_value::Entry;
use aether_core::{ActorId, Checkpoint, Epoch, Timestamp, Version};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::GroupError;

/// Reads what stands at a key.
pub(crate) fn read<T: DeserializeOwned>(key: &str, entry: &Entry) -> Result<T, GroupError> {
    serde_json::from_slice(&entry.value).map_err(|error| malformed(key, error))
}

/// Writes what is to stand at a key.
pub(crate) fn write<T: Serialize>(key: &str, record: &T) -> Result<Bytes, GroupError> {
    let value = serde_json::to_vec(record).map_err(|error| malformed(key, error))?;
    Ok(value.into())
}

fn malformed(key: &str, source: serde_json::Error) -> GroupError {
    GroupError::Malformed { key: key.to_owned(), source }
}

/// What stands at the key of a slice. Whoever changes it names the revision that it has seen, so that of two holders one
/// is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SliceRecord {
    /// Who has the slice; nobody once it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) holder: Option<String>,
    /// How often the slice has changed hands.
    pub(crate) epoch: Epoch,
    /// Everything up to here was handled, or belongs to an actor that is parked.
    pub(crate) checkpoint: Checkpoint,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parked: Vec<ParkedActor>,
}

impl SliceRecord {
    /// That of a slice that nobody has had yet.
    pub(crate) fn new() -> Self {
        Self { holder: None, epoch: Epoch::new(0), checkpoint: Checkpoint::default(), parked: Vec::new() }
    }
}

/// An actor that waits, since an event of it could not be handled; its later events wait with it, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ParkedActor {
    /// The actor.
    pub actor: ActorId,
    /// The version of the event that could not be handled, with which it goes on.
    pub version: Version,
    /// What the handler said last.
    pub error: String,
    /// How often the handler was called for that event since the actor was last retried.
    pub attempts: u32,
    /// When it was parked.
    pub since: Timestamp,
    /// What is to become of it, as somebody asked, and as the slice's holder has not carried out yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Wish>,
}

/// What is to become of a parked actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Wish {
    /// Handle its events from the one that could not be handled.
    Retry,
    /// Handle its events after that one.
    Skip,
}

/// What stands at the key of the group: what all its members must agree on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupRecord {
    pub(crate) slices: u32,
}

/// The keys of a group.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    group: String,
}

impl Keys {
    pub(crate) fn new(group: &str) -> Self {
        Self { group: format!("group/{group}") }
    }

    pub(crate) fn group(&self) -> String {
        format!("{}/group", self.group)
    }

    pub(crate) fn slice(&self, slice: u32) -> String {
        format!("{}/slice/{slice}", self.group)
    }

    pub(crate) fn members(&self) -> String {
        format!("{}/member/", self.group)
    }

    pub(crate) fn member(&self, id: &str) -> String {
        format!("{}{id}", self.members())
    }
}

#[cfg(test)]
mod tests {
    use aether_core::Position;

    use super::*;

    #[test]
    fn records_are_written_as_this_and_read_back() {
        let parked = ParkedActor {
            actor: ActorId::new("order-1").unwrap(),
            version: Version::FIRST,
            error: "no".to_owned(),
            attempts: 5,
            since: "2026-01-02T03:04:05Z".parse().unwrap(),
            wish: Some(Wish::Retry),
        };
        let checkpoint = Checkpoint::from(vec![Position::new(0, 7, 0, None)]);
        let holder = Some("m1".to_owned());
        let record = SliceRecord { holder, epoch: Epoch::new(3), checkpoint, parked: vec![parked] };
        let text = r#"{"holder":"m1","epoch":3,"checkpoint":["0.7.0"],"parked":[{"actor":"order-1","version":1,"error":"no","attempts":5,"since":"2026-01-02T03:04:05Z","wish":"retry"}]}"#;
        assert_eq!(serde_json::to_string(&record).unwrap(), text);
        assert_eq!(serde_json::from_str::<SliceRecord>(text).unwrap(), record);
        assert_eq!(serde_json::to_string(&SliceRecord::new()).unwrap(), r#"{"epoch":0,"checkpoint":[]}"#);
    }
}
