//! How to read a history: a pure decision by what the head shows.

use aether_core::Version;

/// The most commits that are fetched one by one along trails; beyond that a consumer is cheaper.
const MOST_BY_TRAIL: u64 = 64;

/// What is known before a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// The first version that is wanted.
    pub(crate) from: Version,
    /// The latest version.
    pub(crate) head: Version,
    /// The number of earlier commits that the head's message leads to.
    pub(crate) trail: usize,
}

/// How to get the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// There are none.
    Nothing,
    /// Follow the trail back from the head, commit by commit.
    Trail,
    /// Have the server send everything of the subject.
    Consumer,
}

/// Chooses how to read.
pub(crate) fn plan(known: Known) -> Plan {
    let wanted = (known.head.number() + 1).saturating_sub(known.from.number().max(1));
    match wanted {
        0 => Plan::Nothing,
        // The head's own message is enough, or its trail leads on.
        1 => Plan::Trail,
        _ if known.trail == 0 => Plan::Consumer,
        wanted if wanted <= MOST_BY_TRAIL => Plan::Trail,
        _ => Plan::Consumer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_decisions() {
        for (from, head, trail, wanted) in [
            (1, 0, 0, Plan::Nothing),
            (6, 5, 16, Plan::Nothing),
            (u64::MAX >> 1, 5, 16, Plan::Nothing),
            (0, 1, 0, Plan::Trail),
            (1, 1, 0, Plan::Trail),
            (5, 5, 0, Plan::Trail),
            (1, 5, 0, Plan::Consumer),
            (1, 5, 4, Plan::Trail),
            (1, 64, 16, Plan::Trail),
            (1, 65, 16, Plan::Consumer),
            (100_000, 100_010, 16, Plan::Trail),
            (1, 100_000, 16, Plan::Consumer),
        ] {
            let (from, head) = (Version::new(from).unwrap(), Version::new(head).unwrap());
            assert_eq!(plan(Known { from, head, trail }), wanted, "from {from}, head {head}, trail {trail}");
        }
    }
}
