//! Everything of a subject, sent by the server: a push consumer without acknowledgements, its flow control answered and
//! its gaps noticed.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{Message, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout};

use crate::error::Failure;
use crate::frame::Stored;
use crate::store::{Inner, Shared};

const HEARTBEAT: Duration = Duration::from_secs(1);
/// So long without any sign of the consumer, it is made anew.
const SILENCE: Duration = Duration::from_secs(3);
/// So long without a message, the read has failed.
const STALL: Duration = Duration::from_secs(30);
/// What there is between two consumers of one read.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Deserialize)]
struct Created {
    name: String,
}

/// The messages of a subject up to a known last one.
pub(crate) struct Consumer {
    inner: Shared,
    subject: String,
    /// The sequence of the last message received.
    received: u64,
    /// The sequence of the last message wanted.
    end: u64,
    open: Option<Open>,
}

struct Open {
    name: String,
    messages: Subscriber,
    /// Where the server waits for an answer before it sends more.
    owed: Option<String>,
    /// The consumer's own count of the messages that it sent.
    sent: u64,
    heartbeats: u32,
    /// A place among the consumers of this handle.
    _place: OwnedSemaphorePermit,
}

/// Why no further message comes.
pub(crate) enum End {
    /// All there were have come.
    Complete,
    /// The last message that was wanted has expired meanwhile.
    Expired,
    Failed(Failure),
}

/// What a delivered message is.
enum Delivery {
    Message { stream: u64, consumer: u64, stored: Stored },
    FlowControl(String),
    Heartbeat { stalled: Option<String>, sent: Option<u64> },
    Other,
}

impl Consumer {
    /// Begins with the first message at `start` or after it.
    pub(crate) fn new(inner: Shared, subject: String, start: u64, end: u64) -> Self {
        Self { inner, subject, received: start.saturating_sub(1), end, open: None }
    }

    /// Returns the next message, if it is here already.
    pub(crate) fn next_ready(&mut self) -> Option<Stored> {
        let open = self.open.as_mut().filter(|open| self.received < self.end && open.owed.is_none())?;
        let message = open.messages.next().now_or_never()??;
        match open.take(message, self.received) {
            Taken::Message(stored) => {
                self.received = stored.sequence;
                Some(stored)
            }
            Taken::Nothing => None,
            Taken::Gap => {
                self.close();
                None
            }
        }
    }

    /// Returns the next message.
    pub(crate) async fn next(&mut self) -> Result<Stored, End> {
        let asked = Instant::now();
        loop {
            if self.received >= self.end {
                self.close();
                return Err(End::Complete);
            }
            let received = match self.receive().await {
                Ok(message) => message,
                Err(failure) if asked.elapsed() > STALL => return Err(End::Failed(failure)),
                Err(_) => {
                    self.close();
                    sleep(PAUSE).await;
                    continue;
                }
            };
            match received {
                Some(stored) => {
                    self.received = stored.sequence;
                    return Ok(stored);
                }
                None if self.has_end_expired().await => {
                    self.close();
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
                    self.close();
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Returns a message, or nothing when the consumer has no more or lost some.
    async fn receive(&mut self) -> Result<Option<Stored>, Failure> {
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let open = open(&self.inner, &self.subject, self.received + 1).await?;
                self.open.insert(open)
            }
        };
        loop {
            if let Some(reply) = open.owed.take() {
                let answer = self.inner.api.client.publish(reply.clone(), Bytes::new()).await;
                answer.map_err(|error| Failure::garbled(&reply, error))?;
            }
            let Ok(Some(message)) = timeout(SILENCE, open.messages.next()).await else {
                return Ok(None);
            };
            match open.take(message, self.received) {
                Taken::Message(stored) => return Ok(Some(stored)),
                Taken::Gap => return Ok(None),
                Taken::Nothing => {}
            }
        }
    }

    /// Asks the leader whether the last message that was wanted still exists; if it does not answer, it may.
    async fn has_end_expired(&self) -> bool {
        let end = self.inner.api.leader_at(&self.inner.stream, self.end).await;
        matches!(end, Ok(None))
    }

    /// Deletes the consumer: it would live on for a while, and a stream takes only so many.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let (client, inbox) = (self.inner.api.client.clone(), self.inner.api.client.new_inbox());
        let delete = self.inner.api.subject(&format!("CONSUMER.DELETE.{}.{}", self.inner.stream, open.name));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { client.publish_with_reply(delete, inbox, Bytes::new()).await });
        }
    }
}

/// What came of a delivered message.
enum Taken {
    Message(Stored),
    /// Some were lost, or the consumer does not get on.
    Gap,
    Nothing,
}

impl Open {
    /// Takes what was delivered after the stream's sequence `received`.
    fn take(&mut self, message: Message, received: u64) -> Taken {
        match classify(message) {
            Delivery::Message { stream, consumer, stored } => {
                // The client drops what its buffer does not hold: a gap in the count is the only sign.
                if consumer != self.sent + 1 || stream <= received {
                    return Taken::Gap;
                }
                (self.sent, self.heartbeats) = (consumer, 0);
                Taken::Message(stored)
            }
            Delivery::FlowControl(reply) | Delivery::Heartbeat { stalled: Some(reply), .. } => {
                self.owed = Some(reply);
                Taken::Nothing
            }
            Delivery::Heartbeat { stalled: None, sent } => {
                self.heartbeats += 1;
                // The last ones that it sent were dropped, or it does not get on.
                let is_stuck = sent.is_some_and(|sent| sent > self.sent) || self.heartbeats > 1;
                if is_stuck { Taken::Gap } else { Taken::Nothing }
            }
            Delivery::Other => Taken::Nothing,
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.close();
    }
}

async fn open(inner: &Inner, subject: &str, start: u64) -> Result<Open, Failure> {
    let place = timeout(SILENCE, Arc::clone(&inner.consumers).acquire_owned()).await;
    let place = place.map_err(|_| Failure::garbled(subject, "too many reads of long histories are open"))?;
    let _place = place.map_err(|error| Failure::garbled(subject, error))?;
    let client = &inner.api.client;
    let inbox = client.new_inbox();
    let messages = client.subscribe(inbox.clone()).await.map_err(|error| Failure::garbled(&inbox, error))?;
    let config = json!({
        "deliver_subject": inbox,
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": start,
        "ack_policy": "none",
        "filter_subject": subject,
        "flow_control": true,
        "idle_heartbeat": HEARTBEAT.as_nanos() as u64,
        "replay_policy": "instant",
        "mem_storage": true,
        "num_replicas": 1,
    });
    let body = json!({ "stream_name": inner.stream, "config": config });
    let created: Created = inner.api.call(&format!("CONSUMER.CREATE.{}", inner.stream), &body).await?;
    Ok(Open { name: created.name, messages, owed: None, sent: 0, heartbeats: 0, _place })
}

fn classify(message: Message) -> Delivery {
    if message.status.is_some_and(|status| status.as_u16() == 100) {
        let said = |name| Some(message.headers.as_ref()?.get(name)?.as_str().to_owned());
        let sent = said("Nats-Last-Consumer").and_then(|sent| sent.parse().ok());
        return match message.reply {
            Some(reply) => Delivery::FlowControl(reply.to_string()),
            None => Delivery::Heartbeat { stalled: said("Nats-Consumer-Stalled"), sent },
        };
    }
    match message.reply.as_deref().and_then(sequences) {
        Some((stream, consumer)) => {
            let stored = Stored { sequence: stream, headers: message.headers, payload: message.payload };
            Delivery::Message { stream, consumer, stored }
        }
        None => Delivery::Other,
    }
}

/// Reads the stream's and the consumer's sequence out of a reply subject: `$JS.ACK.STREAM.CONSUMER.DELIVERED.SSEQ.CSEQ...`,
/// or the same with domain and account before the stream (ADR-15 of nats-architecture-and-design).
fn sequences(reply: &str) -> Option<(u64, u64)> {
    let tokens = reply.strip_prefix("$JS.ACK.")?.split('.');
    let at = if tokens.clone().count() >= 9 { 5 } else { 3 };
    let mut sequences = tokens.skip(at);
    Some((sequences.next()?.parse().ok()?, sequences.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sequences_are_read_from_both_forms() {
        assert_eq!(sequences("$JS.ACK.orders.c1.1.42.7.1700000000.3"), Some((42, 7)));
        assert_eq!(sequences("$JS.ACK.hub.ACC.orders.c1.1.42.7.1700000000.3"), Some((42, 7)));
        assert_eq!(sequences("$JS.ACK.hub.ACC.orders.c1.1.42.7.1700000000.3.rnd"), Some((42, 7)));
        assert_eq!(sequences("_INBOX.x"), None);
    }

    proptest! {
        #[test]
        fn no_reply_panics(reply in "(\\$JS\\.ACK\\.)?[a-z0-9.]{0,60}") {
            let _ = sequences(&reply);
        }
    }
}
