//! What became of an append whose answer was a conflict, or none: a pure function of what the log shows.

use aether_core::error::IdReused;
use aether_core::store::{Recognized, recognize};
use aether_core::{ActorId, Epoch, NewEvent, Version};

use crate::frame::Frame;

/// An append as it was tried.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) actor: &'a ActorId,
    pub(crate) events: &'a [NewEvent],
    pub(crate) epoch: Option<Epoch>,
}

/// What the log shows after the base of the first attempt, read at the leader.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    /// The messages after the base, in order.
    pub(crate) frames: &'a [Frame],
    /// Whether something between the base and them has expired.
    pub(crate) truncated: bool,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Ours is in the log, in the frame with this sequence.
    Stored { sequence: u64 },
    /// The ids are there with other content.
    Reused(IdReused),
    /// A higher epoch owns the actor.
    Fenced { current: Epoch },
    /// Others have appended; ours can never land after its base.
    Overtaken { current: Version },
    /// Only claims came after the base: go on after the last of them.
    Rebase,
    /// Nothing came after the base: no answer yet, the same bytes may be sent again.
    Retry,
    /// Part of what would tell has expired.
    Truncated,
}

/// Judges an attempt by what was found.
pub(crate) fn judge(attempt: &Attempt<'_>, found: &Found<'_>) -> Outcome {
    let mut commits = found.frames.iter().filter(|frame| !frame.is_claim());
    for frame in commits.clone() {
        match recognize(attempt.actor, None, &frame.events, attempt.events) {
            Recognized::Ours => {
                return Outcome::Stored { sequence: frame.sequence };
            }
            Recognized::Reused(reused) => return Outcome::Reused(reused),
            Recognized::Others | Recognized::Nothing => {}
        }
    }
    if found.truncated {
        return Outcome::Truncated;
    }
    let highest = found.frames.iter().filter_map(Frame::epoch).max();
    if let Some(current) = highest.filter(|highest| attempt.epoch.is_some_and(|ours| ours < *highest)) {
        return Outcome::Fenced { current };
    }
    match (commits.next_back(), found.frames.is_empty()) {
        (Some(last), _) => Outcome::Overtaken { current: last.version },
        (None, false) => Outcome::Rebase,
        (None, true) => Outcome::Retry,
    }
}

#[cfg(test)]
mod tests {
    use aether_core::{Event, EventId, RawJson, Timestamp};
    use bytes::Bytes;

    use super::*;
    use crate::headers::{Body, Said};

    fn event(id: &str, data: &str) -> NewEvent {
        let time: Timestamp = "2026-01-13T21:25:51Z".parse().unwrap();
        NewEvent::new("T".try_into().unwrap(), RawJson::parse(data.to_owned()).unwrap())
            .with_id(EventId::new(id).unwrap())
            .with_timestamp(time)
    }

    fn actor() -> ActorId {
        ActorId::new("a-1").unwrap()
    }

    /// A frame at `sequence` whose last version is `version`; without events it is a claim.
    fn frame(sequence: u64, version: u64, events: &[NewEvent], epoch: Option<u64>) -> Frame {
        let first = version + 1 - events.len() as u64;
        let events: Vec<_> = (first..)
            .zip(events)
            .map(|(v, e)| Event::new(actor(), Version::new(v).unwrap(), e.clone()))
            .collect();
        let body = if events.is_empty() { Body::Claim } else { Body::Packed(events.len() as u32) };
        let said = Said { epoch: epoch.map(Epoch::new), body, ..Said::default() };
        Frame {
            partition: 0,
            sequence,
            said,
            events,
            version: Version::new(version).unwrap(),
            payload: Bytes::new(),
        }
    }

    fn verdict(frames: &[Frame], truncated: bool, events: &[NewEvent], epoch: Option<u64>) -> Outcome {
        let actor = actor();
        let attempt = Attempt { actor: &actor, events, epoch: epoch.map(Epoch::new) };
        judge(&attempt, &Found { frames, truncated })
    }

    #[test]
    fn every_row_of_the_table() {
        let (a, b, x) = (event("a", "1"), event("b", "2"), event("x", "9"));
        let ours = [a.clone(), b.clone()];
        let others = frame(7, 5, &[x.clone()], None);
        let claim = frame(8, 5, &[], Some(4));

        assert_eq!(verdict(&[], false, &ours, None), Outcome::Retry);
        assert_eq!(verdict(&[frame(7, 6, &ours, None)], false, &ours, None), Outcome::Stored { sequence: 7 });
        let behind = [others.clone(), frame(9, 7, &ours, None)];
        assert_eq!(verdict(&behind, true, &ours, None), Outcome::Stored { sequence: 9 });
        assert_eq!(
            verdict(&[others.clone()], false, &ours, None),
            Outcome::Overtaken { current: Version::new(5).unwrap() }
        );
        assert_eq!(verdict(&[claim.clone()], false, &ours, Some(4)), Outcome::Rebase);
        assert_eq!(verdict(&[claim.clone()], false, &ours, None), Outcome::Rebase);
        assert_eq!(
            verdict(&[claim.clone()], false, &ours, Some(3)),
            Outcome::Fenced { current: Epoch::new(4) }
        );
        assert_eq!(
            verdict(&[others.clone(), claim], false, &ours, Some(3)),
            Outcome::Fenced { current: Epoch::new(4) }
        );
        assert_eq!(verdict(&[others], true, &ours, None), Outcome::Truncated);
        assert_eq!(verdict(&[], true, &ours, None), Outcome::Truncated);
        let changed = frame(7, 6, &[event("a", "7"), b.clone()], None);
        assert!(matches!(verdict(&[changed], false, &ours, None), Outcome::Reused(_)));
        let part = frame(7, 5, &[a], None);
        assert!(matches!(verdict(&[part], false, &ours, None), Outcome::Reused(_)));
        let more = frame(7, 7, &[ours[0].clone(), b, x], None);
        assert!(matches!(verdict(&[more], false, &ours, None), Outcome::Reused(_)));
    }
}
