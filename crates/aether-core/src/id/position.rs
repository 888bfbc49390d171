//! Positions: where events lie in a store.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::EventId;

/// Says where an event lies in a partition of a store.
///
/// Opaque, and comparable within one partition only: of two positions in different partitions neither is before the
/// other. It carries the id of the event it stands for, so that a store which lost its tail and wrote another one can
/// be told from the one that made the position; two ids at one place do not compare either.
///
/// Its text form (and its serde form) is `PARTITION.SEQUENCE.INDEX`, then `@` and the event id where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position {
    partition: u32,
    sequence: u64,
    index: u32,
    event: Option<EventId>,
}

impl Position {
    /// Makes a position: event number `index` of the commit at `sequence` in `partition`. For stores.
    #[inline]
    #[must_use]
    pub fn new(partition: u32, sequence: u64, index: u32, event: Option<EventId>) -> Self {
        Self { partition, sequence, index, event }
    }

    /// Returns the partition that the position belongs to.
    #[must_use]
    pub fn partition(&self) -> u32 {
        self.partition
    }

    /// Returns the place of the commit in its partition.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Returns the place of the event in its commit, from 0.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Returns the id of the event there, where the position stands for one.
    #[must_use]
    pub fn event_id(&self) -> Option<&EventId> {
        self.event.as_ref()
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.partition != other.partition {
            return None;
        }
        match (self.sequence, self.index).cmp(&(other.sequence, other.index)) {
            Ordering::Equal if self.event != other.event => None,
            order => Some(order),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.partition, self.sequence, self.index)?;
        self.event.iter().try_for_each(|id| write!(f, "@{id}"))
    }
}

/// Says that a text is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no position, expected PARTITION.SEQUENCE.INDEX, then @ and an event id or nothing")]
pub struct InvalidPosition {
    /// The text.
    pub text: String,
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        parse(text).ok_or_else(|| InvalidPosition { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Position> {
    let (place, event) = match text.split_once('@') {
        Some((place, id)) => (place, Some(EventId::as_read(id))),
        None => (text, None),
    };
    let mut parts = place.splitn(3, '.');
    Some(Position {
        partition: decimal(parts.next()?)?,
        sequence: decimal(parts.next()?)?,
        index: decimal(parts.next()?)?,
        event,
    })
}

/// Parses digits alone: `+1` would have a second text form.
fn decimal<N: FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl Serialize for Position {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_position_survives_its_text(p: u32, s: u64, i: u32, id in proptest::option::of("\\PC{0,12}")) {
            let position = Position::new(p, s, i, id.map(EventId::as_read));
            prop_assert_eq!(position.to_string().parse::<Position>().unwrap(), position.clone());
            let json = serde_json::to_string(&position).unwrap();
            prop_assert_eq!(serde_json::from_str::<Position>(&json).unwrap(), position);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            if let Ok(position) = text.parse::<Position>() {
                prop_assert!(position.to_string().len() <= text.len());
            }
        }

        #[test]
        fn positions_compare_within_a_partition_only(a: (u32, u64, u32), b: (u32, u64, u32)) {
            let (x, y) = (Position::new(a.0, a.1, a.2, None), Position::new(b.0, b.1, b.2, None));
            prop_assert_eq!(x.partial_cmp(&y).is_some(), a.0 == b.0);
        }
    }

    #[test]
    fn two_events_at_one_place_are_of_two_lineages_and_do_not_compare() {
        let at = |id| Position::new(0, 7, 0, Some(EventId::as_read(id)));
        assert_eq!(at("a").partial_cmp(&at("b")), None);
        assert_eq!(at("a").partial_cmp(&at("a")), Some(Ordering::Equal));
    }
}
