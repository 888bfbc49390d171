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
/// A party with a bound gets its part rounded up, or its bound where that is less; those without one share the rest. So what
/// the others get does not change while parties with bounds above their parts come down to these, and their bounds with them.
pub(super) fn divide(total: usize, parties: &[Party]) -> (Vec<Portion>, usize) {
    let level = Level::find(total, parties);
    if parties.iter().all(|party| party.most.is_some()) {
        let portions = parties.iter().map(|party| level.portion(party));
        return with_ups(total, portions.collect());
    }
    let bounded = || parties.iter().filter(|party| party.most.is_some());
    let least: usize = bounded().map(|party| level.portion(party).least).sum();
    let mut ups = total.saturating_sub(least);
    let mut rounded_up = |party: &Party| {
        let Portion { least, remainder } = level.portion(party);
        let up = usize::from(remainder > 0).min(ups);
        ups -= up;
        least + up
    };
    let of_bounded: Vec<usize> = bounded().map(&mut rounded_up).collect();
    let rest = Level {
        rest: total.saturating_sub(of_bounded.iter().sum()) as u64,
        weight: parties.iter().filter(|party| party.most.is_none()).map(|party| party.weight).sum(),
    };
    let mut of_bounded = of_bounded.into_iter();
    let portions = parties.iter().map(|party| match party.most {
        Some(_) => Portion { least: of_bounded.next().unwrap_or_default(), remainder: 0 },
        None => rest.portion(party),
    });
    with_ups(total, portions.collect())
}

fn with_ups(total: usize, portions: Vec<Portion>) -> (Vec<Portion>, usize) {
    let given: usize = portions.iter().map(|portion| portion.least).sum();
    let ups =
        if portions.iter().any(|portion| portion.remainder > 0) { total.saturating_sub(given) } else { 0 };
    (portions, ups)
}

/// What is left for those who are not at their bounds, and their weight.
#[derive(Debug, Clone, Copy)]
struct Level {
    rest: u64,
    weight: u64,
}

impl Level {
    /// Finds what is left when each party whose bound is not above its part has taken that.
    fn find(total: usize, parties: &[Party]) -> Self {
        let weight = parties.iter().map(|party| party.weight).sum();
        let mut level = Self { rest: total as u64, weight };
        loop {
            // What those at their bounds leave is only ever more, so each of them stays there.
            let (mut rest, mut weight) = (total as u64, 0);
            for party in parties {
                match level.bound(party) {
                    Some(most) => rest = rest.saturating_sub(most as u64),
                    None => weight += party.weight,
                }
            }
            if weight == level.weight {
                return level;
            }
            level = Self { rest, weight };
        }
    }

    /// The bound of a party, where that is not above its part.
    fn bound(self, party: &Party) -> Option<usize> {
        party.most.filter(|most| *most as u64 * self.weight <= self.rest * party.weight)
    }

    fn portion(self, party: &Party) -> Portion {
        let due = self.rest * party.weight;
        let least = due.checked_div(self.weight).unwrap_or_default();
        let portion = Portion {
            least: usize::try_from(least).unwrap_or(usize::MAX),
            remainder: due.checked_rem(self.weight).unwrap_or_default(),
        };
        self.bound(party).map_or(portion, |least| Portion { least, remainder: 0 })
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
            (10, &[(1, Some(4)), (1, None), (1, None)], &[4, 3, 3], 0),
            // Two parts of 1/3, rounded up, are more than there is: the first one has it.
            (1, &[(1, Some(1)), (1, Some(1)), (1, None)], &[1, 0, 0], 0),
            (10, &[(1, Some(9)), (1, Some(9)), (1, Some(1))], &[4, 4, 1], 1),
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
            prop_assert!(given + ups == total || (all_bound && given < total));
            prop_assert!(portions.iter().zip(&parties).all(|(portion, party)| party.most.is_none_or(|most| portion.least + usize::from(portion.remainder > 0) <= most)));
        }
    }
}
