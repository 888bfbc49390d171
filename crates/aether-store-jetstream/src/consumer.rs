//! Everything of a subject up to a known end, sent by the server.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::error::Failure;
use crate::frame::Stored;
use crate::push::{From, Heard, Push, SILENCE};
use crate::store::{Inner, Shared};

/// So long without a message, the read has failed.
const STALL: Duration = Duration::from_secs(30);
/// What there is between two consumers of one read.
const PAUSE: Duration = Duration::from_millis(20);

/// The messages of a subject up to a known last one.
pub(crate) struct Consumer {
    inner: Shared,
    subject: String,
    /// The sequence of the last message received.
    received: u64,
    /// The sequence of the last message wanted.
    end: u64,
    push: Option<Push>,
    /// How often there was nothing to send since the last message.
    idle: u32,
}

/// Why no further message comes.
pub(crate) enum End {
    /// All there were have come.
    Complete,
    /// The last message that was wanted has expired meanwhile.
    Expired,
    Failed(Failure),
}

impl Consumer {
    /// Begins with the first message at `start` or after it.
    pub(crate) fn new(inner: Shared, subject: String, start: u64, end: u64) -> Self {
        Self { inner, subject, received: start.saturating_sub(1), end, push: None, idle: 0 }
    }

    /// Returns the next message, if it is here already.
    pub(crate) fn next_ready(&mut self) -> Option<Stored> {
        let push = self.push.as_mut().filter(|_| self.received < self.end)?;
        let heard = push.hear_ready()?;
        self.take(heard)?
    }

    /// Returns the next message.
    pub(crate) async fn next(&mut self) -> Result<Stored, End> {
        let asked = Instant::now();
        loop {
            if self.received >= self.end {
                self.push = None;
                return Err(End::Complete);
            }
            let received = match self.receive().await {
                Ok(message) => message,
                Err(failure) if asked.elapsed() > STALL => return Err(End::Failed(failure)),
                Err(_) => {
                    self.push = None;
                    sleep(PAUSE).await;
                    continue;
                }
            };
            match received {
                Some(stored) => return Ok(stored),
                None if self.has_end_expired().await => {
                    self.push = None;
                    return Err(End::Expired);
                }
                None if asked.elapsed() > STALL => {
                    return Err(End::Failed(Failure::garbled(
                        &self.subject,
                        "no consumer delivers what is there",
                    )));
                }
                // The end is there, but this consumer does not get to it.
                None => {
                    self.push = None;
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Returns a message, or nothing when the consumer has no more or lost some.
    async fn receive(&mut self) -> Result<Option<Stored>, Failure> {
        loop {
            let push = match &mut self.push {
                Some(push) => push,
                None => {
                    self.idle = 0;
                    let push = open(&self.inner, &self.subject, self.received + 1).await?;
                    self.push.insert(push)
                }
            };
            let heard = push.hear(SILENCE).await?;
            if let Some(taken) = self.take(heard) {
                return Ok(taken);
            }
        }
    }

    /// Takes what was heard: a message, or that there is a gap; nothing when it means nothing.
    fn take(&mut self, heard: Heard) -> Option<Option<Stored>> {
        match heard {
            Heard::Message(pushed) if pushed.stored.sequence > self.received => {
                (self.received, self.idle) = (pushed.stored.sequence, 0);
                Some(Some(pushed.stored))
            }
            // It does not get to the end.
            Heard::Idle if self.idle == 0 => {
                self.idle = 1;
                None
            }
            Heard::Message(_) | Heard::Idle | Heard::Silence | Heard::Gap => {
                self.push = None;
                Some(None)
            }
        }
    }

    /// Asks the leader whether the last message that was wanted still exists; if it does not answer, it may.
    async fn has_end_expired(&self) -> bool {
        let end = self.inner.api.leader_at(&self.inner.stream, self.end).await;
        matches!(end, Ok(None))
    }
}

async fn open(inner: &Inner, subject: &str, start: u64) -> Result<Push, Failure> {
    let place = timeout(SILENCE, Arc::clone(&inner.consumers).acquire_owned()).await;
    let place = place.map_err(|_| Failure::garbled(subject, "too many reads of long histories are open"))?;
    let place = place.map_err(|error| Failure::garbled(subject, error))?;
    Push::open(inner, subject, From::Sequence(start), Some(place)).await
}
