//! Anchors: which versions of an actor may have been used, kept beside the snapshots and without age limit, so that an
//! actor whose events have all expired does not use them again.
//!
//! An anchor is acknowledged before the versions that it reserves are used. It also says where the actor stood then, and
//! which sequence of the stream of events lies before everything that uses the reservation: as long as the stream has lost
//! nothing after it, none of the reserved versions was used and has expired.

use std::sync::atomic::Ordering::Relaxed;

use aether_core::{ActorId, AppendError, ReplayError, Version};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::append::Appending;
use crate::error::Failure;
use crate::frame::Stored;
use crate::head::Known;
use crate::store::Inner;
use crate::{headers, subject};

/// A reservation of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// Where it is stored, in the stream of snapshots.
    pub(crate) sequence: u64,
    pub(crate) reserved: Reserved,
}

/// What an anchor reserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reserved {
    /// Where the actor stood: all of its events up to the sequence `since` have at most this version.
    pub(crate) from: Version,
    /// The last version that is reserved.
    pub(crate) up_to: Version,
    /// A sequence of the stream of events.
    pub(crate) since: u64,
}

/// The payload of an anchor.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    actor_id: String,
    from: u64,
    up_to: u64,
    since: u64,
}

impl Reserved {
    /// Returns what to reserve for versions up to `last` after `head`: `count` versions, or more if it takes them. Before
    /// the look that found no message, the handle had seen the sequence `seen`.
    pub(crate) fn after(head: &Known, last: Version, count: u64, seen: u64) -> Self {
        let wanted = head.version.number().saturating_add(count);
        let up_to = Version::new(wanted).unwrap_or(Version::MAX).max(last);
        let since = if head.sequence > 0 { head.sequence } else { seen };
        Self { from: head.version, up_to, since }
    }

    /// Returns where the actor stands that has no message in a stream whose first sequence is `first`.
    pub(crate) fn stands_at(&self, first: u64) -> Version {
        if first <= self.since.saturating_add(1) { self.from } else { self.up_to }
    }

    fn to_json(self, actor: &ActorId) -> Bytes {
        let (from, up_to) = (self.from.number(), self.up_to.number());
        let payload = json!(Payload { actor_id: actor.as_str().to_owned(), from, up_to, since: self.since });
        payload.to_string().into()
    }

    fn from_json(payload: &[u8], actor: &ActorId) -> Result<Self, String> {
        let said: Payload = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        if said.actor_id != actor.as_str() {
            return Err(format!("it belongs to actor {}", said.actor_id));
        }
        let version = |number| Version::new(number).map_err(|error| error.to_string());
        Ok(Self { from: version(said.from)?, up_to: version(said.up_to)?, since: said.since })
    }
}

/// Where an actor without messages stands.
#[derive(Debug)]
pub(crate) enum Empty {
    At(Version),
    /// It has messages after all.
    Not,
}

impl Inner {
    /// Returns the actor's anchor, if the store has anchors and the actor one; as the leader shows it.
    pub(crate) async fn anchor(&self, actor: &ActorId) -> Result<Option<Anchor>, Failure> {
        if self.anchors.is_none() {
            return Ok(None);
        }
        let subject = subject::anchor(&self.stream, actor);
        let message = self.api.leader_last(&self.snapshots, &subject).await?;
        message.map(|message| understand(&message, actor)).transpose()
    }

    /// Returns where an actor stands that has no messages, and this anchor.
    pub(crate) async fn without_messages(
        &self,
        actor: &ActorId,
        anchor: Option<Anchor>,
    ) -> Result<Empty, Failure> {
        let Some(anchor) = anchor else {
            return Ok(Empty::At(Version::INITIAL));
        };
        let state = self.state_of(&self.events_subject(actor)).await?;
        match state.messages_of_subject() {
            0 => Ok(Empty::At(anchor.reserved.stands_at(state.first_seq))),
            _ => Ok(Empty::Not),
        }
    }

    /// Returns a sequence that the stream of events is known to have reached.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.load(Relaxed)
    }

    /// Remembers that the stream of events has reached `sequence`.
    pub(crate) fn see(&self, sequence: u64) {
        self.seen.fetch_max(sequence, Relaxed);
    }
}

fn understand(message: &Stored, actor: &ActorId) -> Result<Anchor, Failure> {
    let reserved = Reserved::from_json(&message.payload, actor);
    let reserved = reserved.map_err(|why| {
        let source = format!("message {} of the stream of snapshots is no anchor: {why}", message.sequence);
        let (actor, raw) = (Some(actor.clone()), message.payload.clone());
        Failure::Malformed(Box::new(ReplayError { actor, position: None, raw, source: source.into() }))
    })?;
    Ok(Anchor { sequence: message.sequence, reserved })
}

impl Appending<'_> {
    /// Has the versions up to `last` reserved, where the store has anchors, before they are used. Returns whether to go on:
    /// not where the head was only guessed, and there may be a reservation already, which says where the actor stands.
    pub(crate) async fn reserve(&mut self, head: &Known, last: Version) -> Result<bool, AppendError> {
        let Some(count) = self.inner.anchors else { return Ok(true) };
        let reserved = Reserved::after(head, last, count.get(), self.seen);
        let subject = subject::anchor(&self.inner.stream, self.actor);
        while self.anchor.is_none_or(|anchor| anchor.reserved.up_to < last) {
            let base = headers::expecting(self.anchor.map_or(0, |anchor| anchor.sequence));
            let payload = reserved.to_json(self.actor);
            match self
                .inner
                .api
                .publish(&self.inner.snapshots, &subject, base, payload, self.deadline.at)
                .await
            {
                Ok(sequence) => self.anchor = Some(Anchor { sequence, reserved }),
                Err(failure) if failure.is_passing() || failure.is_conflict() => {
                    if self.is_guess {
                        return Ok(false);
                    }
                    // Ours after all, or another's, which is as good: versions are reserved for the actor.
                    self.anchor = self.look_at_anchor(failure).await?;
                }
                Err(failure) => return Err(self.failed(failure)),
            }
        }
        Ok(true)
    }

    async fn look_at_anchor(&mut self, mut why: Failure) -> Result<Option<Anchor>, AppendError> {
        while self.deadline.pause().await {
            match self.inner.anchor(self.actor).await {
                Ok(anchor) => return Ok(anchor),
                Err(failure) if failure.is_passing() => why = failure,
                Err(failure) => return Err(self.failed(failure)),
            }
        }
        Err(self.failed(why))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(number: u64) -> Version {
        Version::new(number).unwrap()
    }

    fn head(version_: u64, sequence: u64) -> Known {
        Known { version: version(version_), sequence, ..Known::default() }
    }

    #[test]
    fn so_many_are_reserved_or_as_many_as_the_commit_takes() {
        let reserve = |head: &Known, last| Reserved::after(head, version(last), 100, 7);
        assert_eq!(
            reserve(&head(0, 0), 1),
            Reserved { from: version(0), up_to: version(100), since: 7 },
            "nothing there: what was seen before the look"
        );
        assert_eq!(
            reserve(&head(100, 42), 101),
            Reserved { from: version(100), up_to: version(200), since: 42 }
        );
        assert_eq!(reserve(&head(100, 42), 500).up_to, version(500));
        let last = Version::MAX.number();
        assert_eq!(reserve(&head(last - 1, 42), last).up_to, Version::MAX);
    }

    #[test]
    fn while_nothing_after_it_has_expired_nothing_of_it_was_used() {
        let reserved = Reserved { from: version(3), up_to: version(100), since: 42 };
        for (first, stands_at) in [(0, 3), (1, 3), (43, 3), (44, 100), (u64::MAX, 100)] {
            assert_eq!(reserved.stands_at(first), version(stands_at), "first sequence {first}");
        }
    }

    #[test]
    fn an_anchor_is_read_as_it_was_written_and_only_by_its_actor() {
        let (actor, other) = (ActorId::new("a-1").unwrap(), ActorId::new("a-2").unwrap());
        let reserved = Reserved { from: version(3), up_to: Version::MAX, since: u64::MAX };
        let payload = reserved.to_json(&actor);
        assert_eq!(Reserved::from_json(&payload, &actor), Ok(reserved));
        assert_eq!(Reserved::from_json(&payload, &other), Err("it belongs to actor a-1".to_owned()));
        let too_far = br#"{"actorId":"a-1","from":0,"upTo":18446744073709551615,"since":0}"#;
        assert!(Reserved::from_json(too_far, &actor).is_err());
    }

    proptest! {
        /// A history of one actor in a stream with others: whatever expired, no version that may have been used is used
        /// again.
        #[test]
        fn no_version_is_used_twice(steps in proptest::collection::vec((0u8..4, 1u64..4), 1..60), count in 1u64..5) {
            let (mut events, mut anchor, mut used) = (Vec::<(u64, u64)>::new(), None::<Reserved>, Vec::new());
            let (mut next, mut first) = (1u64, 1u64);
            for (what, number) in steps {
                match what {
                    // Others append.
                    0 => next += number,
                    // The oldest messages expire.
                    1 => {
                        first = (first + number).min(next);
                        events.retain(|(sequence, _)| *sequence >= first);
                    }
                    // The actor appends; or a writer ends between its reservation and its append.
                    _ => {
                        let seen = next - 1;
                        let known = match (events.last(), anchor) {
                            (Some((sequence, at)), _) => head(*at, *sequence),
                            (None, Some(anchor)) => Known { version: anchor.stands_at(first), ..Known::default() },
                            (None, None) => Known::default(),
                        };
                        let last = version(known.version.number() + number);
                        if anchor.is_none_or(|anchor| anchor.up_to < last) {
                            anchor = Some(Reserved::after(&known, last, count, seen));
                        }
                        if what == 2 {
                            used.extend(known.version.number() + 1..=last.number());
                            events.push((next, last.number()));
                            next += 1;
                        }
                    }
                }
            }
            let mut distinct = used.clone();
            distinct.dedup();
            prop_assert_eq!(used.len(), distinct.len());
            prop_assert!(used.is_sorted(), "{:?}", used);
        }

        #[test]
        fn no_payload_panics(payload: Vec<u8>) {
            let _ = Reserved::from_json(&payload, &ActorId::new("a-1").unwrap());
        }
    }
}
