//! The headers of stored messages: the only place that names, writes and reads them.

use aether_core::{Epoch, Version};
use async_nats::{HeaderMap, HeaderName};

use crate::digest::Digest;
use crate::trail;

const EXPECTED: HeaderName = async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
const FOLLOWS: HeaderName = HeaderName::from_static("Aether-Follows");
const TRAIL: HeaderName = HeaderName::from_static("Aether-Trail");
const COUNT: HeaderName = HeaderName::from_static("Aether-Count");
const EPOCH: HeaderName = HeaderName::from_static("Aether-Epoch");
const DIGEST: HeaderName = HeaderName::from_static("Aether-Digest");
/// Of the W3C recommendation "Trace Context": written for whoever looks at the messages, and not read.
const TRACE: HeaderName = HeaderName::from_static("traceparent");

/// What the headers of a message say. All of it is absent in what the Go original wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Said {
    /// The sequence of the message that the writer saw at the head: 0 for none.
    pub(crate) base: Option<u64>,
    /// The version that the commit follows, or that a claim leaves as it is.
    pub(crate) follows: Option<Version>,
    /// The highest epoch that the writer saw, or its own.
    pub(crate) epoch: Option<Epoch>,
    /// The sequences of the latest earlier commits, newest first.
    pub(crate) trail: Vec<u64>,
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
    headers.insert(EXPECTED, base.to_string());
    headers
}

/// Writes the headers of a message.
pub(crate) fn write(said: &Said) -> HeaderMap {
    let base = said.base.unwrap_or(0);
    let mut headers = expecting(base);
    let count = match said.body {
        Body::Packed(count) => Some(count.to_string()),
        Body::Claim => Some("0".to_owned()),
        Body::Single | Body::Unreadable => None,
    };
    for (name, value) in [
        (FOLLOWS, said.follows.map(|follows| follows.to_string())),
        (TRAIL, trail::encode(base, &said.trail)),
        (COUNT, count),
        (EPOCH, said.epoch.map(|epoch| epoch.to_string())),
        (DIGEST, said.digest.map(|digest| digest.to_string())),
        (TRACE, said.trace.clone()),
    ] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
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
    let Some(headers) = headers else {
        return Said::default();
    };
    let number = |name: HeaderName| headers.get(name).and_then(|value| value.as_str().parse::<u64>().ok());
    let base = number(EXPECTED);
    let trail = headers.get(TRAIL).zip(base).map(|(text, base)| trail::decode(base, text.as_str()));
    Said {
        base,
        follows: number(FOLLOWS).and_then(|number| Version::new(number).ok()),
        epoch: number(EPOCH).map(Epoch::new),
        trail: trail.unwrap_or_default(),
        digest: headers.get(DIGEST).and_then(|text| Digest::parse(text.as_str())),
        trace: None,
        body: match headers.get(COUNT).map(|count| count.as_str().parse::<u32>()) {
            // Taken for none, it would let a fenced writer back in.
            _ if headers.get(EPOCH).is_some() && number(EPOCH).is_none() => Body::Unreadable,
            None => Body::Single,
            Some(Ok(0)) => Body::Claim,
            Some(Ok(count)) => Body::Packed(count),
            Some(Err(_)) => Body::Unreadable,
        },
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
            let trail: Vec<u64> = [base, base / 2, base / 3].into_iter().filter(|s| *s > 0).collect();
            let trail = if base > 6 { trail } else { Vec::new() };
            let digest = audited.then(|| Digest::next(None, b"payload"));
            let said = Said { base: Some(base), follows: Some(follows), epoch, trail, digest, trace: None, body };
            prop_assert_eq!(read(Some(&write(&said))), said);
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
        assert_eq!(headers.get(EXPECTED).map(async_nats::HeaderValue::as_str), Some("0"));
        assert!(headers.get(TRAIL).is_none() && headers.get(COUNT).is_none());
    }
}
