//! Snapshots: a state at a version.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::json::push_string;
use crate::{ActorId, Position, RawJson, SchemaVersion, Timestamp, Version};

/// The state that an actor has at a version, so that folding need not start at the beginning.
///
/// It carries the position of the event that it stands on, by which a store that lost its tail is found out, and the
/// version of the state's shape, so that one which does not fit is ignored and not misread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Snapshot {
    /// The actor.
    #[serde(rename = "actorId")]
    pub actor: ActorId,
    /// The version of the last event in it.
    pub version: Version,
    /// The state.
    pub state: RawJson,
    /// When it was made.
    pub timestamp: Timestamp,
    /// The version of the state's shape.
    #[serde(default)]
    pub schema_version: SchemaVersion,
    /// Where the event of that version lies; absent in what the Go original wrote.
    #[serde(default)]
    pub position: Option<Position>,
}

/// Says why a payload is no snapshot.
#[derive(Debug, thiserror::Error)]
#[error("the payload is not the JSON of a snapshot")]
pub struct SnapshotWireError(#[from] serde_json::Error);

impl Snapshot {
    /// Makes a snapshot of `state` as it is at `version`, with the present time.
    #[must_use]
    pub fn new(actor: ActorId, version: Version, state: RawJson) -> Self {
        let (timestamp, schema_version) = (Timestamp::now(), SchemaVersion::FIRST);
        Self { actor, version, state, timestamp, schema_version, position: None }
    }

    /// Says which version of its shape the state has.
    #[must_use]
    pub fn with_schema_version(self, schema_version: SchemaVersion) -> Self {
        Self { schema_version, ..self }
    }

    /// Says where the last event in it lies.
    #[must_use]
    pub fn with_position(self, position: Option<Position>) -> Self {
        Self { position, ..self }
    }

    /// Writes the snapshot as the Go original does, and after that the members which that one ignores.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = b"{\"actorId\":".to_vec();
        push_string(&mut out, self.actor.as_str());
        let (version, state, timestamp) = (self.version, &self.state, self.timestamp);
        out.extend_from_slice(
            format!(",\"version\":{version},\"state\":{state},\"timestamp\":\"{timestamp}\"").as_bytes(),
        );
        if self.schema_version != SchemaVersion::FIRST {
            out.extend_from_slice(format!(",\"schemaVersion\":{}", self.schema_version).as_bytes());
        }
        if let Some(position) = &self.position {
            out.extend_from_slice(b",\"position\":");
            push_string(&mut out, &position.to_string());
        }
        out.push(b'}');
        out
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    ///
    /// [`SnapshotWireError`] when the payload is none.
    pub fn from_json(payload: &Bytes) -> Result<Self, SnapshotWireError> {
        Ok(serde_json::from_slice(payload)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::EventId;

    proptest! {
        #[test]
        fn a_snapshot_survives_the_wire(actor in "\\PC{1,9}", version in 0u64..=Version::MAX.number(), state: u64, schema in 0u32..3, id: String) {
            let position = (schema > 1).then(|| Position::new(0, version, 1, Some(EventId::as_read(id))));
            let snapshot = Snapshot::new(
                ActorId::new(actor).unwrap(),
                Version::new(version).unwrap(),
                RawJson::parse(format!("{{ \"n\": {state} }}")).unwrap(),
            )
            .with_schema_version(SchemaVersion::new(schema))
            .with_position(position);
            prop_assert_eq!(Snapshot::from_json(&snapshot.to_json().into()).unwrap(), snapshot);
        }

        #[test]
        fn no_payload_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(Snapshot::from_json(&bytes.into()).is_err());
        }
    }
}
