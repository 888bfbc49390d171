//! The requests that the store makes: publishing, and messages by subject or sequence from any replica or the leader.

use std::borrow::Cow;
use std::time::Duration;

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::RawMessage;
use async_nats::message::OutboundMessage;
use async_nats::{Client, HeaderMap, HeaderName, Message};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::deadline::Deadline;
use crate::error::{ApiError, Failure, code};
use crate::frame::Stored;
use crate::inbox::Inbox;
use crate::mechanism::{Mechanism, Mechanisms};

const SEQUENCE: HeaderName = async_nats::header::NATS_SEQUENCE;
const SUBJECT: HeaderName = async_nats::header::NATS_SUBJECT;

/// JetStream as the store uses it.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) client: Client,
    inbox: Inbox,
    prefix: String,
    pub(crate) timeout: Duration,
    permits: Semaphore,
    mechanisms: Mechanisms,
}

/// A message with the subject that it is stored under.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) subject: String,
    pub(crate) message: Stored,
}

#[derive(Deserialize)]
struct Ack<'a> {
    #[serde(default)]
    error: Option<ApiError>,
    #[serde(default)]
    seq: u64,
    #[serde(default, borrow)]
    stream: Cow<'a, str>,
}

#[derive(Deserialize)]
struct LeaderAnswer {
    #[serde(default)]
    error: Option<ApiError>,
    #[serde(default)]
    message: Option<RawMessage>,
}

impl Api {
    pub(crate) fn new(client: Client, prefix: String, timeout: Duration, max_in_flight: usize) -> Self {
        let permits = Semaphore::new(max_in_flight.clamp(1, Semaphore::MAX_PERMITS));
        let inbox = Inbox::new(client.clone());
        Self { client, inbox, prefix, timeout, permits, mechanisms: Mechanisms::default() }
    }

    pub(crate) fn with(self, mechanisms: Mechanisms) -> Self {
        Self { mechanisms, ..self }
    }

    /// Returns the subject of an API request.
    pub(crate) fn subject(&self, verb: &str) -> String {
        format!("{}.{verb}", self.prefix)
    }

    /// Makes an API request whose answer is JSON.
    pub(crate) async fn call<T: DeserializeOwned>(&self, verb: &str, body: &Value) -> Result<T, Failure> {
        let subject = self.subject(verb);
        let payload = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let answer = self.request(&subject, None, payload, self.until()).await?;
        let value: Value =
            serde_json::from_slice(&answer.payload).map_err(|error| Failure::garbled(&subject, error))?;
        if let Some(error) = value.get("error") {
            let error = ApiError::deserialize(error).map_err(|error| Failure::garbled(&subject, error))?;
            return Err(error.into());
        }
        T::deserialize(value).map_err(|error| Failure::garbled(&subject, error))
    }

    /// Publishes to a stream, with an answer before `until`, and returns the sequence at which it is stored.
    pub(crate) async fn publish(
        &self,
        stream: &str,
        subject: &str,
        headers: HeaderMap,
        payload: Bytes,
        until: Instant,
    ) -> Result<u64, Failure> {
        let answer = self.request(subject, Some(headers), payload, until.min(self.until())).await?;
        if let Some(sequence) = usual_ack(stream, &answer.payload) {
            return Ok(sequence);
        }
        let ack: Ack<'_> =
            serde_json::from_slice(&answer.payload).map_err(|error| Failure::garbled(subject, error))?;
        match ack.error {
            Some(error) => Err(error.into()),
            None if ack.stream == stream && ack.seq > 0 => Ok(ack.seq),
            // Another stream or service has the subject: what it acknowledged is not ours.
            None => Err(Failure::garbled(subject, format!("acknowledged by {:?}", ack.stream))),
        }
    }

    /// Returns the latest message of `subject` that some replica has. Where none listens, the leader is asked: in a cluster
    /// the servers hear of a new stream's replicas a little after it was made.
    pub(crate) async fn direct_last(&self, stream: &str, subject: &str) -> Result<Option<Stored>, Failure> {
        let request = self.subject(&format!("DIRECT.GET.{stream}.{subject}"));
        match self.direct(&request, Bytes::new()).await {
            Err(Failure::NoResponders { .. }) => self.leader_last(stream, subject).await,
            found => Ok(found?.map(|found| found.message)),
        }
    }

    /// Returns the message at `sequence` that some replica has.
    pub(crate) async fn direct_at(&self, stream: &str, sequence: u64) -> Result<Option<Found>, Failure> {
        let request = self.subject(&format!("DIRECT.GET.{stream}"));
        match self.direct(&request, format!("{{\"seq\":{sequence}}}").into()).await {
            Err(Failure::NoResponders { .. }) => self.leader_at(stream, sequence).await,
            found => found,
        }
    }

    /// Returns the latest message of `subject` that the leader has.
    pub(crate) async fn leader_last(&self, stream: &str, subject: &str) -> Result<Option<Stored>, Failure> {
        Ok(self.leader(stream, &json!({ "last_by_subj": subject })).await?.map(|found| found.message))
    }

    /// Returns the first message of `subject` at `sequence` or after it that the leader has.
    pub(crate) async fn leader_next(
        &self,
        stream: &str,
        subject: &str,
        sequence: u64,
    ) -> Result<Option<Stored>, Failure> {
        let body = json!({ "seq": sequence, "next_by_subj": subject });
        Ok(self.leader(stream, &body).await?.map(|found| found.message))
    }

    /// Returns the message at `sequence` that the leader has.
    pub(crate) async fn leader_at(&self, stream: &str, sequence: u64) -> Result<Option<Found>, Failure> {
        self.leader(stream, &json!({ "seq": sequence })).await
    }

    async fn direct(&self, subject: &str, body: Bytes) -> Result<Option<Found>, Failure> {
        let message = self.request(subject, None, body, self.until()).await?;
        match message.status.map(|status| status.as_u16()) {
            None => direct_message(message).map(Some).ok_or_else(|| {
                Failure::garbled(subject, "a direct get's answer without subject or sequence")
            }),
            Some(404) => Ok(None),
            Some(status) => {
                let text = message.description.unwrap_or_default();
                Err(Failure::garbled(subject, format!("status {status} {text}")))
            }
        }
    }

    async fn leader(&self, stream: &str, body: &Value) -> Result<Option<Found>, Failure> {
        if !self.mechanisms.has(Mechanism::LeaderReads) {
            let any = self.subject(&format!("DIRECT.GET.{stream}"));
            return self.direct(&any, body.to_string().into()).await;
        }
        let subject = self.subject(&format!("STREAM.MSG.GET.{stream}"));
        let answer = self.request(&subject, None, body.to_string().into(), self.until()).await?;
        let answer: LeaderAnswer =
            serde_json::from_slice(&answer.payload).map_err(|error| Failure::garbled(&subject, error))?;
        match (answer.error, answer.message) {
            (Some(error), _) if error.err_code == code::NO_MESSAGE_FOUND => Ok(None),
            (Some(error), _) => Err(error.into()),
            (None, Some(raw)) => {
                leader_message(raw).map(Some).map_err(|error| Failure::garbled(&subject, error))
            }
            (None, None) => Err(Failure::garbled(&subject, "neither a message nor an error")),
        }
    }

    /// Waits until one more request may be in flight.
    pub(crate) async fn permit(&self, subject: &str) -> Result<SemaphorePermit<'_>, Failure> {
        self.permits.acquire().await.map_err(|error| Failure::garbled(subject, error))
    }

    /// Returns the end of what begins now.
    pub(crate) fn until(&self) -> Instant {
        Deadline::after(self.timeout).at
    }

    pub(crate) fn request<'a>(
        &'a self,
        subject: &'a str,
        headers: Option<HeaderMap>,
        payload: Bytes,
        until: Instant,
    ) -> impl Future<Output = Result<Message, Failure>> + Send + 'a {
        // Boxed, or each future on the way down would carry it twice, and be copied with it.
        let request = OutboundMessage { subject: subject.into(), reply: None, payload, headers };
        self.send(subject, Box::new(request), until)
    }

    async fn send(
        &self,
        subject: &str,
        request: Box<OutboundMessage>,
        until: Instant,
    ) -> Result<Message, Failure> {
        // Around everything: also the client's queue may be full, and the permits taken.
        let request = async {
            let _permit = self.permit(subject).await?;
            self.inbox.request(subject, request).await
        };
        let answer = timeout_at(until, request).await;
        answer.unwrap_or_else(|error| {
            self.inbox.doubt();
            Err(Failure::no_answer(subject, error))
        })
    }
}

/// Reads an acknowledgment in the form that servers write where nothing else is to be said; any other is nothing here.
fn usual_ack(stream: &str, payload: &[u8]) -> Option<u64> {
    let rest = payload.strip_prefix(b"{\"stream\":\"")?.strip_prefix(stream.as_bytes())?;
    let digits = rest.strip_prefix(b"\",\"seq\":")?.strip_suffix(b"}")?;
    let is_number = digits.first().is_some_and(|first| (b'1'..=b'9').contains(first));
    std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}

pub(crate) fn direct_message(message: Message) -> Option<Found> {
    let headers = message.headers?;
    // The last ones: the server puts its own after those that are stored with the message, which may lie.
    let subject = headers.get_last(SUBJECT)?.as_str().to_owned();
    let sequence = headers.get_last(SEQUENCE)?.as_str().parse().ok()?;
    Some(Found { subject, message: Stored { sequence, headers: Some(headers), payload: message.payload } })
}

fn leader_message(raw: RawMessage) -> Result<Found, async_nats::Error> {
    let message = StreamMessage::try_from(raw)?;
    let stored =
        Stored { sequence: message.sequence, headers: Some(message.headers), payload: message.payload };
    Ok(Found { subject: message.subject.to_string(), message: stored })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_acknowledgment_is_known_and_nothing_else() {
        assert_eq!(usual_ack("orders", br#"{"stream":"orders","seq":4711}"#), Some(4711));
        for other in [
            r#"{"stream":"order","seq":4711}"#,
            r#"{"stream":"orders2","seq":4711}"#,
            r#"{"stream":"orders","seq":0}"#,
            r#"{"stream":"orders","seq":+1}"#,
            r#"{"stream":"orders","seq":18446744073709551616}"#,
            r#"{"stream":"orders","seq":1,"duplicate": true}"#,
            r#"{"error":{"code":400,"err_code":10071,"description":"x"},"stream":"orders","seq":0}"#,
            "",
        ] {
            assert_eq!(usual_ack("orders", other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_quickly_means_the_same_read_slowly(name in "[a-z\"\\\\ ,:é]{0,12}", payload in any::<Vec<u8>>(), seq: u64) {
            let _ = usual_ack(&name, &payload);
            let written = format!("{{\"stream\":{},\"seq\":{seq}}}", json!(name));
            if let Some(sequence) = usual_ack(&name, written.as_bytes()) {
                let ack: Ack<'_> = serde_json::from_str(&written).unwrap();
                prop_assert_eq!((sequence, name.as_str(), true), (ack.seq, ack.stream.as_ref(), ack.error.is_none()));
            }
        }
    }
}
