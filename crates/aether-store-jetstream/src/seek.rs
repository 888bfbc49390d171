//! Finding where a version lies in the stream, well enough to begin a long read there.

use aether_core::{ActorId, Version};

use crate::frame::Frame;
use crate::store::Inner;

/// The most requests of a search.
const MOST_LOOKS: usize = 5;
/// So many events too many are cheaper than a further look.
const CLOSE: u64 = 256;

/// Somewhere in an actor's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    version: u64,
    sequence: u64,
}

impl Inner {
    /// Returns a sequence from which on the actor's events from `from` on come, and not many before them.
    pub(crate) async fn seek(&self, actor: &ActorId, from: Version, head: &Frame) -> u64 {
        let subject = self.events_subject(actor);
        let mut low = Place { version: 0, sequence: 1 };
        let mut high = Place { version: head.first_version().number(), sequence: head.sequence };
        for _ in 0..MOST_LOOKS {
            let Some(guess) = guess(low, high, from.number()) else { break };
            // What cannot be looked at is no place to begin.
            let Ok(Some(found)) = self.api.leader_next(&self.stream, &subject, guess).await else { break };
            let Ok(frame) = Frame::read(&found, actor, self.partition) else { break };
            let place = Place { version: frame.first_version().number(), sequence: frame.sequence };
            // A claim tells the version before the next event.
            if place.version + u64::from(frame.is_claim()) <= from.number() {
                low = place;
            } else if place.sequence < high.sequence {
                high = place;
            } else {
                // Nothing of the actor between the guess and what is known.
                high.sequence = guess;
            }
        }
        low.sequence
    }
}

/// Returns where to look next for `from`, a little before where it lies if the events are spread evenly; or nothing if
/// what is known is good enough.
fn guess(low: Place, high: Place, from: u64) -> Option<u64> {
    let (versions, sequences) =
        (high.version.checked_sub(low.version)?, high.sequence.checked_sub(low.sequence)?);
    let wanted = from.saturating_sub(low.version);
    if wanted <= CLOSE || versions == 0 {
        return None;
    }
    let even = u128::from(sequences) * u128::from(wanted.min(versions)) / u128::from(versions);
    let even = u64::try_from(even).unwrap_or(sequences);
    let guess = low.sequence + even.saturating_sub(sequences / 64 + 1);
    (guess > low.sequence).then_some(guess)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_guess_lies_a_little_before_the_even_place_or_is_not_worth_it() {
        let (low, high) =
            (Place { version: 0, sequence: 1 }, Place { version: 100_000, sequence: 1_000_001 });
        assert_eq!(guess(low, high, 50_000), Some(1 + 500_000 - 15_626));
        assert_eq!(guess(low, high, CLOSE), None);
        assert_eq!(guess(low, Place { version: 0, sequence: 9 }, 50_000), None);
        assert_eq!(guess(high, low, 50_000), None);
    }

    proptest! {
        #[test]
        fn a_guess_lies_between_what_is_known(a: (u64, u64), b: (u64, u64), from: u64) {
            let (low, high) = (Place { version: a.0, sequence: a.1 }, Place { version: b.0, sequence: b.1 });
            if let Some(guess) = guess(low, high, from) {
                prop_assert!(low.sequence < guess && guess <= high.sequence);
            }
        }
    }
}
