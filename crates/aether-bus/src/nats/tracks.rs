//! How far each stream of each other node has been heard, and so what is missing. Pure.

use std::collections::HashMap;
use std::time::Duration;

use super::wire::{Head, NodeNumber};

/// How many streams are remembered for certain. A node that is gone, or silent for long, is forgotten after so many others.
const REMEMBERED: usize = 16_384;

/// For how long a message is on its way at most, as far as streams are concerned whose beginning was not heard.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// How far each stream has been heard.
#[derive(Debug, Default)]
pub(super) struct Tracks {
    young: HashMap<(NodeNumber, u64), Track>,
    old: HashMap<(NodeNumber, u64), Track>,
    /// How many messages were heard.
    messages: u64,
}

#[derive(Debug, Clone, Copy)]
struct Track {
    /// The number that comes next.
    next: u64,
    /// At which message it was heard last.
    heard: u64,
}

/// What a message is, beside those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    /// How many are missing before it.
    pub(super) missing: u64,
    /// Whether some may be missing that cannot be counted: the stream is younger than the subscription, and its beginning was not
    /// heard.
    pub(super) is_beginning_lost: bool,
    /// How many of its entries come too late: they were said to be missing.
    pub(super) late: u64,
    /// At which message the stream was heard before.
    pub(super) since: u64,
}

impl Tracks {
    /// Returns how many messages were heard.
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    /// Notes a message with so many entries, that came when somebody had listened for so long.
    ///
    /// A stream that was not heard before begins with it. What came before it was published before somebody listened, unless the
    /// stream began later than that: later by more than a message is on its way.
    pub(super) fn hear(&mut self, head: Head, entries: u64, listening: Duration) -> Heard {
        self.messages += 1;
        let key = (head.node, head.stream);
        let before = self.young.get(&key).copied().or_else(|| self.old.remove(&key));
        let end = head.first.saturating_add(entries);
        let next = before.map_or(head.first, |track| track.next);
        let stream = Duration::from_millis(head.age).saturating_add(ON_ITS_WAY);
        let heard = Heard {
            is_beginning_lost: before.is_none() && head.first > 1 && stream < listening,
            missing: head.first.saturating_sub(next),
            late: next.saturating_sub(head.first).min(entries),
            since: before.map_or(self.messages, |track| track.heard),
        };
        if before.is_none() && self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, Track { next: next.max(end), heard: self.messages });
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(node: u128, first: u64) -> Head {
        Head { node: NodeNumber(node), stream: 1, first, age: 0 }
    }

    fn hear(tracks: &mut Tracks, node: u128, first: u64, entries: u64) -> (u64, u64) {
        let heard = tracks.hear(head(node, first), entries, Duration::ZERO);
        (heard.missing, heard.late)
    }

    #[test]
    fn a_hole_is_as_long_as_what_is_missing_and_what_comes_late_stays_missing() {
        let mut tracks = Tracks::default();
        assert_eq!(hear(&mut tracks, 1, 5, 2), (0, 0));
        assert_eq!(hear(&mut tracks, 1, 7, 1), (0, 0));
        assert_eq!(hear(&mut tracks, 1, 11, 2), (3, 0));
        assert_eq!(hear(&mut tracks, 1, 9, 2), (0, 2));
        assert_eq!(hear(&mut tracks, 1, 12, 3), (0, 1));
        assert_eq!(hear(&mut tracks, 1, 15, 0), (0, 0));
        assert_eq!(hear(&mut tracks, 1, 18, 0), (3, 0));
        assert_eq!(hear(&mut tracks, 1, 18, 1), (0, 0));
        assert_eq!(hear(&mut tracks, 2, 3, 1), (0, 0), "another node's");
    }

    #[test]
    fn a_stream_that_is_younger_than_the_subscription_has_a_beginning() {
        let lost = |first, age, listening| {
            let head = Head { age, ..head(1, first) };
            Tracks::default().hear(head, 1, Duration::from_millis(listening)).is_beginning_lost
        };
        assert!(lost(2, 1_000, 2_001) && !lost(1, 1_000, 2_001) && !lost(2, 1_000, 2_000));
        assert!(!lost(2, u64::MAX, u64::MAX));
    }

    #[test]
    fn memory_is_bounded_and_what_is_heard_is_not_forgotten() {
        let mut tracks = Tracks::default();
        for round in 1..=5_u64 {
            for node in 0..REMEMBERED as u128 {
                hear(&mut tracks, u128::from(round) << 64 | node, 1, 1);
                if node % 1_000 == 0 {
                    assert_eq!(hear(&mut tracks, 1, round * 1_000_000 + node as u64, 1).1, 0);
                }
            }
            assert!(tracks.young.len() <= REMEMBERED && tracks.old.len() <= REMEMBERED);
        }
        assert_eq!(hear(&mut tracks, 1, 9_000_000, 1).0, 9_000_000 - 5_016_001);
    }
}
