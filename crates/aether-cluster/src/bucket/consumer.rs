//! The consumer of a watch: how it is made, and what its messages say of themselves. Pure.

use std::time::Duration;

use async_nats::Message;
use serde_json::{Value, json};

/// How long a consumer stays that nobody hears any more, such as that of a killed process.
const INACTIVE: Duration = Duration::from_secs(60);

/// A consumer of these subjects that sends to this inbox.
pub(super) fn config(name: &str, inbox: &str, subjects: &[String], heartbeat: Duration) -> Value {
    json!({
        "name": name,
        "deliver_subject": inbox,
        // Through a consumer, and not by subscribing to the subjects: those show what is not committed, and may never be.
        "deliver_policy": "last_per_subject",
        "ack_policy": "none",
        "replay_policy": "instant",
        "filter_subjects": subjects,
        "mem_storage": true,
        "num_replicas": 1,
        "inactive_threshold": INACTIVE.as_nanos() as u64,
        "flow_control": true,
        "idle_heartbeat": heartbeat.as_nanos() as u64,
    })
}

/// What the server sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// A value.
    Value(Place),
    /// It waits for an answer there before it sends more.
    FlowControl(String),
    /// Nothing is there to send: so many messages it has sent in all, if it says so; and where it waits, if it does.
    Idle { sent: Option<u64>, stalled: Option<String> },
    /// Something else.
    Other,
}

/// What a message's reply subject says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Its sequence in the stream.
    pub(super) stream: u64,
    /// Its number among all that the consumer sent.
    pub(super) consumer: u64,
    /// How many are to follow at once.
    pub(super) left: u64,
}

/// Reads what the server sent.
pub(super) fn read(message: &Message) -> Sent {
    if message.status.is_some_and(|status| status.as_u16() == 100) {
        let said = |name: &str| Some(message.headers.as_ref()?.get(name)?.as_str().to_owned());
        return match &message.reply {
            Some(reply) => Sent::FlowControl(reply.to_string()),
            None => Sent::Idle {
                sent: said("Nats-Last-Consumer").and_then(|sent| sent.parse().ok()),
                stalled: said("Nats-Consumer-Stalled"),
            },
        };
    }
    message.reply.as_deref().and_then(place).map_or(Sent::Other, Sent::Value)
}

/// Reads a reply subject: `$JS.ACK.STREAM.CONSUMER.DELIVERED.SSEQ.CSEQ.TIME.PENDING`, or the same with domain and account
/// before the stream, and perhaps something after it (ADR-15 of nats-architecture-and-design).
fn place(reply: &str) -> Option<Place> {
    let tokens: Vec<_> = reply.strip_prefix("$JS.ACK.")?.split('.').collect();
    let (stream, consumer, left) = match tokens[..] {
        [_, _, _, stream, consumer, _, left] => (stream, consumer, left),
        [_, _, _, _, _, stream, consumer, _, left, ..] => (stream, consumer, left),
        _ => return None,
    };
    Some(Place { stream: stream.parse().ok()?, consumer: consumer.parse().ok()?, left: left.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_replies_are_read_and_no_other() {
        let read = Some(Place { stream: 42, consumer: 7, left: 3 });
        assert_eq!(place("$JS.ACK.KV_a.c1.1.42.7.1700000000.3"), read);
        assert_eq!(place("$JS.ACK.hub.ACC.KV_a.c1.1.42.7.1700000000.3"), read);
        assert_eq!(place("$JS.ACK.hub.ACC.KV_a.c1.1.42.7.1700000000.3.rnd"), read);
        for other in ["_INBOX.x", "$JS.ACK.KV_a.c1.1.42.7.17", "$JS.ACK.KV_a.c1.1.4x.7.17.3", "$JS.ACK."] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
