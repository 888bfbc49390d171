//! How to read a history: a pure decision by what the head shows and by what each way costs.

use aether_core::Version;

/// What the ways cost, in microseconds, about. Only the ratios matter: measured with `cargo xtask bench store`.
mod cost {
    /// One request and its answer.
    pub(super) const ROUND_TRIP: f64 = 60.0;
    /// One of many gets by sequence in flight.
    pub(super) const GET: f64 = 9.0;
    /// Making and deleting a consumer on one server, and where replicas have to agree on it.
    pub(super) const CONSUMER: f64 = 200.0;
    pub(super) const CONSUMER_OF_REPLICAS: f64 = 1_500.0;
    /// A message that a consumer sends, or a page.
    pub(super) const SENT: f64 = 1.6;
    pub(super) const PAGED: f64 = 5.5;
    /// A message of others that the server passes over in search of the subject's.
    pub(super) const PASSED: f64 = 0.08;
}

/// The most commits that are followed along trails, since they are held in memory until the last one has come.
pub(crate) const MOST_BY_TRAIL: usize = 4_096;
/// The most messages of a page: well below what a client's subscription buffers.
pub(crate) const PAGE: u64 = 256;
/// The requests that it takes to find a version's message, about.
const SEEK: f64 = 4.0;

/// What is known before a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Known {
    /// The first version that is wanted.
    pub(crate) from: Version,
    /// The latest version.
    pub(crate) head: Version,
    /// The number of events in the head's message.
    pub(crate) events: u64,
    /// The number of earlier commits that the head's message leads to.
    pub(crate) trail: u64,
    /// How many messages of the stream lie between two of the actor's commits, as far as the trail shows.
    pub(crate) apart: u64,
    /// Whether the server sends pages (2.11 and later).
    pub(crate) pages: bool,
    /// How many servers keep the stream.
    pub(crate) replicas: u64,
}

/// How to get the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// There are none.
    Nothing,
    /// Follow the trail back from the head, commit by commit.
    Trail,
    /// Ask for the first messages of the subject, at once.
    Page,
    /// Have a consumer send everything of the subject.
    Consumer,
    /// Find the message that holds the first version, and have a consumer send everything after it.
    Seek,
}

/// Chooses how to read.
pub(crate) fn plan(known: Known) -> Plan {
    let head = known.head.number();
    let wanted = (head + 1).saturating_sub(known.from.number().max(1));
    if wanted == 0 {
        return Plan::Nothing;
    }
    // The head's own message is enough.
    if wanted <= known.events.max(1) {
        return Plan::Trail;
    }
    let per_commit = known.events.max(1);
    let commits = wanted.div_ceil(per_commit);
    let apart = if known.trail > 0 { known.apart as f64 } else { 0.0 };
    let sent = |commits: u64, each: f64| commits as f64 * (each + apart * cost::PASSED);
    let all = head.div_ceil(per_commit);
    let consumer = if known.replicas > 1 { cost::CONSUMER_OF_REPLICAS } else { cost::CONSUMER };
    let ways = [
        (
            Plan::Trail,
            known.trail > 0 && commits <= MOST_BY_TRAIL as u64,
            cost::ROUND_TRIP + (commits - 1) as f64 * cost::GET,
        ),
        (
            Plan::Page,
            known.trail == 0 && known.pages && head <= PAGE,
            cost::ROUND_TRIP + sent(all, cost::PAGED),
        ),
        (Plan::Consumer, true, consumer + sent(all, cost::SENT)),
        // Without a trail little is known of what lies there.
        (Plan::Seek, known.trail > 0, consumer + SEEK * cost::ROUND_TRIP + sent(commits, cost::SENT)),
    ];
    let possible = ways.into_iter().filter(|(_, possible, _)| *possible);
    possible.min_by(|(.., a), (.., b)| a.total_cmp(b)).map_or(Plan::Consumer, |(way, ..)| way)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(from: u64, head: u64, trail: u64, apart: u64) -> Known {
        let (from, head) = (Version::new(from).unwrap(), Version::new(head).unwrap());
        Known { from, head, events: 1, trail, apart, pages: true, replicas: 1 }
    }

    #[test]
    fn the_table_of_decisions() {
        let scattered = 10_000;
        for (name, known, wanted) in [
            ("no events", known(1, 0, 0, 0), Plan::Nothing),
            ("above the head", known(6, 5, 4, 1), Plan::Nothing),
            ("far above the head", known(u64::MAX >> 1, 5, 4, 1), Plan::Nothing),
            ("one event, from 0", known(0, 1, 0, 0), Plan::Trail),
            ("the head's event alone, without a trail", known(5, 5, 0, 0), Plan::Trail),
            ("the head's commit", Known { events: 10, ..known(91, 100, 0, 0) }, Plan::Trail),
            ("few, close together", known(1, 5, 4, 1), Plan::Trail),
            ("few, scattered", known(1, 10, 9, scattered), Plan::Trail),
            ("a tail", known(100_000, 100_010, 16, 1), Plan::Trail),
            ("a thousand, scattered", known(1, 1_000, 16, scattered), Plan::Trail),
            ("a thousand, close together", known(1, 1_000, 16, 1), Plan::Consumer),
            ("a hundred, close together", known(1, 100, 16, 1), Plan::Consumer),
            (
                "a hundred, close together, replicated",
                Known { replicas: 3, ..known(1, 100, 16, 1) },
                Plan::Trail,
            ),
            (
                "a thousand in packed commits, close together",
                Known { events: 100, ..known(1, 1_000, 9, 1) },
                Plan::Trail,
            ),
            ("too many to hold, scattered", known(1, 10_000, 16, scattered), Plan::Consumer),
            ("all of a long history", known(1, 100_000, 16, 1), Plan::Consumer),
            ("the second half of a long history", known(50_000, 100_000, 16, 1), Plan::Seek),
            ("no trail, few", known(1, 20, 0, 0), Plan::Page),
            ("no trail, few, an old server", Known { pages: false, ..known(1, 20, 0, 0) }, Plan::Consumer),
            ("no trail, a hundred", known(1, 100, 0, 0), Plan::Consumer),
            ("no trail, a hundred, replicated", Known { replicas: 3, ..known(1, 100, 0, 0) }, Plan::Page),
            ("no trail, many", known(1, 1_000, 0, 0), Plan::Consumer),
            ("no trail, a tail of many", known(900, 1_000, 0, 0), Plan::Consumer),
        ] {
            assert_eq!(plan(known), wanted, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_head_overflows(from: u64, head: u64, events: u64, trail in 0u64..20, apart: u64, pages: bool, replicas in 0u64..6) {
            let (from, head) = (Version::new(from >> 1).unwrap(), Version::new(head >> 1).unwrap());
            let _ = plan(Known { from, head, events, trail, apart, pages, replicas });
        }
    }
}
