//! What a key's last message says about a change of it. Pure.

use aether_core::key_value::Revision;

use super::look::Last;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Done(u64),
    /// The key is where it was expected: send, after this sequence.
    Send(u64),
    Conflict,
    /// It was made and replaced since, or never will be.
    Lost,
}

/// Judges the change `id`, which expects the key at `expected`. It was sent to follow `base`, if it was sent at all, and
/// `unanswered` says whether an attempt had no answer.
pub(super) fn judge(
    last: Option<&Last>,
    id: &str,
    expected: Revision,
    base: Option<u64>,
    unanswered: bool,
) -> Next {
    let sequence = last.map_or(0, Last::sequence);
    if last.is_some_and(|last| last.is_of(id)) {
        return Next::Done(sequence);
    }
    if base == Some(sequence) {
        // Not stored yet, or another one's is in flight, which may come to nothing.
        return Next::Send(sequence);
    }
    // Who wrote after the base took the place of this change. Whether it was made before others wrote is not to be seen.
    let is_taken = base.is_none_or(|base| last.is_some_and(|last| last.follows(base)));
    if unanswered && !is_taken {
        return Next::Lost;
    }
    let stands = last.filter(|last| !last.is_tombstone()).map_or(Revision::NONE, |_| Revision::new(sequence));
    if stands == expected { Next::Send(sequence) } else { Next::Conflict }
}

/// What to do next about changes that are made together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are made, the last of them at this sequence.
    Done(u64),
    /// The keys are where they were expected: send, after these sequences.
    Send(Vec<u64>),
    /// The key of this number stands elsewhere, and they never will be made.
    Conflict(usize),
    /// They were made and all replaced since, or never will be.
    Lost,
    /// Look again: the key of this number was changed by somebody else, but the looks were not at one moment.
    Again(usize),
}

/// Judges changes that are made together by what is next about each of them; `lost_before` is the number of a key that an
/// earlier look of all keys found to be lost.
pub(super) fn judge_all(nexts: &[Next], lost_before: Option<usize>) -> Verdict {
    let (mut at, mut conflict, mut lost) = (Vec::with_capacity(nexts.len()), None, None);
    for (index, next) in nexts.iter().enumerate() {
        match next {
            // One is there, so all of them were.
            Next::Done(sequence) => return Verdict::Done(sequence + (nexts.len() - 1 - index) as u64),
            Next::Send(sequence) => at.push(*sequence),
            Next::Conflict => conflict = conflict.or(Some(index)),
            Next::Lost => lost = lost.or(Some(index)),
        }
    }
    match (conflict, lost, lost_before) {
        (Some(index), ..) => Verdict::Conflict(index),
        (None, None, _) => Verdict::Send(at),
        (None, Some(_), _) if at.is_empty() => Verdict::Lost,
        // After somebody else had changed that key, this one still stood where it was: they are not made, and never will be.
        (None, Some(_), Some(before)) => Verdict::Conflict(before),
        (None, Some(lost), None) => Verdict::Again(lost),
    }
}

#[cfg(test)]
mod tests {
    use super::super::look::testing::last;
    use super::*;

    #[test]
    fn a_key_that_stands_where_it_stood_is_sent_to_again() {
        let (at, other) = (Revision::new(5), last(5, 3, "theirs", false));
        for unanswered in [false, true] {
            assert_eq!(judge(Some(&other), "mine", at, Some(5), unanswered), Next::Send(5));
            assert_eq!(judge(None, "mine", Revision::NONE, Some(0), unanswered), Next::Send(0));
        }
    }

    #[test]
    fn whoever_followed_the_base_took_the_place() {
        let (at, theirs) = (Revision::new(5), last(6, 5, "theirs", false));
        assert_eq!(judge(Some(&theirs), "mine", at, Some(5), true), Next::Conflict);
        assert_eq!(judge(Some(&last(6, 5, "mine", false)), "mine", at, Some(5), true), Next::Done(6));
    }

    #[test]
    fn what_others_wrote_later_hides_what_was_before() {
        let (at, later) = (Revision::new(5), last(7, 6, "theirs", false));
        assert_eq!(judge(Some(&later), "mine", at, Some(5), true), Next::Lost);
        assert_eq!(judge(Some(&later), "mine", at, Some(5), false), Next::Conflict);
        assert_eq!(
            judge(Some(&last(7, 6, "theirs", true)), "mine", Revision::NONE, Some(0), true),
            Next::Lost
        );
    }

    #[test]
    fn nothing_is_expected_of_a_tombstone() {
        let tombstone = last(7, 6, "theirs", true);
        assert_eq!(judge(Some(&tombstone), "mine", Revision::NONE, None, false), Next::Send(7));
        assert_eq!(judge(Some(&tombstone), "mine", Revision::new(7), None, false), Next::Conflict);
        assert_eq!(
            judge(Some(&last(7, 6, "theirs", false)), "mine", Revision::NONE, None, false),
            Next::Conflict
        );
        assert_eq!(judge(None, "mine", Revision::NONE, None, false), Next::Send(0));
    }

    #[test]
    fn of_changes_together_one_that_is_there_shows_all() {
        for nexts in [
            vec![Next::Done(7), Next::Conflict, Next::Lost],
            vec![Next::Lost, Next::Done(8), Next::Send(3)],
            vec![Next::Conflict, Next::Send(1), Next::Done(9)],
        ] {
            assert_eq!(judge_all(&nexts, None), Verdict::Done(9));
        }
    }

    #[test]
    fn changes_together_are_sent_where_all_keys_stand_as_expected() {
        assert_eq!(judge_all(&[Next::Send(0), Next::Send(5)], None), Verdict::Send(vec![0, 5]));
        assert_eq!(judge_all(&[Next::Send(0), Next::Conflict, Next::Conflict], None), Verdict::Conflict(1));
        assert_eq!(judge_all(&[Next::Lost, Next::Conflict], None), Verdict::Conflict(1));
    }

    #[test]
    fn a_key_that_stands_still_after_another_was_lost_shows_that_none_is_made() {
        let nexts = [Next::Send(0), Next::Lost];
        assert_eq!(judge_all(&nexts, None), Verdict::Again(1), "it may have been looked at before");
        assert_eq!(judge_all(&nexts, Some(1)), Verdict::Conflict(1));
        assert_eq!(judge_all(&[Next::Lost, Next::Lost], None), Verdict::Lost);
        assert_eq!(judge_all(&[Next::Done(4), Next::Lost], Some(1)), Verdict::Done(5));
    }
}
