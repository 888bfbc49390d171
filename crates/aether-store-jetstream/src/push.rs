//! What the server sends by itself: a push consumer without acknowledgements, its flow control answered and its gaps
//! noticed.

use std::time::Duration;

use aether_core::Timestamp;
use async_nats::{Message, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::error::Failure;
use crate::frame::Stored;
use crate::store::Inner;

const HEARTBEAT: Duration = Duration::from_secs(1);
/// So long without any sign of the consumer, it is taken for lost.
pub(crate) const SILENCE: Duration = Duration::from_secs(3);

/// Where a consumer begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum From {
    /// With the first message at this sequence or after it.
    Sequence(u64),
    /// With the first message that was stored at this time or later.
    Time(Timestamp),
}

/// A consumer, which ends with it.
pub(crate) struct Push {
    client: async_nats::Client,
    /// The request that deletes it.
    delete: String,
    messages: Subscriber,
    /// The sequence before the first message that it sends.
    pub(crate) before: u64,
    /// Where the server waits for an answer before it sends more.
    owed: Option<String>,
    /// The consumer's own count of the messages that it sent.
    sent: u64,
    /// A place among the consumers of this handle, where it takes one.
    _place: Option<OwnedSemaphorePermit>,
}

/// A message as the consumer sends it.
pub(crate) struct Pushed {
    pub(crate) subject: Subject,
    pub(crate) stored: Stored,
    /// How many the consumer had left to send when it sent this one.
    pub(crate) left: u64,
}

/// What came of waiting for a message.
pub(crate) enum Heard {
    Message(Pushed),
    /// There was nothing to send for a while.
    Idle,
    /// There was no sign of the consumer.
    Silence,
    /// Some were lost.
    Gap,
}

/// What a delivered message is.
enum Delivered {
    Message { consumer: u64, pushed: Pushed },
    FlowControl(String),
    Heartbeat { stalled: Option<String>, sent: Option<u64> },
    Other,
}

#[derive(Deserialize)]
struct Created {
    name: String,
    delivered: Sequences,
}

#[derive(Deserialize)]
struct Sequences {
    stream_seq: u64,
}

impl Push {
    /// Makes a consumer of the messages that a subject matches.
    pub(crate) async fn open(
        inner: &Inner,
        subject: &str,
        from: From,
        place: Option<OwnedSemaphorePermit>,
    ) -> Result<Self, Failure> {
        let client = inner.api.client.clone();
        let inbox = client.new_inbox();
        let messages = client.subscribe(inbox.clone()).await;
        let messages = messages.map_err(|error| Failure::no_answer(&inbox, error))?;
        let (policy, sequence, time) = match from {
            From::Sequence(sequence) => ("by_start_sequence", Some(sequence), None),
            From::Time(time) => ("by_start_time", None, Some(time.to_string())),
        };
        let config = json!({
            "deliver_subject": inbox,
            "deliver_policy": policy,
            "opt_start_seq": sequence,
            "opt_start_time": time,
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
        let delete = inner.api.subject(&format!("CONSUMER.DELETE.{}.{}", inner.stream, created.name));
        let before = created.delivered.stream_seq;
        Ok(Self { client, delete, messages, before, owed: None, sent: 0, _place: place })
    }

    /// Returns the next message, if it is here already and nothing is owed to the server.
    pub(crate) fn hear_ready(&mut self) -> Option<Heard> {
        if self.owed.is_some() {
            return None;
        }
        let message = self.messages.next().now_or_never()??;
        self.take(message)
    }

    /// Waits for the next message, for `patience` at most.
    pub(crate) async fn hear(&mut self, patience: Duration) -> Result<Heard, Failure> {
        loop {
            self.pay().await?;
            let Ok(Some(message)) = timeout(patience, self.messages.next()).await else {
                return Ok(Heard::Silence);
            };
            if let Some(heard) = self.take(message) {
                return Ok(heard);
            }
        }
    }

    /// Says whether the server waits for an answer before it sends more.
    pub(crate) fn owes(&self) -> bool {
        self.owed.is_some()
    }

    async fn pay(&mut self) -> Result<(), Failure> {
        let Some(reply) = self.owed.take() else { return Ok(()) };
        let answer = self.client.publish(reply.clone(), Bytes::new()).await;
        answer.map_err(|error| Failure::no_answer(&reply, error))
    }

    fn take(&mut self, message: Message) -> Option<Heard> {
        match classify(message) {
            Delivered::Message { consumer, pushed } => {
                // The client drops what its buffer does not hold: a gap in the count is the only sign.
                if consumer != self.sent + 1 {
                    return Some(Heard::Gap);
                }
                self.sent = consumer;
                Some(Heard::Message(pushed))
            }
            Delivered::FlowControl(reply) | Delivered::Heartbeat { stalled: Some(reply), .. } => {
                self.owed = Some(reply);
                None
            }
            // The last ones that it sent were dropped.
            Delivered::Heartbeat { sent: Some(sent), .. } if sent > self.sent => Some(Heard::Gap),
            Delivered::Heartbeat { .. } => Some(Heard::Idle),
            Delivered::Other => None,
        }
    }
}

impl Drop for Push {
    /// Deletes the consumer: it would live on for a while, and a stream takes only so many.
    fn drop(&mut self) {
        let (client, inbox) = (self.client.clone(), self.client.new_inbox());
        let delete = std::mem::take(&mut self.delete);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { client.publish_with_reply(delete, inbox, Bytes::new()).await });
        }
    }
}

fn classify(message: Message) -> Delivered {
    if message.status.is_some_and(|status| status.as_u16() == 100) {
        let said = |name| Some(message.headers.as_ref()?.get(name)?.as_str().to_owned());
        let sent = said("Nats-Last-Consumer").and_then(|sent| sent.parse().ok());
        return match message.reply {
            Some(reply) => Delivered::FlowControl(reply.to_string()),
            None => Delivered::Heartbeat { stalled: said("Nats-Consumer-Stalled"), sent },
        };
    }
    match message.reply.as_deref().and_then(place) {
        Some(Place { stream, consumer, left }) => {
            let stored = Stored { sequence: stream, headers: message.headers, payload: message.payload };
            Delivered::Message { consumer, pushed: Pushed { subject: message.subject, stored, left } }
        }
        None => Delivered::Other,
    }
}

/// What a reply subject says of a message.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    stream: u64,
    consumer: u64,
    left: u64,
}

/// Reads a reply subject: `$JS.ACK.STREAM.CONSUMER.DELIVERED.SSEQ.CSEQ.TIME.PENDING`, or the same with domain and account
/// before the stream, and perhaps something after it (ADR-15 of nats-architecture-and-design).
fn place(reply: &str) -> Option<Place> {
    let tokens = reply.strip_prefix("$JS.ACK.")?.as_bytes().split(|byte| *byte == b'.');
    let mut first: [&[u8]; 9] = Default::default();
    let count = first.iter_mut().zip(tokens).map(|(place, token)| *place = token).count();
    let (stream, consumer, left) = match first {
        [_, _, _, stream, consumer, _, left, _, _] if count < 9 => (stream, consumer, left),
        [_, _, _, _, _, stream, consumer, _, left] => (stream, consumer, left),
    };
    Some(Place { stream: number(stream)?, consumer: number(consumer)?, left: number(left)? })
}

/// Reads digits, without looking at them as text first: each message of a long read has three such numbers.
fn number(digits: &[u8]) -> Option<u64> {
    let add = |number: u64, digit: &u8| {
        let value = digit.wrapping_sub(b'0');
        number.checked_mul(10)?.checked_add(value.into()).filter(|_| value < 10)
    };
    digits.iter().try_fold(0, add).filter(|_| !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_of_replies_are_read() {
        let read = Some(Place { stream: 42, consumer: 7, left: 3 });
        assert_eq!(place("$JS.ACK.orders.c1.1.42.7.1700000000.3"), read);
        assert_eq!(place("$JS.ACK.hub.ACC.orders.c1.1.42.7.1700000000.3"), read);
        assert_eq!(place("$JS.ACK.hub.ACC.orders.c1.1.42.7.1700000000.3.rnd"), read);
        for other in [
            "_INBOX.x",
            "$JS.ACK.orders.c1.1.42.7.1700000000",
            "$JS.ACK.orders.c1.1.42..1700000000.3",
            "$JS.ACK.orders.c1.1.4x.7.1700000000.3",
            "$JS.ACK.orders.c1.1.18446744073709551616.7.1700000000.3",
        ] {
            assert_eq!(place(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_reply_panics(reply in "(\\$JS\\.ACK\\.)?[a-z0-9.]{0,60}") {
            let _ = place(&reply);
        }
    }
}
