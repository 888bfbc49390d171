//! How many shards each party gets by weight, before rounding. Pure.

/// Who shares: a node, or a zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Party {
    pub(super) weight: u64,
    /// The most that it takes, where there is such a bound.
    pub(super) most: Option<usize>,
}

/// What a party gets at least, and how much of one more would be its due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Portion {
    pub(super) least: usize,
    /// In parts of the weight of all that are not at their bounds; 0 where it is due nothing more.
    pub(super) remainder: u64,
}

/// Divides `total` by weight. Returns the portions, and how many of those with a remainder get one more: fewer than there are.
///
/// A party whose bound is not above its portion gets its bound, and the others share the rest.
pub(super) fn divide(total: usize, parties: &[Party]) -> (Vec<Portion>, usize) {
    let mut bound: Vec<Option<usize>> = vec![None; parties.len()];
    loop {
        let rest = total.saturating_sub(bound.iter().flatten().sum());
        let free = || parties.iter().zip(&bound).filter(|(_, bound)| bound.is_none());
        let weight: u64 = free().map(|(party, _)| party.weight).sum();
        let portion = |party: &Party| {
            let due = rest as u64 * party.weight;
            let least = due.checked_div(weight).unwrap_or_default();
            let remainder = due.checked_rem(weight).unwrap_or_default();
            Portion { least: usize::try_from(least).unwrap_or(usize::MAX), remainder }
        };
        // What others leave is only ever more, so a party at its bound stays there.
        let mut more = false;
        for (party, bound) in parties.iter().zip(&mut bound).filter(|(_, bound)| bound.is_none()) {
            *bound = party.most.filter(|most| *most <= portion(party).least);
            more |= bound.is_some();
        }
        if !more {
            let portions: Vec<Portion> = parties
                .iter()
                .zip(&bound)
                .map(|(party, bound)| {
                    bound.map_or_else(|| portion(party), |least| Portion { least, remainder: 0 })
                })
                .collect();
            let given: usize = portions.iter().map(|portion| portion.least).sum();
            let ups = if weight == 0 { 0 } else { total.saturating_sub(given) };
            return (portions, ups);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn divided(total: usize, parties: &[(u64, Option<usize>)]) -> (Vec<usize>, usize) {
        let parties: Vec<Party> =
            parties.iter().map(|(weight, most)| Party { weight: *weight, most: *most }).collect();
        let (portions, ups) = divide(total, &parties);
        (portions.iter().map(|portion| portion.least).collect(), ups)
    }

    #[test]
    fn the_table_of_portions() {
        for (total, parties, portions, ups) in [
            (10, &[(1, None), (1, None), (1, None)][..], &[3, 3, 3][..], 1),
            (10, &[(1, None), (4, None)], &[2, 8], 0),
            (2, &[(1, None), (1, None), (1, None)], &[0, 0, 0], 2),
            // The one at its bound leaves the others more, which brings the next one to its bound.
            (12, &[(1, Some(1)), (1, Some(4)), (1, None)], &[1, 4, 7], 0),
            (10, &[(1, Some(4)), (1, None), (1, None)], &[3, 3, 3], 1),
            (10, &[(1, Some(2)), (1, Some(3))], &[2, 3], 0),
            (10, &[], &[], 0),
        ] {
            assert_eq!(divided(total, parties), (portions.to_vec(), ups), "{total} {parties:?}");
        }
    }

    proptest! {
        #[test]
        fn all_is_given_and_those_with_a_remainder_are_more_than_those_that_get_one_more(
            total in 0_usize..5_000, parties in proptest::collection::vec((1_u64..=10_000, proptest::option::of(0_usize..300)), 1..40),
        ) {
            let parties: Vec<Party> = parties.into_iter().map(|(weight, most)| Party { weight, most }).collect();
            let (portions, ups) = divide(total, &parties);
            let given: usize = portions.iter().map(|portion| portion.least).sum();
            let due = portions.iter().filter(|portion| portion.remainder > 0).count();
            prop_assert!(ups == 0 || ups < due);
            let all_bound = portions.iter().zip(&parties).all(|(portion, party)| party.most == Some(portion.least));
            prop_assert!(given + ups == total || (all_bound && given <= total));
            prop_assert!(portions.iter().zip(&parties).all(|(portion, party)| party.most.is_none_or(|most| portion.least + usize::from(portion.remainder > 0) <= most)));
        }
    }
}
