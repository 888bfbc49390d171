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
}
