//! The client used by hand on the stream of a store: what a store of one's own would at least do.

use std::sync::Arc;

use aether_bench::Result;
use aether_core::ActorId;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, HeaderMap, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

/// The client and the stream.
#[derive(Clone)]
pub(crate) struct Raw {
    client: Client,
    context: Context,
    stream: Arc<str>,
}

/// A message like those that the store writes.
#[derive(Clone)]
pub(crate) struct Template {
    headers: HeaderMap,
    payload: Bytes,
}

impl Template {
    /// Messages of the same content, in memory of their own.
    pub(crate) fn copies(&self, count: usize) -> Vec<Self> {
        let copy = || Self { headers: self.headers.clone(), payload: Bytes::copy_from_slice(&self.payload) };
        std::iter::repeat_with(copy).take(count).collect()
    }

    /// The same bytes with the expected sequence as their only header.
    pub(crate) fn without_other_headers(&self) -> Self {
        Self { headers: HeaderMap::new(), payload: self.payload.clone() }
    }
}

impl Raw {
    pub(crate) fn new(client: Client, stream: &str) -> Self {
        Self { context: jetstream::new(client.clone()), client, stream: stream.into() }
    }

    /// The subject of an actor whose id needs no escapes.
    pub(crate) fn subject(&self, actor: &ActorId) -> String {
        format!("{}.events.{}.{}", self.stream, actor.actor_type(), actor.as_str())
    }

    /// The latest message of a subject, as the store wrote it.
    pub(crate) async fn template(&self, subject: &str) -> Result<Template> {
        let message = self.last(subject).await?;
        let mut headers = HeaderMap::new();
        for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
            let text: &str = name.as_ref();
            // The server's own, which it adds to every answer of a direct get.
            let added = ["Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp"].contains(&text);
            if let Some(value) = values.first().filter(|_| !added) {
                headers.insert(name.clone(), value.clone());
            }
        }
        if message.payload.is_empty() || headers.get(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE).is_none() {
            return Err(format!("no message of the store at {subject}").into());
        }
        Ok(Template { headers, payload: message.payload })
    }

    /// Publishes through the client's API, waits for the acknowledgment, and returns the sequence.
    pub(crate) async fn publish(&self, subject: &str, message: Template, expected: u64) -> Result<u64> {
        let Template { mut headers, payload } = message;
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        let ack = self.context.publish_with_headers(subject.to_owned(), headers, payload);
        Ok(ack.await?.await?.sequence)
    }

    /// Gets the latest message of a subject, or says that there is none: one round trip.
    pub(crate) async fn last(&self, subject: &str) -> Result<Message> {
        let request = format!("$JS.API.DIRECT.GET.{}.{subject}", self.stream);
        Ok(self.client.request(request, Bytes::new()).await?)
    }

    /// Gets messages by sequence, all requests at once.
    pub(crate) async fn at(&self, sequences: &[u64]) -> Result<Vec<Message>> {
        let subject = format!("$JS.API.DIRECT.GET.{}", self.stream);
        let get = |sequence: &u64| {
            let body = format!("{{\"seq\":{sequence}}}");
            self.client.request(subject.clone(), body.into())
        };
        let messages = try_join_all(sequences.iter().map(get)).await?;
        match messages.iter().find(|message| message.status.is_some()) {
            Some(missing) => Err(format!("a message is missing: {:?}", missing.status).into()),
            None => Ok(messages),
        }
    }

    /// Receives the `count` messages of a subject by a push consumer without acknowledgments.
    pub(crate) async fn push(&self, subject: &str, count: usize) -> Result {
        let inbox = self.client.new_inbox();
        let mut messages = self.client.subscribe(inbox.clone()).await?;
        let name = self.consumer(subject, &inbox).await?;
        let mut received = 0;
        while received < count {
            let message = next(&mut messages).await?;
            match (message.status, message.reply) {
                (None, _) => received += 1,
                (Some(_), Some(reply)) => self.client.publish(reply, Bytes::new()).await?,
                (Some(_), None) => {}
            }
        }
        // Nobody waits for it, as nobody does in the store.
        let delete = format!("$JS.API.CONSUMER.DELETE.{}.{name}", self.stream);
        Ok(self.client.publish_with_reply(delete, self.client.new_inbox(), Bytes::new()).await?)
    }

    async fn consumer(&self, subject: &str, inbox: &str) -> Result<String> {
        let config = json!({
            "deliver_subject": inbox, "deliver_policy": "all", "ack_policy": "none", "filter_subject": subject,
            "flow_control": true, "idle_heartbeat": 1_000_000_000, "mem_storage": true, "num_replicas": 1,
        });
        let body = json!({ "stream_name": &*self.stream, "config": config }).to_string();
        let request = format!("$JS.API.CONSUMER.CREATE.{}", self.stream);
        let answer = self.client.request(request, body.into()).await?;
        let answer: Value = serde_json::from_slice(&answer.payload)?;
        let name = answer.get("name").and_then(Value::as_str);
        Ok(name.ok_or_else(|| format!("no consumer: {answer}"))?.to_owned())
    }

    /// Receives the `count` messages of a subject by direct get batches.
    pub(crate) async fn batches(&self, subject: &str, count: usize) -> Result {
        const PAGE: usize = 1_000;
        let request = format!("$JS.API.DIRECT.GET.{}", self.stream);
        let (mut received, mut from) = (0, 1);
        while received < count {
            let inbox = self.client.new_inbox();
            let mut messages = self.client.subscribe(inbox.clone()).await?;
            let body = json!({ "seq": from, "next_by_subj": subject, "batch": PAGE }).to_string();
            self.client.publish_with_reply(request.clone(), inbox, body.into()).await?;
            loop {
                let message = next(&mut messages).await?;
                if let Some(status) = message.status {
                    match status.as_u16() {
                        204 => break,
                        other => return Err(format!("status {other} in a direct get batch").into()),
                    }
                }
                received += 1;
                from = 1 + sequence(&message)?;
            }
        }
        Ok(())
    }
}

async fn next(messages: &mut Subscriber) -> Result<Message> {
    Ok(messages.next().await.ok_or("the subscription ended")?)
}

fn sequence(message: &Message) -> Result<u64> {
    let headers = message.headers.as_ref().ok_or("a direct get without headers")?;
    let sequence = headers.get_last("Nats-Sequence").ok_or("a direct get without a sequence")?;
    Ok(sequence.as_str().parse()?)
}
