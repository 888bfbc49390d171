//! Trails: the stream sequences of an actor's latest commits, carried by each of its messages.
//!
//! In the header the sequences stand newest first, as differences: the first from the message that the writer saw at the
//! head (0 when that was a commit and not a claim), each further one from the one before it. A difference is written five
//! bits at a time, the lowest first, as a digit of [`DIGITS`]: those from 32 on say that the number goes on, so that nothing
//! separates the numbers. A trail is a hint: whoever follows it checks what it finds.

/// The most sequences that a trail holds.
pub(crate) const LENGTH: usize = 16;

/// The digits of base 64 that URLs use (RFC 4648, section 5).
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a digit adds that is not the last of its number.
const GOES_ON: u64 = 32;

/// Writes a trail of `commits` (newest first) for a message that follows the one at `head`, or nothing where there is
/// nothing to say.
pub(crate) fn encode(head: u64, commits: &[u64]) -> Option<String> {
    let mut out = String::with_capacity(3 * commits.len());
    let mut from = head;
    for commit in commits.iter().take(LENGTH) {
        push_number(&mut out, from.checked_sub(*commit)?);
        from = *commit;
    }
    (!out.is_empty()).then_some(out)
}

fn push_number(out: &mut String, number: u64) {
    let mut rest = number;
    loop {
        let goes_on = if rest < GOES_ON { 0 } else { GOES_ON };
        out.extend(digit(rest % GOES_ON + goes_on));
        if goes_on == 0 {
            return;
        }
        rest /= GOES_ON;
    }
}

fn digit(value: u64) -> Option<char> {
    DIGITS.get(usize::try_from(value).ok()?).map(|digit| char::from(*digit))
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

/// Reads a trail of a message that followed the one at `head`. What is no trail is an empty one.
pub(crate) fn decode(head: u64, text: &str) -> Vec<u64> {
    let mut digits = text.bytes().peekable();
    let (mut commits, mut from) = (Vec::with_capacity(LENGTH), head);
    while digits.peek().is_some() && commits.len() < LENGTH {
        let step = take_number(&mut digits).filter(|step| *step > 0 || commits.is_empty());
        let Some(commit) = step.and_then(|step| from.checked_sub(step)).filter(|commit| *commit > 0) else {
            return Vec::new();
        };
        commits.push(commit);
        from = commit;
    }
    commits
}

/// Returns the trail with a new commit in front, without the oldest beyond the length.
pub(crate) fn with(commit: u64, commits: &[u64]) -> Vec<u64> {
    let mut out = Vec::with_capacity(LENGTH.min(commits.len() + 1));
    out.push(commit);
    out.extend(commits.iter().take(LENGTH - 1));
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_trail_survives_its_text(set: BTreeSet<u64>, claims in 0u64..3) {
            let commits: Vec<u64> = set.into_iter().filter(|s| *s > 0).rev().take(LENGTH).collect();
            let head = commits.first().copied().unwrap_or(1).saturating_add(claims);
            match encode(head, &commits) {
                Some(text) => prop_assert_eq!(decode(head, &text), commits),
                None => prop_assert!(commits.is_empty()),
            }
        }

        #[test]
        fn a_hostile_trail_gives_falling_sequences_or_none(head: u64, text in "[A-Za-z0-9_,-]{0,80}") {
            let commits = decode(head, &text);
            prop_assert!(commits.len() <= LENGTH);
            prop_assert!(commits.iter().all(|commit| (1..=head).contains(commit)));
            prop_assert!(commits.windows(2).all(|pair| pair[0] > pair[1]));
        }
    }

    #[test]
    fn the_text_is_short() {
        assert_eq!(encode(100, &[100, 88, 87]).as_deref(), Some("AMB"));
        assert_eq!(decode(100, "AMB"), [100, 88, 87]);
        // 9,999 is 15 and 24 and 9 in digits of 32: `v` and `4` go on, `J` does not.
        assert_eq!(encode(20_000, &[10_001]).as_deref(), Some("v4J"));
        assert_eq!(encode(u64::MAX, &[1]).map(|text| text.len()), Some(13));
        assert_eq!(decode(u64::MAX, &"_".repeat(13)), Vec::<u64>::new(), "too large");
        assert_eq!(decode(100, "AA"), Vec::<u64>::new(), "a step of nothing");
        assert_eq!(decode(100, "g"), Vec::<u64>::new(), "a number that goes on and does not");
        assert_eq!(encode(5, &[]), None);
    }
}
