//! Trails: the stream sequences of an actor's latest commits, carried by each of its messages.
//!
//! In the header the sequences stand newest first, as differences: the first from the message that the writer saw at the
//! head (0 when that was a commit and not a claim), each further one from the one before it. A trail is a hint: whoever
//! follows it checks what it finds.

/// The most sequences that a trail holds.
pub(crate) const LENGTH: usize = 16;

/// Writes a trail of `commits` (newest first) for a message that follows the one at `head`, or nothing where there is
/// nothing to say.
pub(crate) fn encode(head: u64, commits: &[u64]) -> Option<String> {
    let mut out = String::with_capacity(6 * commits.len());
    let mut from = head;
    for commit in commits.iter().take(LENGTH) {
        let step = from.checked_sub(*commit)?;
        if !out.is_empty() {
            out.push(',');
        }
        push_number(&mut out, step);
        from = *commit;
    }
    (!out.is_empty()).then_some(out)
}

fn push_number(out: &mut String, number: u64) {
    if number >= 10 {
        push_number(out, number / 10);
    }
    out.push(char::from_digit(u32::try_from(number % 10).unwrap_or(0), 10).unwrap_or('0'));
}

/// Reads a trail of a message that followed the one at `head`. What is no trail is an empty one.
pub(crate) fn decode(head: u64, text: &str) -> Vec<u64> {
    let mut commits = Vec::new();
    let mut from = head;
    for step in text.split(',').take(LENGTH) {
        let step = step.parse::<u64>().ok().filter(|step| *step > 0 || commits.is_empty());
        match step.and_then(|step| from.checked_sub(step)).filter(|commit| *commit > 0) {
            Some(commit) => commits.push(commit),
            None => return Vec::new(),
        }
        from = commits.last().copied().unwrap_or(from);
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
        fn a_hostile_trail_gives_falling_sequences_or_none(head: u64, text in "[0-9,x-]{0,80}") {
            let commits = decode(head, &text);
            prop_assert!(commits.len() <= LENGTH);
            prop_assert!(commits.iter().all(|commit| (1..=head).contains(commit)));
            prop_assert!(commits.windows(2).all(|pair| pair[0] > pair[1]));
        }
    }

    #[test]
    fn the_text_is_short() {
        assert_eq!(encode(100, &[100, 88, 87]).as_deref(), Some("0,12,1"));
        assert_eq!(decode(100, "0,12,1"), [100, 88, 87]);
        assert_eq!(decode(100, "0,0"), Vec::<u64>::new());
        assert_eq!(encode(5, &[]), None);
    }
}
