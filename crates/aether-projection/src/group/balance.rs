//! Who takes which slices: what one member does, by what it sees. Pure.

use std::collections::BTreeSet;

/// A slice as one member sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// This member has it.
    Mine,
    /// Nobody has it, or who has it gave no sign for as long as a lease lasts.
    Free,
    /// Somebody else has it.
    Others,
}

/// What a member does with its slices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Moves {
    pub(crate) claim: Vec<u32>,
    pub(crate) release: Vec<u32>,
}

/// Decides for a member that sees these slices and so many members, itself included. `rank` is its place among them: each
/// one begins with other slices, so that they seldom want the same one.
///
/// A member keeps at most its share, rounded up, and takes no more than that; so each slice finds a holder, and no slice
/// moves while all have their share.
pub(crate) fn balance(slices: &[Seen], members: usize, rank: usize) -> Moves {
    let share = slices.len().div_ceil(members.max(1));
    let numbered = || (0..).zip(slices);
    let mine: BTreeSet<u32> =
        numbered().filter(|(_, seen)| **seen == Seen::Mine).map(|(slice, _)| slice).collect();
    if mine.len() > share {
        return Moves { release: mine.into_iter().skip(share).collect(), ..Moves::default() };
    }
    let free: Vec<u32> =
        numbered().filter(|(_, seen)| **seen == Seen::Free).map(|(slice, _)| slice).collect();
    let first = (rank * share) % free.len().max(1);
    let claim = free.iter().cycle().skip(first).take(free.len().min(share - mine.len()));
    Moves { claim: claim.copied().collect(), ..Moves::default() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_of_moves() {
        use Seen::{Free, Mine, Others};
        let moves =
            |claim: &[u32], release: &[u32]| Moves { claim: claim.to_vec(), release: release.to_vec() };
        for (name, slices, members, rank, wanted) in [
            ("alone", &[Free, Free, Free][..], 1, 0, moves(&[0, 1, 2], &[])),
            ("alone, with all", &[Mine, Mine, Mine], 1, 0, moves(&[], &[])),
            ("the first of two", &[Free, Free, Free, Free], 2, 0, moves(&[0, 1], &[])),
            ("the second of two", &[Free, Free, Free, Free], 2, 1, moves(&[2, 3], &[])),
            ("a second one has come", &[Mine, Mine, Mine, Mine], 2, 0, moves(&[], &[2, 3])),
            ("shares that are not whole", &[Mine, Mine, Others], 2, 0, moves(&[], &[])),
            ("somebody is gone", &[Mine, Free, Others], 2, 0, moves(&[1], &[])),
            ("nothing is free", &[Others, Others], 3, 2, moves(&[], &[])),
            ("no members, as it cannot be", &[Free], 0, 0, moves(&[0], &[])),
            ("no slices", &[], 1, 0, moves(&[], &[])),
        ] {
            assert_eq!(balance(slices, members, rank), wanted, "{name}");
        }
    }

    proptest! {
        /// Members act one after the other, each on what it sees: in the end each slice has a holder, each holder at most
        /// its share, and nobody moves any more.
        #[test]
        fn members_come_to_rest(slices in 1usize..40, members in 1usize..8, holders in proptest::collection::vec(0usize..9, 40)) {
            let mut holder: Vec<Option<usize>> = (0..slices).map(|slice| Some(holders[slice]).filter(|holder| *holder < members)).collect();
            let mut rounds = 0;
            loop {
                let mut moved = false;
                for member in 0..members {
                    let seen: Vec<_> = holder.iter().map(|holder| match holder {
                        None => Seen::Free,
                        Some(holder) if *holder == member => Seen::Mine,
                        Some(_) => Seen::Others,
                    }).collect();
                    let moves = balance(&seen, members, member);
                    moved |= moves != Moves::default();
                    moves.claim.iter().for_each(|slice| holder[*slice as usize] = Some(member));
                    moves.release.iter().for_each(|slice| holder[*slice as usize] = None);
                }
                rounds += 1;
                prop_assert!(rounds < 5, "they do not come to rest");
                if !moved {
                    break;
                }
            }
            for member in 0..members {
                prop_assert!(holder.iter().filter(|holder| **holder == Some(member)).count() <= slices.div_ceil(members));
            }
            prop_assert!(holder.iter().all(Option::is_some));
        }
    }
}
