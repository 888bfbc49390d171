//! The requests to JetStream: API calls with JSON, and publishing with an acknowledgment.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, HeaderMap, Message};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::error::{ApiError, Failure};
use super::inbox::Inbox;

/// JetStream as one node speaks to it.
#[derive(Debug)]
pub(super) struct Link {
    client: Client,
    inbox: Inbox,
    api: String,
    answer_within: Duration,
}

#[derive(Deserialize)]
struct Ack {
    #[serde(default)]
    error: Option<ApiError>,
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    stream: String,
}

impl Link {
    pub(super) fn new(client: Client, api: String, answer_within: Duration) -> Self {
        Self { inbox: Inbox::new(client.clone()), client, api, answer_within }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The subject of an API request.
    pub(super) fn subject(&self, verb: &str) -> String {
        format!("{}.{verb}", self.api)
    }

    /// Makes an API request whose answer is JSON.
    pub(super) async fn call<T: DeserializeOwned>(&self, verb: &str, body: &Value) -> Result<T, Failure> {
        let subject = self.subject(verb);
        let payload = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let answer = self.request(&subject, None, payload).await?;
        let garbled = |error| Failure::garbled(&subject, error);
        let value: Value = serde_json::from_slice(&answer.payload).map_err(garbled)?;
        match value.get("error") {
            Some(error) => Err(ApiError::deserialize(error).map_err(garbled)?.into()),
            None => T::deserialize(value).map_err(garbled),
        }
    }

    /// Publishes to a stream, and returns the sequence at which it is stored.
    pub(super) async fn publish(
        &self,
        stream: &str,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<u64, Failure> {
        let answer = self.request(&subject, Some(headers), payload).await?;
        let ack: Ack =
            serde_json::from_slice(&answer.payload).map_err(|error| Failure::garbled(&subject, error))?;
        match ack.error {
            Some(error) => Err(error.into()),
            None if ack.stream == stream && ack.seq > 0 => Ok(ack.seq),
            // Another stream or service has the subject: what it acknowledged is not ours.
            None => Err(Failure::garbled(&subject, format!("acknowledged by {:?}", ack.stream))),
        }
    }

    async fn request(
        &self,
        subject: &str,
        headers: Option<HeaderMap>,
        payload: Bytes,
    ) -> Result<Message, Failure> {
        // The client would keep it, and send it whenever there is a connection again: long after anybody wants it.
        if self.client.connection_state() != State::Connected {
            return Err(Failure::Disconnected);
        }
        let answer = timeout(self.answer_within, self.inbox.request(subject, headers, payload)).await;
        answer.unwrap_or_else(|error| Err(Failure::no_answer(subject, error)))
    }
}
