//! Cutting a batch into pieces that can be committed as a whole. Pure.

use std::collections::HashSet;
use std::ops::Range;

/// Cuts events, of which the keys are given, between two of them wherever the keys of a piece would be more than `most`. An
/// event with more keys than that is a piece alone.
pub(super) fn cut(keys: &[Vec<String>], most: usize) -> Vec<Range<usize>> {
    let (mut pieces, mut start, mut seen) = (Vec::new(), 0, HashSet::new());
    for (index, keys) in keys.iter().enumerate() {
        let new = keys.iter().filter(|key| !seen.contains(key)).count();
        if seen.len() + new > most && start < index {
            pieces.push(start..index);
            start = index;
            seen.clear();
        }
        seen.extend(keys);
    }
    if start < keys.len() {
        pieces.push(start..keys.len());
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(events: &[&[&str]]) -> Vec<Vec<String>> {
        events.iter().map(|keys| keys.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn a_piece_ends_before_the_event_whose_keys_are_too_many() {
        let events = keys(&[&["a"], &["b"], &["a"], &["c"], &["a", "b", "c", "d"], &["a"]]);
        assert_eq!(cut(&events, 2), [0..3, 3..4, 4..5, 5..6]);
        assert_eq!(cut(&events, 4), vec![0..6]);
        assert_eq!(cut(&[], 4), []);
    }

    proptest! {
        #[test]
        fn pieces_are_the_events_in_order_and_none_has_too_many_keys(
            events in proptest::collection::vec(proptest::collection::hash_set("[a-f]", 0..5), 0..20), most in 1usize..6
        ) {
            let events: Vec<Vec<String>> = events.into_iter().map(|keys| keys.into_iter().collect()).collect();
            let pieces = cut(&events, most);
            let flat: Vec<usize> = pieces.iter().cloned().flatten().collect();
            prop_assert_eq!(flat, (0..events.len()).collect::<Vec<_>>());
            for piece in pieces {
                let keys: HashSet<_> = events[piece.clone()].iter().flatten().collect();
                prop_assert!(keys.len() <= most || piece.len() == 1);
                prop_assert!(!piece.is_empty());
            }
        }
    }
}
