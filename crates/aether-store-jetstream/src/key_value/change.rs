//! Changes: made once, however often they have to be sent.

use aether_core::key_value::Revision;
use aether_core::{EventId, KeyValueError};
use bytes::Bytes;

use super::judge::{Next, judge};
use super::store::Inner;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::headers::kv::{self, Operation};

/// More than the headers of a change take.
const HEADERS: u64 = 256;

/// One change of a key. The same message is sent until it is known what became of it.
pub(super) struct Change<'a> {
    inner: &'a Inner,
    key: &'a str,
    subject: String,
    expected: Revision,
    operation: Operation,
    value: Bytes,
    /// Tells it from a change of somebody else who writes the same.
    id: EventId,
    deadline: Deadline,
    /// Whether an attempt had no answer, since which the change may have been made at any time.
    unanswered: bool,
}

impl<'a> Change<'a> {
    pub(super) fn new(
        inner: &'a Inner,
        key: &'a str,
        expected: Revision,
        operation: Operation,
        value: Bytes,
    ) -> Self {
        let (subject, id) = (inner.subject(key), EventId::generate());
        let deadline = Deadline::after(inner.deadline);
        Self { inner, key, subject, expected, operation, value, id, deadline, unanswered: false }
    }

    pub(super) async fn make(mut self) -> Result<Revision, KeyValueError> {
        let (bytes, limit) = (self.value.len() as u64, self.inner.max_value_bytes());
        if bytes + self.subject.len() as u64 + HEADERS > limit {
            return Err(self.too_large());
        }
        // Where nothing is expected there may be a tombstone, after which the server must be told to store.
        let mut base = match self.expected {
            Revision::NONE => None,
            at => Some(at.number()),
        };
        loop {
            let at = match base {
                Some(at) => at,
                None => match self.look(None).await? {
                    Next::Send(at) => at,
                    Next::Done(sequence) => return Ok(Revision::new(sequence)),
                    Next::Conflict => return Err(self.conflict()),
                    Next::Lost => return Err(self.unknown(None)),
                },
            };
            match self.send(at).await {
                Ok(sequence) => return Ok(Revision::new(sequence)),
                Err(failure) if failure.is_conflict() || failure.is_passing() => {
                    self.unanswered |= failure.is_unknown();
                    if !self.deadline.pause().await {
                        return Err(self.ended(failure));
                    }
                }
                Err(failure) if failure.is_too_large() => return Err(self.too_large()),
                Err(failure) => return Err(self.ended(failure)),
            }
            base = match self.look(Some(at)).await? {
                Next::Done(sequence) => return Ok(Revision::new(sequence)),
                Next::Send(at) => Some(at),
                Next::Conflict => return Err(self.conflict()),
                Next::Lost => return Err(self.unknown(None)),
            };
        }
    }

    async fn send(&self, base: u64) -> Result<u64, Failure> {
        let headers = kv::write(base, self.operation, self.id.as_str());
        let (api, stream) = (&self.inner.api, &self.inner.bucket.stream);
        api.publish(stream, &self.subject, headers, self.value.clone(), self.deadline.at).await
    }

    /// Looks where the key stands at the leader, after the change was sent to follow `base`.
    async fn look(&mut self, base: Option<u64>) -> Result<Next, KeyValueError> {
        loop {
            match self.inner.last(&self.subject).await {
                Ok(last) => {
                    let (last, id) = (last.as_ref(), self.id.as_str());
                    return Ok(judge(last, id, self.expected, base, self.unanswered));
                }
                Err(failure) if failure.is_passing() && self.deadline.pause().await => {}
                Err(failure) => return Err(self.ended(failure)),
            }
        }
    }

    /// Says what is known at the end, after `failure`.
    fn ended(&self, failure: Failure) -> KeyValueError {
        if self.unanswered {
            return self.unknown(Some(failure));
        }
        let operation = match self.operation {
            Operation::Put => "put",
            Operation::Delete => "delete",
        };
        failure.key_value(operation)
    }

    fn unknown(&self, failure: Option<Failure>) -> KeyValueError {
        KeyValueError::Unknown { key: self.key.to_owned(), source: failure.map(Into::into) }
    }

    fn conflict(&self) -> KeyValueError {
        KeyValueError::Conflict { key: self.key.to_owned(), expected: self.expected }
    }

    fn too_large(&self) -> KeyValueError {
        let limit = self.inner.max_value_bytes().saturating_sub(HEADERS + self.subject.len() as u64);
        KeyValueError::TooLarge { key: self.key.to_owned(), bytes: self.value.len() as u64, limit }
    }
}
