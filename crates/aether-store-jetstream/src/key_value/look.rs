//! What lies at a key, as the leader shows it, and which keys there are.

use aether_core::KeyValueError;
use aether_core::key_value::{Entry, Revision};
use async_nats::HeaderValue;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::key;
use super::store::Inner;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::frame::Stored;
use crate::headers::kv;

/// How many keys are looked at at a time.
pub(super) const AT_ONCE: usize = 64;

/// The last message of a key.
#[derive(Debug)]
pub(super) struct Last(Stored);

impl Last {
    pub(super) fn sequence(&self) -> u64 {
        self.0.sequence
    }

    fn header(&self, name: &async_nats::HeaderName) -> Option<&str> {
        self.0.headers.as_ref()?.get(name.clone()).map(HeaderValue::as_str)
    }

    /// Says whether it takes the value away: a tombstone of a client, or a marker of the server.
    pub(super) fn is_tombstone(&self) -> bool {
        self.header(&kv::OPERATION).is_some_and(|operation| operation != "PUT")
            || self.header(&kv::MARKER).is_some()
    }

    /// Says whether the change of this id wrote it.
    pub(super) fn is_of(&self, change: &str) -> bool {
        self.header(&kv::CHANGE) == Some(change)
    }

    /// Says whether it was written by somebody who expected the key at `base`: then nobody else who did could write.
    pub(super) fn follows(&self, base: u64) -> bool {
        self.header(&kv::EXPECTED).and_then(|text| text.parse().ok()) == Some(base)
    }

    fn into_entry(self) -> Option<Entry> {
        let is_there = !self.is_tombstone();
        is_there.then(|| Entry::new(self.0.payload, Revision::new(self.0.sequence)))
    }
}

#[derive(Deserialize)]
struct Info {
    state: Subjects,
    #[serde(default)]
    total: usize,
}

#[derive(Deserialize)]
struct Subjects {
    #[serde(default)]
    subjects: Option<Map<String, Value>>,
}

impl Inner {
    /// Returns what lies at the key, asking again until the deadline.
    pub(super) async fn entry(&self, key: &str) -> Result<Option<Entry>, KeyValueError> {
        let subject = self.subject(key);
        let last = self.patient_last(&subject).await.map_err(|failure| failure.key_value("get"))?;
        Ok(last.and_then(Last::into_entry))
    }

    pub(super) async fn last(&self, subject: &str) -> Result<Option<Last>, Failure> {
        Ok(self.api.leader_last(&self.bucket.stream, subject).await?.map(Last))
    }

    /// Asks again, until the deadline, while there is no answer.
    async fn patient_last(&self, subject: &str) -> Result<Option<Last>, Failure> {
        let mut deadline = Deadline::after(self.deadline);
        loop {
            match self.last(subject).await {
                Err(failure) if failure.is_passing() && deadline.pause().await => {}
                result => return result,
            }
        }
    }

    /// Asks again, until the deadline, while there is no answer.
    async fn info(&self, verb: &str, body: &Value) -> Result<Info, Failure> {
        let mut deadline = Deadline::after(self.deadline);
        loop {
            match self.api.call(verb, body).await {
                Err(failure) if failure.is_passing() && deadline.pause().await => {}
                result => return result,
            }
        }
    }

    pub(super) async fn keys_with(&self, prefix: &str) -> Result<Vec<String>, KeyValueError> {
        let keys = async {
            let written = self.written_keys(prefix).await?;
            let looks = written.into_iter().map(|key| async {
                let subject = self.subject(&key);
                let last = self.patient_last(&subject).await?;
                Ok::<_, Failure>(last.filter(|last| !last.is_tombstone()).map(|_| key))
            });
            let looks = stream::iter(looks).buffer_unordered(AT_ONCE);
            looks.try_filter_map(async |key| Ok(key)).try_collect::<Vec<_>>().await
        };
        keys.await.map_err(|failure| failure.key_value("keys"))
    }

    /// Returns the keys that have a message, be it a tombstone. The server lists a hundred thousand of them at a time.
    async fn written_keys(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let (mut keys, mut seen) = (Vec::new(), 0);
        let verb = format!("STREAM.INFO.{}", self.bucket.stream);
        loop {
            let body = json!({ "subjects_filter": self.bucket.subjects(), "offset": seen });
            let info = self.info(&verb, &body).await?;
            let subjects = info.state.subjects.unwrap_or_default();
            seen += subjects.len();
            let ours = subjects.keys().filter_map(|subject| subject.strip_prefix(&self.bucket.prefix));
            keys.extend(ours.filter_map(key::decode).filter(|key| key.starts_with(prefix)));
            if subjects.is_empty() || seen >= info.total {
                return Ok(keys);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// Makes the message at `sequence` that the change `id` wrote after `base`.
    pub(in super::super) fn last(sequence: u64, base: u64, id: &str, is_tombstone: bool) -> Last {
        let operation = if is_tombstone { kv::Operation::Delete } else { kv::Operation::Put };
        let headers = Some(kv::write(base, operation, id));
        Last(Stored { sequence, headers, payload: bytes::Bytes::new() })
    }
}
