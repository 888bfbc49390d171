//! Following trails back from the head, commit by commit: by sequence, without a search.

use aether_core::{ActorId, Version};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::error::Failure;
use crate::frame::Frame;
use crate::plan::MOST_BY_TRAIL;
use crate::store::Inner;

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
        let mut chain = Chain::new(from, head);
        let (mut gets, subject) = (FuturesUnordered::new(), &*self.events_subject(actor));
        let mut latest = 0;
        loop {
            match chain.after(latest) {
                Next::Nothing => {}
                Next::Broken => return Ok(None),
                // The oldest first: it says where to go on while the others are still on their way.
                Next::Page(page) => {
                    for (place, sequence) in page.into_iter().rev() {
                        gets.push(async move { (place, self.commit(actor, subject, sequence).await) });
                    }
                }
            }
            match gets.next().await {
                None => return Ok(chain.finish()),
                Some((place, frame)) => match frame? {
                    Some(frame) => chain.put(place, frame),
                    None => return Ok(None),
                },
            }
            latest = chain.places() - 1;
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

/// The commits that trails led to so far, newest first. Trails and messages may lie.
#[derive(Debug)]
struct Chain {
    from: Version,
    commits: Vec<Option<Frame>>,
    /// The place whose trail was followed last.
    followed: Option<usize>,
    bytes: usize,
}

/// Where a commit leads.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Not known yet, followed already, or far enough.
    Nothing,
    /// Not to everything that is wanted.
    Broken,
    /// To commits at these sequences, with their places in the chain.
    Page(Vec<(usize, u64)>),
}

impl Chain {
    fn new(from: Version, head: Frame) -> Self {
        let bytes = head.payload.len();
        Self { from, commits: vec![Some(head)], followed: None, bytes }
    }

    fn places(&self) -> usize {
        self.commits.len()
    }

    fn put(&mut self, place: usize, frame: Frame) {
        self.bytes += frame.payload.len();
        if let Some(commit) = self.commits.get_mut(place) {
            *commit = Some(frame);
        }
    }

    /// Returns where the commit at the last place leads, once.
    fn after(&mut self, place: usize) -> Next {
        let Some(Some(frame)) = self.commits.get(place) else {
            return Next::Nothing;
        };
        if self.followed == Some(place) || !lacks_more(frame, self.from) {
            return Next::Nothing;
        }
        let trail = &frame.said.trail;
        let is_too_much = self.places() > MOST_BY_TRAIL || self.bytes > MOST_BYTES;
        let Some(follows) = frame.said.follows.filter(|_| !trail.is_empty() && !is_too_much) else {
            return Next::Broken;
        };
        let wanted = (follows.number() + 1).saturating_sub(self.from.number().max(1));
        // Half as many events in the earlier ones as in this one, or not less than one.
        let commits = (2 * wanted.div_ceil(frame.events.len().max(1) as u64)).min(wanted);
        let count = usize::try_from(commits).unwrap_or(usize::MAX).clamp(1, trail.len());
        let page = (self.places()..).zip(trail.iter().copied().take(count)).collect();
        self.followed = Some(place);
        self.commits.extend(std::iter::repeat_n(None, count));
        Next::Page(page)
    }

    /// Returns the commits, oldest first, if each is the one right before the next.
    fn finish(self) -> Option<Vec<Frame>> {
        let mut commits: Vec<Frame> = self.commits.into_iter().collect::<Option<_>>()?;
        let pairs = commits.iter().zip(commits.iter().skip(1));
        if !pairs.clone().all(|(later, frame)| is_before(frame, later)) {
            return None;
        }
        commits.reverse();
        Some(commits)
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
    use crate::trail;

    fn version(number: u64) -> Version {
        Version::new(number).unwrap()
    }

    /// A commit at `sequence` of the versions from `first` to `last`.
    fn frame(sequence: u64, first: u64, last: u64, trail: &[u64]) -> Frame {
        let actor = ActorId::new("a-1").unwrap();
        let content = || NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
        let events: Vec<_> =
            (first..=last).map(|number| Event::new(actor.clone(), version(number), content())).collect();
        let said = Said { follows: Some(version(first - 1)), trail: trail.to_vec(), ..Said::default() };
        Frame { partition: 0, sequence, said, events, version: version(last), payload: Bytes::new() }
    }

    /// A history of commits of these sizes, the sequences three apart.
    fn history(sizes: &[u64]) -> Vec<Frame> {
        let (mut commits, mut last, mut trail) = (Vec::new(), 0, Vec::new());
        for (sequence, size) in (1..).map(|n| 3 * n).zip(sizes) {
            commits.push(frame(sequence, last + 1, last + size, &trail));
            trail = trail::with(sequence, &trail);
            last += size;
        }
        commits
    }

    /// Follows trails in what `get` finds, and returns what comes of it and how many pages it took.
    fn follow(from: Version, head: Frame, get: impl Fn(u64) -> Option<Frame>) -> (Option<Vec<Frame>>, usize) {
        let (mut chain, mut pages) = (Chain::new(from, head), 0);
        loop {
            match chain.after(chain.places() - 1) {
                Next::Nothing => return (chain.finish(), pages),
                Next::Broken => return (None, pages),
                Next::Page(page) => {
                    pages += 1;
                    for (place, sequence) in page {
                        match get(sequence) {
                            Some(frame) => chain.put(place, frame),
                            None => return (None, pages),
                        }
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_trail_leads_to_everything_that_is_wanted(sizes in proptest::collection::vec(1u64..5, 1..80), from in 0u64..100) {
            let all = history(&sizes);
            let head = all.last().unwrap().clone();
            let from = version(from.min(head.version.number()));
            let get = |sequence| all.iter().find(|frame| frame.sequence == sequence).cloned();
            let (found, pages) = follow(from, head, get);
            let found = found.unwrap();
            prop_assert!(found.first().unwrap().first_version() <= from.max(Version::FIRST));
            prop_assert_eq!(&all[all.len() - found.len()..], &found[..], "in order, without a gap");
            prop_assert!(pages < all.len().max(1), "{} pages", pages);
        }

        /// Whatever trails and messages say: an end, and either what is right before each other or nothing.
        #[test]
        fn lies_lead_nowhere(trails in proptest::collection::vec(proptest::collection::vec(0u64..40, 0..6), 1..20), versions in proptest::collection::vec(1u64..30, 20), from in 0u64..20) {
            let all: Vec<_> = (1..).zip(trails.iter().zip(&versions)).map(|(sequence, (trail, first))| frame(sequence, *first, *first, trail)).collect();
            let get = |sequence| all.iter().find(|frame| frame.sequence == sequence).cloned();
            if let (Some(found), _) = follow(version(from), all.last().unwrap().clone(), get) {
                prop_assert!(found.iter().zip(&found[1..]).all(|(frame, later)| is_before(frame, later)));
                prop_assert!(!lacks_more(&found[0], version(from)));
            }
        }
    }

    #[test]
    fn as_many_are_asked_for_at_once_as_a_trail_names() {
        for (sizes, pages) in [([1; 16], 1), ([3; 16], 1)] {
            let all = history(&sizes);
            let get = |sequence| all.iter().find(|frame| frame.sequence == sequence).cloned();
            assert_eq!(follow(Version::FIRST, all.last().unwrap().clone(), get).1, pages);
        }
        let all = history(&[1; 81]);
        let get = |sequence| all.iter().find(|frame| frame.sequence == sequence).cloned();
        assert_eq!(follow(Version::FIRST, all.last().unwrap().clone(), get).1, 5);
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
