//! Entries as they are stored. Pure.

use aether_core::{Checkpoint, Position, RecordedEvent};
use serde::{Deserialize, Deserializer, Serialize};

/// What is stored at a key: the entry, and the events that it was made of.
///
/// An entry that was taken away leaves its events behind: without them, an event that comes once more could bring it back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored<E> {
    /// How far, in each partition, the events were applied that touch the key.
    pub(super) at: Checkpoint,
    #[serde(
        default = "nothing",
        deserialize_with = "something",
        skip_serializing_if = "Option::is_none",
        bound(deserialize = "E: Deserialize<'de>")
    )]
    pub(super) entry: Option<E>,
}

impl<E> Default for Stored<E> {
    fn default() -> Self {
        Self { at: Checkpoint::default(), entry: None }
    }
}

fn nothing<E>() -> Option<E> {
    None
}

/// What is there is an entry, `null` too.
fn something<'de, D: Deserializer<'de>, E: Deserialize<'de>>(deserializer: D) -> Result<Option<E>, D::Error> {
    E::deserialize(deserializer).map(Some)
}

/// Returns where an event lies, without its id: in each entry it would be too much, and a log that was rewound is told by the
/// checkpoint.
pub(super) fn place(event: &RecordedEvent) -> Position {
    let position = event.position();
    Position::new(position.partition(), position.sequence(), position.index(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json<E: Serialize>(entry: Option<E>) -> String {
        let at = vec![Position::new(0, 17, 2, None), Position::new(3, 4, 0, None)].into();
        serde_json::to_string(&Stored { at, entry }).unwrap()
    }

    #[test]
    fn an_entry_is_stored_with_its_positions_and_one_that_is_gone_as_these() {
        assert_eq!(json(Some(7)), r#"{"at":["0.17.2","3.4.0"],"entry":7}"#);
        assert_eq!(json(None::<u64>), r#"{"at":["0.17.2","3.4.0"]}"#);
        let gone: Stored<u64> = serde_json::from_str(&json(None::<u64>)).unwrap();
        assert!(gone.entry.is_none() && gone.at.covers(&Position::new(3, 4, 0, None)));
    }

    #[test]
    fn an_entry_that_is_written_as_null_is_there() {
        let there: Stored<Option<u64>> = serde_json::from_str(&json(Some(None::<u64>))).unwrap();
        assert_eq!(there.entry, Some(None));
        let there: Stored<()> = serde_json::from_str(&json(Some(()))).unwrap();
        assert_eq!(there.entry, Some(()));
        assert!(serde_json::from_str::<Stored<u64>>(r#"{"entry":7}"#).is_err());
    }
}
