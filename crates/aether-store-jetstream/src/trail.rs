//! Trails: the stream sequences of an actor's latest commits, and of an earlier one, carried by each of its messages.
//!
//! The earlier one is a milestone: the latest commit with a version that is a multiple of [`STRIDE`]. It leads to the
//! milestone before it, and so on, so that a history is followed from many places at once.
//!
//! In the header the commits stand newest first, as differences: the first from the message that the writer saw at the
//! head (0 when that was a commit and not a claim), each further one from the one before it, and after [`FAR`] the
//! milestone, from the head too. A difference is written five bits at a time, the lowest first, as a digit of
//! [`DIGITS`]: those from 32 on say that the number goes on, so that nothing else separates the numbers. A trail is a
//! hint: whoever follows it checks what it finds.

use std::fmt;

use aether_core::Version;

/// The most commits that a trail holds.
pub(crate) const LENGTH: usize = 16;

/// How many versions lie between milestones.
const STRIDE: u64 = 128;

/// What stands before the milestone.
const FAR: u8 = b'.';

/// The digits of base 64 that URLs use (RFC 4648, section 5).
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a digit adds that is not the last of its number.
const GOES_ON: u64 = 32;

/// Where an actor's latest commits lie. Copied with each append and kept for each known actor: without an allocation.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Trail {
    /// Newest first; 0 from `length` on.
    commits: [u64; LENGTH],
    length: usize,
    /// The latest commit with a multiple of [`STRIDE`], which may be one of `commits` as well; 0 for none.
    milestone: u64,
}

impl Trail {
    /// Returns the trail that a commit at `sequence` leaves behind, which takes the actor from `follows` to `version`.
    pub(crate) fn with(&self, sequence: u64, follows: Option<Version>, version: Version) -> Self {
        let mut trail = *self;
        trail.commits.rotate_right(1);
        if let Some(first) = trail.commits.first_mut() {
            *first = sequence;
        }
        trail.length = LENGTH.min(self.length + 1);
        if follows.is_some_and(|follows| milestone_by(follows) != milestone_by(version)) {
            trail.milestone = sequence;
        }
        trail
    }

    /// The commits, newest first.
    pub(crate) fn commits(&self) -> &[u64] {
        self.commits.get(..self.length).unwrap_or_default()
    }

    /// The milestone that is older than all the commits, if there is one.
    pub(crate) fn milestone(&self) -> Option<u64> {
        let oldest = *self.commits().last()?;
        Some(self.milestone).filter(|milestone| (1..oldest).contains(milestone))
    }

    /// Says how many messages of the stream lie between two of the commits, where they lie furthest apart: between the
    /// latest ones, or back to the milestone, for a message at `head` that is `since` commits after it.
    pub(crate) fn apart(&self, head: u64, since: u64) -> u64 {
        let apart = |from: Option<u64>, commits: u64| {
            let messages = from.map_or(0, |from| head.saturating_sub(from));
            messages / commits.max(1)
        };
        let latest = apart(self.commits().last().copied(), self.length as u64);
        latest.max(apart(self.milestone(), since))
    }

    /// Writes the trail for a message that follows the one at `head`, or nothing where there is nothing to say.
    pub(crate) fn encode(&self, head: u64) -> Option<String> {
        let mut out = Vec::with_capacity(4 * self.length);
        let mut from = head;
        for commit in self.commits() {
            push_number(&mut out, from.checked_sub(*commit)?);
            from = *commit;
        }
        if self.milestone > 0 {
            out.push(FAR);
            push_number(&mut out, head.checked_sub(self.milestone)?);
        }
        String::from_utf8(out).ok().filter(|text| !text.is_empty())
    }

    /// Reads the trail of a message that followed the one at `head`. What is no trail is an empty one.
    pub(crate) fn decode(head: u64, text: &str) -> Self {
        Self::read(head, text).unwrap_or_default()
    }

    fn read(head: u64, text: &str) -> Option<Self> {
        let (near, far) =
            text.split_once(char::from(FAR)).map_or((text, None), |(near, far)| (near, Some(far)));
        let (mut trail, mut from) = (Self::default(), head);
        let mut digits = near.bytes().peekable();
        for place in &mut trail.commits {
            if digits.peek().is_none() {
                break;
            }
            let step = take_number(&mut digits).filter(|step| *step > 0 || trail.length == 0)?;
            from = from.checked_sub(step).filter(|commit| *commit > 0)?;
            *place = from;
            trail.length += 1;
        }
        if let Some(far) = far {
            let mut digits = far.bytes();
            let milestone = head.checked_sub(take_number(&mut digits)?)?;
            trail.milestone =
                Some(milestone).filter(|milestone| *milestone > 0 && digits.next().is_none())?;
        }
        Some(trail)
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} .. {:?}", self.commits(), self.milestone())
    }
}

/// Returns the latest version up to `version` at which there is a milestone.
pub(crate) fn milestone_by(version: Version) -> u64 {
    version.number() / STRIDE * STRIDE
}

fn push_number(out: &mut Vec<u8>, number: u64) {
    let mut rest = number;
    while rest >= GOES_ON {
        out.push(digit(rest % GOES_ON + GOES_ON));
        rest /= GOES_ON;
    }
    out.push(digit(rest));
}

/// Returns the digit of a value below 64.
fn digit(value: u64) -> u8 {
    DIGITS.get(value as usize % DIGITS.len()).copied().unwrap_or(b'A')
}

fn value(digit: u8) -> Option<u64> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(value.into())
}

/// Takes the next number off the digits.
fn take_number(digits: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut number = 0u64;
    for place in 0.. {
        let value = value(digits.next()?)?;
        let part = value % GOES_ON;
        number = number.checked_add(part.checked_mul(GOES_ON.checked_pow(place)?)?)?;
        if value < GOES_ON {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn version(number: u64) -> Version {
        Version::new(number).unwrap()
    }

    /// The trail after commits at these sequences, of one version each.
    fn after(sequences: impl IntoIterator<Item = u64>) -> Trail {
        (1..).zip(sequences).fold(Trail::default(), |trail, (number, sequence)| {
            trail.with(sequence, version(number - 1).into(), version(number))
        })
    }

    proptest! {
        #[test]
        fn a_trail_survives_its_text(set in proptest::collection::btree_set(1u64.., 0..300), claims in 0u64..3) {
            let set: BTreeSet<u64> = set;
            let trail = after(set.iter().copied());
            let latest: Vec<u64> = set.iter().rev().take(LENGTH).copied().collect();
            prop_assert_eq!(trail.commits(), &latest[..]);
            let milestone = (set.len() / 128 * 128).checked_sub(1).and_then(|index| set.iter().nth(index)).copied();
            prop_assert_eq!(trail.milestone(), milestone.filter(|milestone| !latest.contains(milestone)));
            let head = latest.first().copied().unwrap_or(1).saturating_add(claims);
            match trail.encode(head) {
                Some(text) => prop_assert_eq!(Trail::decode(head, &text), trail),
                None => prop_assert!(latest.is_empty()),
            }
        }

        #[test]
        fn a_hostile_trail_gives_falling_sequences_or_none(head: u64, text in "[A-Za-z0-9_,.-]{0,80}") {
            let trail = Trail::decode(head, &text);
            prop_assert!(trail.commits().iter().all(|commit| (1..=head).contains(commit)));
            prop_assert!(trail.commits().windows(2).all(|pair| pair[0] > pair[1]));
            prop_assert!(trail.milestone <= head);
        }
    }

    #[test]
    fn the_text_is_short() {
        let trail = after([87, 88, 100]);
        assert_eq!(trail.encode(100).as_deref(), Some("AMB"));
        assert_eq!(Trail::decode(100, "AMB"), trail);
        // 9,999 is 15 and 24 and 9 in digits of 32: `v` and `4` go on, `J` does not.
        assert_eq!(after([10_001]).encode(20_000).as_deref(), Some("v4J"));
        assert_eq!(after([1]).encode(u64::MAX).map(|text| text.len()), Some(13));
        assert_eq!(Trail::default().encode(5), None);
    }

    #[test]
    fn a_milestone_leads_beyond_the_commits() {
        assert_eq!(after(1..=127).encode(127).as_deref(), Some("ABBBBBBBBBBBBBBB"));
        assert_eq!(after(1..=128).encode(128).as_deref(), Some("ABBBBBBBBBBBBBBB.A"));
        assert_eq!(after(1..=143).milestone(), None, "the oldest of the sixteen");
        assert_eq!(after(1..=144).milestone(), Some(128));
        assert_eq!(after(1..=255).milestone(), Some(128));
        let packed = after(1..=100).with(200, Some(version(100)), version(300));
        assert_eq!(packed.milestone, 200, "a commit that goes past it");
    }

    #[test]
    fn a_late_burst_does_not_hide_that_the_others_are_scattered() {
        assert_eq!(after((1..=150).map(|n| 1_000 * n)).apart(150_000, 22), 1_000);
        let burst = after((1..=130).map(|n| 1_000 * n).chain(130_001..=130_020));
        assert_eq!(burst.apart(130_020, 22), 2_020 / 22);
        assert_eq!(after(1..=150).apart(151, 23), 1);
        assert_eq!(Trail::default().apart(151, 0), 0);
    }

    #[test]
    fn what_is_no_trail_is_an_empty_one() {
        for text in ["_".repeat(13).as_str(), "AA", "g", "B.", "B.g", "B.BB", "B.B.B", "B.kD"] {
            assert_eq!(Trail::decode(100, text), Trail::default(), "{text}");
        }
    }
}
