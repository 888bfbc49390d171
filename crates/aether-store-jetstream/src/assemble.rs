//! Turning stored messages into the events that were asked for, without passing over what is missing. Pure.

use aether_core::error::HistoryTruncated;
use aether_core::{ActorId, Position, ReadError, RecordedEvent, ReplayError, Version};

use crate::digest::Digest;
use crate::frame::Frame;

/// Takes the messages of one actor in order, from some point on.
#[derive(Debug)]
pub(crate) struct Assembly {
    actor: ActorId,
    from: Version,
    /// The version up to which nothing is missing, as far as it is wanted.
    known: Version,
    /// Whether a message that could not be read may stand for the versions that seem to be missing.
    unsure: bool,
    /// The digest before the next message, where that is known: nothing is, before the first message of a history.
    digest: Option<Option<Digest>>,
}

impl Assembly {
    pub(crate) fn new(actor: ActorId, from: Version) -> Self {
        Self { actor, from, known: from.previous(), unsure: false, digest: None }
    }

    /// Returns the next version that is wanted.
    pub(crate) fn wanted(&self) -> Version {
        self.known.next().unwrap_or(self.known)
    }

    /// Takes the next message and returns its events, as far as they are wanted.
    pub(crate) fn take(
        &mut self,
        frame: Result<Frame, Box<ReplayError>>,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                (self.unsure, self.digest) = (true, None);
                return Err(error.into());
            }
        };
        let follows = frame.said.follows.filter(|_| !self.unsure);
        if follows.is_some_and(|follows| follows > self.known) {
            let first_available = frame.first_version();
            let (actor, wanted) = (self.actor.clone(), self.wanted());
            return Err(Box::new(HistoryTruncated { actor, wanted, first_available }).into());
        }
        self.unsure &= frame.is_claim();
        self.known = self.known.max(frame.version);
        self.check_digest(&frame)?;
        let (partition, sequence, from) = (frame.partition, frame.sequence, self.from);
        let recorded = RecordedEvent::of_commit(frame.events, partition, sequence);
        Ok(recorded.filter(|event| event.version() >= from).collect())
    }

    /// Checks that a commit's digest continues the one before it, where both are known.
    fn check_digest(&mut self, frame: &Frame) -> Result<(), ReadError> {
        let is_first = frame.said.base == Some(0);
        let before = self.digest.or(is_first.then_some(None));
        self.digest = Some(frame.said.digest);
        match (before, frame.said.digest) {
            (Some(before), Some(digest)) if !frame.is_claim() => {
                if Digest::next(before, &frame.payload) == digest {
                    return Ok(());
                }
                Err(self.broken(frame, "its digest does not continue the history before it"))
            }
            (Some(Some(_)), None) => Err(self.broken(frame, "its digest is missing")),
            _ => Ok(()),
        }
    }

    fn broken(&self, frame: &Frame, why: &str) -> ReadError {
        ReadError::Malformed(Box::new(ReplayError {
            actor: Some(self.actor.clone()),
            position: Some(Position::new(frame.partition, frame.sequence, 0, None)),
            raw: frame.payload.clone(),
            source: why.into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use aether_core::{Event, NewEvent, RawJson};
    use bytes::Bytes;

    use super::*;
    use crate::headers::{Body, Said};

    fn version(number: u64) -> Version {
        Version::new(number).unwrap()
    }

    fn actor() -> ActorId {
        ActorId::new("a-1").unwrap()
    }

    /// A commit of the versions from `first` to `last`, or a claim at `last` when there are none.
    fn frame(sequence: u64, follows: Option<u64>, first: u64, last: u64) -> Result<Frame, Box<ReplayError>> {
        let content = || NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
        let events: Vec<_> = (first..=last).map(|v| Event::new(actor(), version(v), content())).collect();
        let said = Said { follows: follows.map(version), body: Body::Single, ..Said::default() };
        Ok(Frame {
            partition: 0,
            sequence,
            said,
            events,
            version: version(last),
            payload: Bytes::from_static(b"payload"),
        })
    }

    fn broken() -> Result<Frame, Box<ReplayError>> {
        let (actor, raw) = (Some(actor()), Bytes::from_static(b"{}"));
        Err(Box::new(ReplayError { actor, position: None, raw, source: "broken".into() }))
    }

    /// The versions that come out, and what ends them.
    fn run(from: u64, frames: Vec<Result<Frame, Box<ReplayError>>>) -> (Vec<u64>, Option<String>) {
        let mut assembly = Assembly::new(actor(), version(from));
        let mut versions = Vec::new();
        for frame in frames {
            match assembly.take(frame) {
                Ok(events) => versions.extend(events.iter().map(|event| event.version().number())),
                Err(ReadError::Malformed(_)) => versions.push(0),
                Err(error) => return (versions, Some(error.to_string())),
            }
        }
        (versions, None)
    }

    #[test]
    fn what_is_wanted_comes_out_across_commits_and_claims() {
        let frames = || vec![frame(1, Some(0), 1, 3), frame(2, Some(3), 4, 3), frame(5, Some(3), 4, 4)];
        assert_eq!(run(1, frames()), (vec![1, 2, 3, 4], None));
        assert_eq!(run(0, frames()), (vec![1, 2, 3, 4], None));
        assert_eq!(run(3, frames()), (vec![3, 4], None));
        assert_eq!(run(9, frames()), (vec![], None));
    }

    #[test]
    fn a_missing_beginning_or_middle_is_said_with_the_first_version_there_is() {
        let (versions, end) = run(1, vec![frame(5, Some(2), 3, 3)]);
        assert!(
            versions.is_empty() && end.unwrap().contains("before version 3 is gone, version 1 was wanted")
        );
        let (versions, end) = run(1, vec![frame(1, Some(0), 1, 1), frame(5, Some(3), 4, 4)]);
        assert!(versions == [1] && end.unwrap().contains("before version 4 is gone, version 2 was wanted"));
        assert_eq!(run(3, vec![frame(5, Some(2), 3, 3)]), (vec![3], None));
    }

    #[test]
    fn versions_that_were_skipped_on_purpose_are_not_missing() {
        assert_eq!(run(1, vec![frame(1, Some(0), 5, 5), frame(2, Some(5), 9, 9)]), (vec![5, 9], None));
        assert_eq!(run(1, vec![frame(1, None, 3, 3), frame(2, None, 7, 7)]), (vec![3, 7], None));
    }

    /// A commit of one version with a digest.
    fn audited(at: u64, base: u64, digest: Digest) -> Result<Frame, Box<ReplayError>> {
        let mut frame = frame(at, Some(at - 1), at, at)?;
        (frame.said.base, frame.said.digest) = (Some(base), Some(digest));
        Ok(frame)
    }

    #[test]
    fn a_digest_that_does_not_continue_the_history_is_found_out() {
        let first = Digest::next(None, b"payload");
        let second = Digest::next(Some(first), b"payload");
        let third = Digest::next(Some(second), b"payload");
        let history = |second| vec![audited(1, 0, first), audited(2, 1, second), audited(3, 2, third)];
        assert_eq!(run(1, history(second)), (vec![1, 2, 3], None));
        // The second was changed together with its digest: the third no longer follows.
        assert_eq!(run(1, history(Digest::next(Some(first), b"forged"))).0, [1, 0, 0]);
        assert_eq!(run(1, vec![audited(1, 0, second)]).0, [0]);
        // What came before is not known where a read begins in the middle.
        assert_eq!(run(2, vec![audited(2, 1, second), audited(3, 2, third)]), (vec![2, 3], None));
    }

    #[test]
    fn a_malformed_message_stands_for_itself_and_harms_no_neighbor() {
        let frames =
            vec![frame(1, Some(0), 1, 1), broken(), frame(3, Some(2), 3, 3), frame(4, Some(3), 4, 4)];
        assert_eq!(run(1, frames), (vec![1, 0, 3, 4], None));
    }
}
