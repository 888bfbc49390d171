//! Batches of messages that the server stores as a whole or not at all (ADR-50 of NATS; servers from 2.12 on).

use async_nats::client::traits::Publisher;
use async_nats::message::OutboundMessage;
use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use crate::api::Api;
use crate::error::{ApiError, Failure};
use crate::headers::batch;

/// The most messages of a batch: the server's own limit.
pub(crate) const MOST: usize = 1000;

/// A message of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
}

/// A batch whose last message is still to be sent.
#[derive(Debug)]
pub(crate) struct Begun {
    last: Part,
    count: usize,
}

#[derive(Deserialize)]
struct Ack {
    #[serde(default)]
    error: Option<ApiError>,
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    stream: String,
    /// How many messages were stored; servers that know no batches do not say.
    #[serde(default)]
    count: usize,
}

impl Api {
    /// Sends all messages of a batch but the last. While that is not sent, nothing is stored, and after an error nothing will
    /// be.
    pub(crate) async fn begin(
        &self,
        id: &str,
        mut parts: Vec<Part>,
        until: Instant,
    ) -> Result<Begun, Failure> {
        let count = parts.len();
        let mut last = parts.pop().ok_or_else(|| Failure::garbled("", "a batch without messages"))?;
        batch::write(&mut last.headers, id, count, true);
        let until = until.min(self.until());
        for (number, mut part) in (1..).zip(parts) {
            batch::write(&mut part.headers, id, number, false);
            let Part { subject, headers, payload } = part;
            if number == 1 {
                // With an answer: whether the server knows batches at all, and takes this one.
                let answer = self.request(&subject, Some(headers), payload, until).await?;
                has_begun(&subject, &answer)?;
                continue;
            }
            let message = OutboundMessage {
                subject: subject.as_str().into(),
                reply: None,
                payload,
                headers: Some(headers),
            };
            let sent = timeout_at(until, self.client.publish_message(message)).await;
            sent.map_err(|error| Failure::no_answer(&subject, error))?
                .map_err(|error| Failure::of_publish(&subject, error))?;
        }
        Ok(Begun { last, count })
    }

    /// Sends the last message, and returns the sequence at which it is stored; those of the others come before it.
    pub(crate) async fn commit(&self, stream: &str, begun: Begun, until: Instant) -> Result<u64, Failure> {
        let Begun { last: Part { subject, headers, payload }, count } = begun;
        let answer = self.request(&subject, Some(headers), payload, until.min(self.until())).await?;
        let ack: Ack =
            serde_json::from_slice(&answer.payload).map_err(|error| Failure::garbled(&subject, error))?;
        match ack.error {
            Some(error) => Err(error.into()),
            None if ack.stream == stream && ack.count == count && ack.seq >= count as u64 => Ok(ack.seq),
            None => Err(Failure::garbled(
                &subject,
                format!("{} messages acknowledged by {:?}", ack.count, ack.stream),
            )),
        }
    }
}

/// Checks the answer to a batch's first message: nothing. A server that knows no batches says where it stored it.
fn has_begun(subject: &str, answer: &Message) -> Result<(), Failure> {
    if answer.payload.is_empty() {
        return Ok(());
    }
    let ack: Ack =
        serde_json::from_slice(&answer.payload).map_err(|error| Failure::garbled(subject, error))?;
    match ack.error {
        Some(error) => Err(error.into()),
        None => Err(Failure::NoBatches { subject: subject.to_owned(), sequence: ack.seq }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(payload: &'static str) -> Result<(), Failure> {
        let answer = Message {
            subject: "_INBOX.a".into(),
            reply: None,
            payload: payload.into(),
            headers: None,
            status: None,
            description: None,
            length: 0,
        };
        has_begun("$KV.a.b", &answer)
    }

    #[test]
    fn a_batch_has_begun_where_the_answer_is_empty() {
        begun("").unwrap();
    }

    #[test]
    fn a_server_that_stored_the_first_message_alone_knows_no_batches() {
        let error = begun(r#"{"stream":"KV_a","seq":17}"#).unwrap_err();
        assert!(matches!(error, Failure::NoBatches { sequence: 17, .. }), "{error}");
        assert!(!error.is_passing() && !error.is_conflict());
    }

    #[test]
    fn a_batch_that_is_refused_says_why() {
        let error = begun(r#"{"error":{"code":400,"err_code":10174,"description":"disabled"}}"#).unwrap_err();
        assert!(error.is_of_batches() && error.is_abandoned(), "{error}");
        assert!(matches!(begun("?").unwrap_err(), Failure::Garbled { .. }));
    }
}
