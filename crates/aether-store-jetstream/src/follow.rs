//! Following trails back from the head, commit by commit: by sequence, without a search.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use aether_core::{ActorId, Version};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::error::Failure;
use crate::frame::Frame;
use crate::plan::MOST_BY_TRAIL;
use crate::store::Inner;
use crate::trail::milestone_by;

/// The most bytes of payload that are held until the last commit has come.
const MOST_BYTES: usize = 32 << 20;

impl Inner {
    /// Returns the commits from the one that holds `from` to `head`, oldest first, or nothing when the trails do not lead
    /// there.
    pub(crate) async fn follow(
        &self,
        actor: &ActorId,
        from: Version,
        head: Frame,
    ) -> Result<Option<Vec<Frame>>, Failure> {
        let (mut gets, subject) = (FuturesUnordered::new(), &*self.events_subject(actor));
        let mut chain = Chain::new(from);
        let mut next = chain.put(head);
        loop {
            let Ok(sequences) = next else {
                return Ok(None);
            };
            // The furthest first: they say where to go on while the others are still on their way.
            for sequence in sequences {
                gets.push(async move { self.commit(actor, subject, sequence).await });
            }
            next = match gets.next().await {
                None => return Ok(chain.finish()),
                Some(frame) => match frame? {
                    Some(frame) => chain.put(frame),
                    None => return Ok(None),
                },
            };
        }
    }

    /// Fetches a commit that a trail names; whatever is not one of this actor is nothing.
    async fn commit(&self, actor: &ActorId, subject: &str, sequence: u64) -> Result<Option<Frame>, Failure> {
        let found = match self.api.direct_at(&self.stream, sequence).await? {
            // A replica that lags behind has not seen it yet.
            None => self.api.leader_at(&self.stream, sequence).await?,
            found => found,
        };
        let found = found.filter(|found| found.subject == subject);
        Ok(found
            .and_then(|found| Frame::read(&found.message, actor, self.partition).ok())
            .filter(|frame| !frame.is_claim()))
    }
}

/// The commits that trails led to so far. Trails and messages may lie.
#[derive(Debug)]
struct Chain {
    from: Version,
    found: Vec<Frame>,
    /// The sequences that were asked for, and whether to go on where they lead.
    asked: BTreeMap<u64, bool>,
    bytes: usize,
}

/// Says that the trails do not lead to everything that is wanted.
#[derive(Debug, PartialEq, Eq)]
struct Broken;

impl Chain {
    fn new(from: Version) -> Self {
        Self { from: from.max(Version::FIRST), found: Vec::new(), asked: BTreeMap::new(), bytes: 0 }
    }

    /// Adds a commit, and returns the sequences of those to ask for next: the furthest first.
    fn put(&mut self, frame: Frame) -> Result<Vec<u64>, Broken> {
        self.bytes += frame.payload.len();
        // The head was not asked for.
        let leads_on = *self.asked.entry(frame.sequence).or_insert(true);
        let next = if leads_on { self.after(&frame)? } else { Vec::new() };
        self.found.push(frame);
        Ok(next)
    }

    /// Returns where a commit leads that was not asked for already.
    fn after(&mut self, frame: &Frame) -> Result<Vec<u64>, Broken> {
        if !lacks_more(frame, self.from) {
            return Ok(Vec::new());
        }
        let trail = &frame.said.trail;
        let is_too_much = self.asked.len() > MOST_BY_TRAIL || self.bytes > MOST_BYTES;
        let follows =
            frame.said.follows.filter(|_| !trail.commits().is_empty() && !is_too_much).ok_or(Broken)?;
        let wanted = (follows.number() + 1).saturating_sub(self.from.number());
        // Half as many events in the earlier ones as in this one, or not less than one.
        let count = (2 * wanted.div_ceil(frame.events.len().max(1) as u64)).min(wanted);
        let near = trail.commits().iter().take(usize::try_from(count).unwrap_or(usize::MAX)).rev();
        let far = trail.milestone().filter(|_| milestone_by(follows) >= self.from.number());
        // The oldest of the commits leads to those before it, as the milestone does.
        let ends = [far, near.clone().next().copied()];
        let all = far.into_iter().chain(near.copied());
        let all = all.filter(|sequence| match self.asked.entry(*sequence) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(ends.contains(&Some(*sequence)));
                true
            }
        });
        Ok(all.collect())
    }

    /// Returns the commits, oldest first, if each is the one right before the next and nothing is lacking.
    fn finish(self) -> Option<Vec<Frame>> {
        let mut commits = self.found;
        commits.sort_unstable_by_key(|frame| frame.sequence);
        let mut pairs = commits.iter().zip(commits.iter().skip(1));
        let is_whole = commits.first().is_some_and(|first| !lacks_more(first, self.from))
            && pairs.all(|(frame, later)| is_before(frame, later));
        is_whole.then_some(commits)
    }
}

/// Says whether `frame` is the commit right before `later`. Both may lie: sequences and versions must fall.
fn is_before(frame: &Frame, later: &Frame) -> bool {
    frame.sequence < later.sequence
        && later.said.follows == Some(frame.version)
        && frame.said.follows.is_none_or(|follows| follows < frame.first_version())
}

/// Says whether versions before `frame` are wanted.
fn lacks_more(frame: &Frame, from: Version) -> bool {
    let from = from.max(Version::FIRST);
    match frame.said.follows {
        Some(follows) => follows >= from,
        None => frame.first_version() > from,
    }
}

#[cfg(test)]
mod tests {
    use aether_core::{Event, NewEvent, RawJson};
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::headers::Said;
    use crate::trail::{LENGTH, Trail};

    fn version(number: u64) -> Version {
        Version::new(number).unwrap()
    }

    /// A commit at `sequence` of the versions from `first` to `last`.
    fn frame(sequence: u64, first: u64, last: u64, trail: Trail) -> Frame {
        let actor = ActorId::new("a-1").unwrap();
        let content = || NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
        let events: Vec<_> =
            (first..=last).map(|number| Event::new(actor.clone(), version(number), content())).collect();
        let said = Said { follows: Some(version(first - 1)), trail, ..Said::default() };
        Frame { partition: 0, sequence, said, events, version: version(last), payload: Bytes::new() }
    }

    /// A history of commits of these sizes, the sequences three apart.
    fn history(sizes: &[u64]) -> Vec<Frame> {
        let (mut commits, mut last, mut trail) = (Vec::new(), 0, Trail::default());
        for (sequence, size) in (1..).map(|n| 3 * n).zip(sizes) {
            commits.push(frame(sequence, last + 1, last + size, trail));
            trail = trail.with(sequence, Some(version(last)), version(last + size));
            last += size;
        }
        commits
    }

    /// Follows trails in what `get` finds, and returns what comes of it and how many round trips it took.
    fn follow(from: Version, head: Frame, get: impl Fn(u64) -> Option<Frame>) -> (Option<Vec<Frame>>, usize) {
        let mut chain = Chain::new(from);
        let Ok(mut asked) = chain.put(head) else { return (None, 0) };
        let mut round_trips = 0;
        while !asked.is_empty() {
            round_trips += 1;
            let Some(found) = asked.into_iter().map(&get).collect::<Option<Vec<_>>>() else {
                return (None, round_trips);
            };
            match found.into_iter().map(|frame| chain.put(frame)).collect::<Result<Vec<_>, _>>() {
                Ok(next) => asked = next.concat(),
                Err(Broken) => return (None, round_trips),
            }
        }
        (chain.finish(), round_trips)
    }

    proptest! {
        #[test]
        fn a_trail_leads_to_everything_that_is_wanted(sizes in proptest::collection::vec(1u64..5, 1..200), from in 0u64..400) {
            let all = history(&sizes);
            let head = all.last().unwrap().clone();
            let from = version(from.min(head.version.number()));
            let get = |sequence| all.iter().find(|frame| frame.sequence == sequence).cloned();
            let (found, round_trips) = follow(from, head, get);
            let found = found.unwrap();
            prop_assert!(found.first().unwrap().first_version() <= from.max(Version::FIRST));
            prop_assert_eq!(&all[all.len() - found.len()..], &found[..], "in order, without a gap");
            // What is asked for near the end has at least half of the events that are left, at four for each commit.
            prop_assert!(round_trips <= sizes.len().div_ceil(LENGTH) + 5, "{} round trips", round_trips);
        }

        /// Whatever trails and messages say: an end, and either what is right before each other or nothing.
        #[test]
        fn lies_lead_nowhere(trails in proptest::collection::vec("[A-H]{0,5}([.][A-H])?", 1..20), versions in proptest::collection::vec(1u64..30, 20), from in 0u64..20) {
            let trail = |(sequence, text): (u64, &String)| Trail::decode(sequence, text);
            let trails: Vec<_> = (3..).zip(&trails).map(trail).collect();
            let all: Vec<_> = (1..).zip(trails.into_iter().zip(&versions)).map(|(sequence, (trail, first))| frame(sequence, *first, *first, trail)).collect();
            let get = |sequence| all.iter().find(|frame| frame.sequence == sequence).cloned();
            if let (Some(found), _) = follow(version(from), all.last().unwrap().clone(), get) {
                prop_assert!(found.iter().zip(&found[1..]).all(|(frame, later)| is_before(frame, later)));
                prop_assert!(!lacks_more(&found[0], version(from)));
            }
        }
    }

    #[test]
    fn milestones_save_round_trips() {
        for (commits, size, round_trips) in [
            (1, 1, 0),
            (17, 1, 1),
            (17, 3, 1),
            (81, 1, 5),
            (128, 1, 8),
            (1_000, 1, 15),
            (1_000, 3, 26),
            (4_000, 1, 39),
        ] {
            let all = history(&vec![size; commits]);
            let get = |sequence| all.get((sequence / 3) as usize - 1).cloned();
            let (found, took) = follow(Version::FIRST, all.last().unwrap().clone(), get);
            assert_eq!(found.unwrap().len(), commits);
            assert!(took <= round_trips, "{commits} commits of {size}: {took} round trips");
        }
    }

    #[test]
    fn what_is_not_wanted_is_not_asked_for() {
        let all = history(&[1; 200]);
        let asked = std::cell::Cell::new(0);
        let get = |sequence| {
            asked.set(asked.get() + 1);
            all.get((sequence / 3) as usize - 1).cloned()
        };
        assert_eq!(follow(version(191), all.last().unwrap().clone(), get).0.unwrap().len(), 10);
        assert_eq!(asked.get(), 9);
    }

    #[test]
    fn what_is_missing_or_belongs_to_others_breaks_the_chain() {
        let all = history(&[1; 20]);
        let get = |sequence| all.iter().find(|frame| frame.sequence == sequence).cloned();
        let head = || all.last().unwrap().clone();
        assert!(follow(Version::FIRST, head(), get).0.is_some());
        let without = |missing| move |sequence| get(sequence).filter(|frame| frame.sequence != missing);
        assert!(follow(Version::FIRST, head(), without(3)).0.is_none());
        let shifted = |sequence| get(sequence + 3);
        assert!(follow(Version::FIRST, head(), shifted).0.is_none());
        assert!(follow(version(20), head(), without(3)).0.is_some(), "not wanted");
    }
}
