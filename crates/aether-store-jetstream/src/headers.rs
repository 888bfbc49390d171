//! The headers of stored messages: the only place that names, writes and reads them.

use aether_core::{Epoch, Version};
use async_nats::{HeaderMap, HeaderName, HeaderValue};

use crate::digest::Digest;
use crate::trail::Trail;

const EXPECTED: HeaderName = async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
const FOLLOWS: HeaderName = HeaderName::from_static("Aether-Follows");
const TRAIL: HeaderName = HeaderName::from_static("Aether-Trail");
const COUNT: HeaderName = HeaderName::from_static("Aether-Count");
const EPOCH: HeaderName = HeaderName::from_static("Aether-Epoch");
const DIGEST: HeaderName = HeaderName::from_static("Aether-Digest");
/// Of the W3C recommendation "Trace Context": written for whoever looks at the messages, and not read.
const TRACE: HeaderName = HeaderName::from_static("traceparent");

/// The headers of a key-value bucket: those of ADR-8 of NATS, and the id of the change, by which its writer knows it again.
pub(crate) mod kv {
    use async_nats::{HeaderMap, HeaderName};

    pub(crate) const EXPECTED: HeaderName = super::EXPECTED;
    pub(crate) const OPERATION: HeaderName = HeaderName::from_static("KV-Operation");
    /// Of ADR-43: what the server writes when it takes away the last message of a subject.
    pub(crate) const MARKER: HeaderName = HeaderName::from_static("Nats-Marker-Reason");
    pub(crate) const CHANGE: HeaderName = HeaderName::from_static("Aether-Change");

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Operation {
        Put,
        Delete,
    }

    /// Writes the headers of a change that follows sequence `base`.
    pub(crate) fn write(base: u64, operation: Operation, change: &str) -> HeaderMap {
        let mut headers = super::expecting(base);
        if operation == Operation::Delete {
            headers.insert(OPERATION, "DEL");
        }
        headers.insert(CHANGE, change);
        headers
    }
}

/// The headers of a batch of messages that the server stores as a whole: those of ADR-50 of NATS.
pub(crate) mod batch {
    use async_nats::{HeaderMap, HeaderName};

    const ID: HeaderName = HeaderName::from_static("Nats-Batch-Id");
    const SEQUENCE: HeaderName = HeaderName::from_static("Nats-Batch-Sequence");
    const COMMIT: HeaderName = HeaderName::from_static("Nats-Batch-Commit");

    /// Says that a message is number `number`, from 1, of the batch `id`, and whether it is the last.
    pub(crate) fn write(headers: &mut HeaderMap, id: &str, number: usize, is_last: bool) {
        headers.insert(ID, id);
        headers.insert(SEQUENCE, number.to_string());
        if is_last {
            headers.insert(COMMIT, "1");
        }
    }
}

/// What the headers of a message say. All of it is absent in what the Go original wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Said {
    /// The sequence of the message that the writer saw at the head: 0 for none.
    pub(crate) base: Option<u64>,
    /// The version that the commit follows, or that a claim leaves as it is.
    pub(crate) follows: Option<Version>,
    /// The highest epoch that the writer saw, or its own.
    pub(crate) epoch: Option<Epoch>,
    /// Where the latest earlier commits lie.
    pub(crate) trail: Trail,
    /// The digest of the history with this commit, or that a claim leaves as it is.
    pub(crate) digest: Option<Digest>,
    /// The trace that the commit belongs to.
    pub(crate) trace: Option<String>,
    /// What the payload is.
    pub(crate) body: Body,
}

/// What the payload of a message is: told by `Aether-Count` and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Body {
    /// One event.
    #[default]
    Single,
    /// A packed commit of so many events.
    Packed(u32),
    /// Nothing: a claim.
    Claim,
    /// `Aether-Count` or `Aether-Epoch` is no number.
    Unreadable,
}

/// Writes the header by which the server refuses a message whose subject does not end at sequence `base`.
pub(crate) fn expecting(base: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // 0, not absent: without the header two first writers would both win.
    headers.insert(EXPECTED, HeaderValue::from(base));
    headers
}

/// Writes the headers of a message.
pub(crate) fn write(said: &Said) -> HeaderMap {
    let base = said.base.unwrap_or(0);
    let mut headers = expecting(base);
    let count = match said.body {
        Body::Packed(count) => Some(count.into()),
        Body::Claim => Some(0),
        Body::Single | Body::Unreadable => None,
    };
    // As numbers, in which the client need not look for line ends.
    let mut number = |name, number: Option<u64>| {
        number.map(|number| headers.insert::<HeaderName, HeaderValue>(name, number.into()))
    };
    number(FOLLOWS, said.follows.map(Version::number));
    number(COUNT, count);
    number(EPOCH, said.epoch.map(Epoch::number));
    let mut text = |name, text: Option<String>| {
        text.map(|text| headers.insert::<HeaderName, HeaderValue>(name, text.into()))
    };
    text(TRAIL, said.trail.encode(base));
    text(DIGEST, said.digest.map(|digest| digest.to_string()));
    text(TRACE, said.trace.clone());
    headers
}

/// Returns the headers without what the server checks.
pub(crate) fn without_expectation(headers: &HeaderMap) -> HeaderMap {
    let others = headers.iter().filter(|(name, _)| **name != EXPECTED);
    let values = others.flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    values.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Reads the headers of a stored message. Whatever is absent or unreadable is taken as not said, but for the count
/// and the epoch, where a wrong guess would misread the payload or unfence a writer.
pub(crate) fn read(headers: Option<&HeaderMap>) -> Said {
    let texts = Texts::of(headers);
    let said = texts.said();
    let trail = texts.trail.zip(said.base).map(|(text, base)| Trail::decode(base, text));
    Said { trail: trail.unwrap_or_default(), ..said }
}

/// Reads the same without the trail, which nobody asks for who reads a history from one end to the other.
pub(crate) fn read_without_trail(headers: Option<&HeaderMap>) -> Said {
    Texts::of(headers).said()
}

/// The headers that mean something, as they stand there: looked for once, since a long read does it for each message.
#[derive(Default)]
struct Texts<'a> {
    base: Option<&'a str>,
    follows: Option<&'a str>,
    trail: Option<&'a str>,
    count: Option<&'a str>,
    epoch: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Texts<'a> {
    fn of(headers: Option<&'a HeaderMap>) -> Self {
        let mut texts = Self::default();
        for (name, values) in headers.into_iter().flat_map(HeaderMap::iter) {
            let text = match name {
                name if *name == EXPECTED => &mut texts.base,
                name if *name == FOLLOWS => &mut texts.follows,
                name if *name == TRAIL => &mut texts.trail,
                name if *name == COUNT => &mut texts.count,
                name if *name == EPOCH => &mut texts.epoch,
                name if *name == DIGEST => &mut texts.digest,
                _ => continue,
            };
            *text = values.first().map(HeaderValue::as_str);
        }
        texts
    }

    fn said(&self) -> Said {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        Said {
            base: number(self.base),
            follows: number(self.follows).and_then(|number| Version::new(number).ok()),
            epoch: number(self.epoch).map(Epoch::new),
            trail: Trail::default(),
            digest: self.digest.and_then(Digest::parse),
            trace: None,
            body: match self.count.map(str::parse::<u32>) {
                // Taken for none, it would let a fenced writer back in.
                _ if self.epoch.is_some() && number(self.epoch).is_none() => Body::Unreadable,
                None => Body::Single,
                Some(Ok(0)) => Body::Claim,
                Some(Ok(count)) => Body::Packed(count),
                Some(Err(_)) => Body::Unreadable,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn headers_survive(base in 0u64..1 << 50, follows in 0u64..=Version::MAX.number(), epoch in proptest::option::of(any::<u64>()), count in 0u32..5, audited: bool) {
            let (follows, epoch) = (Version::new(follows).unwrap(), epoch.map(Epoch::new));
            let body = match count { 0 => Body::Claim, 1 => Body::Single, n => Body::Packed(n) };
            let commits = [base / 3, base / 2, base].into_iter().filter(|_| base > 6);
            let trail = commits.fold(Trail::default(), |trail, commit| trail.with(commit, None, Version::FIRST));
            let digest = audited.then(|| Digest::next(None, b"payload"));
            let said = Said { base: Some(base), follows: Some(follows), epoch, trail, digest, trace: None, body };
            let headers = write(&said);
            prop_assert_eq!(read(Some(&headers)), said.clone());
            prop_assert_eq!(read_without_trail(Some(&headers)), Said { trail: Trail::default(), ..said });
        }

        #[test]
        fn hostile_headers_are_not_said(text in "[ -~]{0,24}") {
            let mut headers = HeaderMap::new();
            for name in [EXPECTED, FOLLOWS, TRAIL, COUNT, EPOCH, DIGEST] {
                headers.insert(name, text.as_str());
            }
            let said = read(Some(&headers));
            prop_assert!(text.parse::<u64>().is_ok() || said.base.is_none() && said.epoch.is_none());
            prop_assert!(text.parse::<u32>().is_ok() || said.body == Body::Unreadable);
        }
    }

    #[test]
    fn a_message_of_the_go_original_says_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", "e1");
        assert_eq!(read(Some(&headers)), Said::default());
        assert_eq!(read(None), Said::default());
    }

    #[test]
    fn the_first_message_of_an_actor_expects_nothing_before_it() {
        let headers = write(&Said { base: Some(0), follows: Some(Version::INITIAL), ..Said::default() });
        assert_eq!(headers.get(EXPECTED).map(HeaderValue::as_str), Some("0"));
        assert!(headers.get(TRAIL).is_none() && headers.get(COUNT).is_none());
    }
}
