//! Changes of several keys, made as a whole or not at all, however often they have to be sent.

use aether_core::error::Unsupported;
use aether_core::key_value::{Change, Revision};
use aether_core::{EventId, KeyValueError};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::judge::{Next, Verdict, judge, judge_all};
use super::look::AT_ONCE;
use super::store::Inner;
use crate::batch::{MOST, Part};
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::headers::kv::{self, Operation};

/// More than the headers of a change in a batch take.
const HEADERS: u64 = 384;

/// How many batches of one handle are open at a time. A stream takes about 50 of all its writers.
pub(super) const MOST_OPEN: usize = 8;

/// Changes on their way.
pub(super) struct Together<'a> {
    inner: &'a Inner,
    changes: &'a [Change],
    subjects: Vec<String>,
    /// Tells them from the same changes of somebody else.
    id: EventId,
    deadline: Deadline,
    /// Whether an attempt had no answer, since which they may have been made at any time.
    unanswered: bool,
}

impl<'a> Together<'a> {
    pub(super) fn new(inner: &'a Inner, changes: &'a [Change]) -> Self {
        let subjects = changes.iter().map(|change| inner.subject(&change.key)).collect();
        let (id, deadline) = (EventId::generate(), Deadline::after(inner.deadline));
        Self { inner, changes, subjects, id, deadline, unanswered: false }
    }

    pub(super) async fn make(mut self) -> Result<Vec<Revision>, KeyValueError> {
        KeyValueError::check_changes(self.changes, MOST)?;
        self.check_sizes()?;
        // Where nothing is expected there may be a tombstone; the first conflict shows it.
        let mut bases: Vec<u64> = self.changes.iter().map(|change| change.expected.number()).collect();
        loop {
            match self.send(&bases).await {
                Ok(last) => return Ok(self.revisions(last)),
                Err(failure) if failure.is_of_batches() => {
                    return Err(unsupported(failure.to_string()).into());
                }
                Err(failure) if failure.is_conflict() || failure.is_passing() => {
                    if !self.deadline.pause().await {
                        return Err(self.ended(failure));
                    }
                }
                Err(failure) => return Err(self.ended(failure)),
            }
            match self.look(&bases).await? {
                Verdict::Done(last) => return Ok(self.revisions(last)),
                Verdict::Send(found) => bases = found,
                Verdict::Conflict(index) => return Err(self.conflict(index)),
                Verdict::Lost | Verdict::Again(_) => return Err(self.unknown(None)),
            }
        }
    }

    fn check_sizes(&self) -> Result<(), KeyValueError> {
        for (change, subject) in self.changes.iter().zip(&self.subjects) {
            let bytes = change.value.as_ref().map_or(0, |value| value.len() as u64);
            let limit = self.inner.max_value_bytes().saturating_sub(HEADERS + subject.len() as u64);
            if bytes > limit {
                return Err(KeyValueError::TooLarge { key: change.key.clone(), bytes, limit });
            }
        }
        Ok(())
    }

    /// Sends them, each after its base, and returns the sequence of the last.
    async fn send(&mut self, bases: &[u64]) -> Result<u64, Failure> {
        let _open = self.inner.open_batch(self.deadline.at).await?;
        let (api, until) = (&self.inner.api, self.deadline.at);
        let begun = api.begin(EventId::generate().as_str(), self.parts(bases), until).await?;
        let ended = api.commit(&self.inner.bucket.stream, begun, until).await;
        ended.inspect_err(|failure| self.unanswered |= failure.is_unknown() && !failure.is_abandoned())
    }

    fn parts(&self, bases: &[u64]) -> Vec<Part> {
        let all = self.changes.iter().zip(&self.subjects).zip(bases);
        let part = |((change, subject), base): ((&Change, &String), &u64)| {
            let operation = if change.value.is_some() { Operation::Put } else { Operation::Delete };
            Part {
                subject: subject.clone(),
                headers: kv::write(*base, operation, self.id.as_str()),
                payload: change.value.clone().unwrap_or_default(),
            }
        };
        all.map(part).collect()
    }

    /// Looks where the keys stand at the leader, after they were sent to follow `bases`.
    async fn look(&mut self, bases: &[u64]) -> Result<Verdict, KeyValueError> {
        let mut lost_before = None;
        loop {
            match self.nexts(bases).await {
                Ok(nexts) => match judge_all(&nexts, lost_before) {
                    Verdict::Again(lost) => lost_before = Some(lost),
                    verdict => return Ok(verdict),
                },
                Err(failure) if failure.is_passing() && self.deadline.pause().await => {}
                Err(failure) => return Err(self.ended(failure)),
            }
        }
    }

    async fn nexts(&self, bases: &[u64]) -> Result<Vec<Next>, Failure> {
        let all = self.changes.iter().zip(&self.subjects).zip(bases);
        let looks = all.map(|((change, subject), base)| async {
            let last = self.inner.last(subject).await?;
            Ok(judge(last.as_ref(), self.id.as_str(), change.expected, Some(*base), self.unanswered))
        });
        // Collected first: the compiler cannot see through the closure otherwise (rust-lang/rust#102211).
        let looks: Vec<_> = looks.collect();
        stream::iter(looks).buffered(AT_ONCE).try_collect().await
    }

    /// Returns the revisions, when the last change is stored at `last`: a batch lies at one sequence after the other.
    fn revisions(&self, last: u64) -> Vec<Revision> {
        let first = (last + 1).saturating_sub(self.changes.len() as u64);
        let revision = |(change, sequence): (&Change, u64)| match change.value {
            Some(_) => Revision::new(sequence),
            None => Revision::NONE,
        };
        self.changes.iter().zip(first..).map(revision).collect()
    }

    /// Says what is known at the end, after `failure`.
    fn ended(&self, failure: Failure) -> KeyValueError {
        match self.unanswered {
            true => self.unknown(Some(failure)),
            false => failure.key_value("change"),
        }
    }

    fn unknown(&self, failure: Option<Failure>) -> KeyValueError {
        let key = self.changes.first().map_or_else(String::new, |change| change.key.clone());
        KeyValueError::Unknown { key, source: failure.map(Into::into) }
    }

    fn conflict(&self, index: usize) -> KeyValueError {
        match self.changes.get(index) {
            Some(change) => KeyValueError::Conflict { key: change.key.clone(), expected: change.expected },
            None => self.unknown(None),
        }
    }
}

/// Says that the bucket does not change several keys together.
pub(super) fn unsupported(found: String) -> Unsupported {
    Unsupported {
        operation: "changing several keys together",
        needed: "nats-server 2.12 or later, and a bucket that was opened with `atomic`".to_owned(),
        found,
    }
}
