//! Messages as they are sent. Pure.

use aether_core::event::wire;
use aether_core::{Epoch, Event};
use async_nats::HeaderMap;
use bytes::Bytes;

use crate::digest::Digest;
use crate::head::Known;
use crate::headers::{Body, Said};
use crate::trace;

/// Writes the commit of `events` that follows `head`. A chain of digests that was begun is continued; an `audit` begins
/// one.
pub(crate) fn encode(head: &Known, epoch: Option<Epoch>, events: &[Event], audit: bool) -> (Said, Bytes) {
    let mut payload = Vec::with_capacity(events.iter().map(likely_bytes).sum());
    let body = match events {
        [event] => {
            wire::encode(event, &mut payload);
            Body::Single
        }
        events => {
            wire::encode_packed(events, &mut payload);
            Body::Packed(u32::try_from(events.len()).unwrap_or(u32::MAX))
        }
    };
    let digest = (audit || head.digest.is_some()).then(|| Digest::next(head.digest, &payload));
    let trace = events.first().and_then(|event| trace::parent(event.metadata()));
    (Said { epoch, digest, trace, ..head.said(body) }, payload.into())
}

/// Returns about how long the JSON of an event is: a buffer that need not grow is not copied.
fn likely_bytes(event: &Event) -> usize {
    let ids = event.id().as_str().len() + event.actor().as_str().len();
    let metadata: usize = event.metadata().iter().map(|(key, value)| key.len() + value.len() + 8).sum();
    // The names of the members, the timestamp and the numbers.
    const REST: usize = 192;
    ids + event.event_type().as_str().len() + event.raw_data().as_str().len() + metadata + REST
}

/// Returns the size of a message as the server counts it for `max_payload`: headers and payload.
pub(crate) fn message_bytes(headers: &HeaderMap, payload: usize) -> u64 {
    let line = |name: &str, value: &str| name.len() + ": ".len() + value.len() + "\r\n".len();
    let lines: usize = headers
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| line(name.as_ref(), value.as_str())))
        .sum();
    ("NATS/1.0\r\n".len() + lines + "\r\n".len() + payload) as u64
}

#[cfg(test)]
mod tests {
    use aether_core::{ActorId, NewEvent, RawJson, Version};

    use super::*;
    use crate::frame::{Frame, Stored};
    use crate::headers;
    use crate::trail::Trail;

    #[test]
    fn what_is_sent_is_read_back_as_the_same_commit() {
        let actor = ActorId::new("order-1").unwrap();
        let trail = Trail::default().with(7, None, Version::FIRST);
        let head = Known { version: Version::FIRST, sequence: 7, trail, ..Known::default() };
        let content = || NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
        for count in 1..4u64 {
            let events: Vec<_> = (2..2 + count)
                .map(|version| Event::new(actor.clone(), Version::new(version).unwrap(), content()))
                .collect();
            let (said, payload) = encode(&head, Some(Epoch::new(3)), &events, count == 3);
            let stored = Stored { sequence: 9, headers: Some(headers::write(&said)), payload };
            let frame = Frame::read(&stored, &actor, 0).unwrap();
            assert_eq!((frame.events.as_slice(), frame.epoch()), (events.as_slice(), Some(Epoch::new(3))));
            assert_eq!((frame.said.base, frame.said.follows), (Some(7), Some(Version::FIRST)));
            assert_eq!(frame.said.trail, trail);
            assert_eq!(frame.said.digest, (count == 3).then(|| Digest::next(None, &stored.payload)));
        }
    }

    #[test]
    fn the_size_is_that_of_the_protocol() {
        let mut headers = HeaderMap::new();
        headers.insert("Aether-Count", "2");
        let text = "NATS/1.0\r\nAether-Count: 2\r\n\r\nbody";
        assert_eq!(message_bytes(&headers, "body".len()), text.len() as u64);
    }
}
