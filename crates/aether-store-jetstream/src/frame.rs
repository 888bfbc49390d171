//! Stored messages as what they mean: commits, claims, or nothing that we know.

use aether_core::error::BoxError;
use aether_core::event::wire::{self, WireError};
use aether_core::{ActorId, Epoch, Event, Position, ReplayError, Version};
use async_nats::HeaderMap;
use bytes::Bytes;

use crate::headers::{self, Body, Said};

/// A message as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) sequence: u64,
    pub(crate) headers: Option<HeaderMap>,
    pub(crate) payload: Bytes,
}

/// What a stored message of an actor means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) partition: u32,
    pub(crate) sequence: u64,
    pub(crate) said: Said,
    /// The events of a commit; none for a claim.
    pub(crate) events: Vec<Event>,
    /// The version that the actor has with it.
    pub(crate) version: Version,
    pub(crate) payload: Bytes,
}

impl Frame {
    /// Reads a message of `actor` that is stored in `partition`.
    pub(crate) fn read(message: &Stored, actor: &ActorId, partition: u32) -> Result<Self, Box<ReplayError>> {
        Self::with(headers::read(message.headers.as_ref()), message, actor, partition)
    }

    /// Reads the same without its trail.
    pub(crate) fn read_without_trail(
        message: &Stored,
        actor: &ActorId,
        partition: u32,
    ) -> Result<Self, Box<ReplayError>> {
        Self::with(headers::read_without_trail(message.headers.as_ref()), message, actor, partition)
    }

    /// Reads a message of whichever actor it says, without its trail. `likely` is an actor that it may be of, whose id is
    /// shared then.
    pub(crate) fn read_any(
        message: &Stored,
        likely: Option<&ActorId>,
        partition: u32,
    ) -> Result<Self, Box<ReplayError>> {
        let said = headers::read_without_trail(message.headers.as_ref());
        let events = events(&said, &message.payload, likely, None);
        let events = events.map_err(|fault| malformed(message, None, partition, fault))?;
        Ok(Self::of(said, events, message, partition))
    }

    fn with(said: Said, message: &Stored, actor: &ActorId, partition: u32) -> Result<Self, Box<ReplayError>> {
        let events = events(&said, &message.payload, Some(actor), Some(actor));
        let events = events.map_err(|fault| malformed(message, Some(actor), partition, fault))?;
        Ok(Self::of(said, events, message, partition))
    }

    fn of(said: Said, events: Vec<Event>, message: &Stored, partition: u32) -> Self {
        let claimed = said.follows.unwrap_or_default();
        let version = events.last().map_or(claimed, Event::version);
        let (sequence, payload) = (message.sequence, message.payload.clone());
        Self { partition, sequence, said, events, version, payload }
    }

    /// Returns the version of the first event, or the one that a claim leaves as it is.
    pub(crate) fn first_version(&self) -> Version {
        self.events.first().map_or(self.version, Event::version)
    }

    /// Says whether a message was no part of the history only because it is one of another actor's.
    pub(crate) fn is_of_other(error: &ReplayError) -> bool {
        matches!(error.source.downcast_ref(), Some(Fault::OtherActor(_)))
    }

    /// Says whether it is a claim.
    pub(crate) fn is_claim(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns the epoch that it says.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        self.said.epoch
    }
}

/// Says that a stored message is not what it should be.
pub(crate) fn malformed(
    message: &Stored,
    actor: Option<&ActorId>,
    partition: u32,
    source: impl Into<BoxError>,
) -> Box<ReplayError> {
    Box::new(ReplayError {
        actor: actor.cloned(),
        position: Some(Position::new(partition, message.sequence, 0, None)),
        raw: message.payload.clone(),
        source: source.into(),
    })
}

/// Says why a stored message is no part of the actor's history.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("it belongs to actor {0}")]
    OtherActor(ActorId),
    #[error("the header says {said} events, the payload has {found}")]
    Count { said: u32, found: usize },
    #[error("the header Aether-Count or Aether-Epoch is no number")]
    Unreadable,
    #[error("the versions {0} and {1} of one commit do not follow each other")]
    Versions(Version, Version),
    #[error("a claim has no payload and says which version it follows")]
    Claim,
}

/// Reads the events of a message: all of them of one actor, of `wanted` where that is said.
fn events(
    said: &Said,
    payload: &Bytes,
    likely: Option<&ActorId>,
    wanted: Option<&ActorId>,
) -> Result<Vec<Event>, Fault> {
    let events = match said.body {
        Body::Single => vec![wire::decode(payload.clone(), likely)?],
        Body::Packed(count) => {
            let events = wire::decode_packed(payload.clone(), likely)?;
            if events.len() != count as usize {
                return Err(Fault::Count { said: count, found: events.len() });
            }
            events
        }
        Body::Claim if payload.is_empty() && said.follows.is_some() => Vec::new(),
        Body::Claim => return Err(Fault::Claim),
        Body::Unreadable => return Err(Fault::Unreadable),
    };
    let actor = wanted.or_else(|| events.first().map(Event::actor));
    if let Some(event) = events.iter().find(|event| Some(event.actor()) != actor) {
        return Err(Fault::OtherActor(event.actor().clone()));
    }
    let pairs = events.iter().zip(events.iter().skip(1));
    match pairs.map(|(a, b)| (a.version(), b.version())).find(|(a, b)| a.next() != Some(*b)) {
        Some((a, b)) => Err(Fault::Versions(a, b)),
        None => Ok(events),
    }
}

#[cfg(test)]
mod tests {
    use aether_core::{NewEvent, RawJson};
    use proptest::prelude::*;

    use super::*;
    use crate::trail::Trail;

    fn actor() -> ActorId {
        ActorId::new("order-1").unwrap()
    }

    fn event(actor: &ActorId, version: u64) -> Event {
        let content = NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
        Event::new(actor.clone(), Version::new(version).unwrap(), content)
    }

    fn message(body: Body, follows: u64, payload: Vec<u8>) -> Stored {
        let headers = headers::write(&Said {
            base: Some(3),
            follows: Version::new(follows).ok(),
            trail: Trail::default().with(3, None, Version::FIRST),
            body,
            ..Said::default()
        });
        Stored { sequence: 9, headers: Some(headers), payload: payload.into() }
    }

    fn packed(events: &[Event], count: u32) -> Stored {
        let mut payload = Vec::new();
        wire::encode_packed(events, &mut payload);
        message(Body::Packed(count), 4, payload)
    }

    fn fault(message: &Stored) -> String {
        Frame::read(message, &actor(), 3).unwrap_err().source.to_string()
    }

    #[test]
    fn commits_and_claims_are_told_apart_by_the_count() {
        let events = [event(&actor(), 5), event(&actor(), 6)];
        let frame = Frame::read(&packed(&events, 2), &actor(), 3).unwrap();
        assert_eq!((frame.events.as_slice(), frame.version.number()), (events.as_slice(), 6));
        let claim = Frame::read(&message(Body::Claim, 6, Vec::new()), &actor(), 3).unwrap();
        assert!(claim.is_claim() && claim.version.number() == 6);
        let mut payload = Vec::new();
        wire::encode(&events[0], &mut payload);
        let single = Stored { sequence: 1, headers: None, payload: payload.into() };
        assert_eq!(Frame::read(&single, &actor(), 3).unwrap().events, events[..1]);
    }

    #[test]
    fn what_is_no_part_of_the_history_says_why() {
        let other = ActorId::new("order.1").unwrap();
        assert_eq!(fault(&packed(&[event(&other, 5)], 1)), "it belongs to actor order.1");
        let position = Frame::read(&packed(&[event(&other, 5)], 1), &actor(), 3).unwrap_err().position;
        assert_eq!(position.map(|position| position.partition()), Some(3));
        assert!(fault(&packed(&[event(&actor(), 5)], 2)).contains("says 2 events"));
        assert!(fault(&packed(&[event(&actor(), 5), event(&actor(), 7)], 2)).contains("5 and 7"));
        assert!(fault(&message(Body::Claim, 6, b"x".to_vec())).contains("claim"));
        assert!(fault(&message(Body::Single, 6, b"{}".to_vec())).contains("not the JSON of an event"));
    }

    proptest! {
        #[test]
        fn no_message_panics(count in proptest::option::of("\\PC{0,3}"), payload: Vec<u8>) {
            let mut headers = HeaderMap::new();
            if let Some(count) = count {
                headers.insert("Aether-Count", count);
            }
            let message = Stored { sequence: 1, headers: Some(headers), payload: payload.into() };
            let _ = Frame::read(&message, &actor(), 3);
        }
    }
}
