//! Reads the whole stream, twice: message by message at the leader, and by a plain consumer.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::{
    self, consumer,
    stream::{LastRawMessageErrorKind, Stream},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

use crate::check::{Kind, Message, Violation, parse};

const PATIENCE: Duration = Duration::from_secs(30);

/// A message as it came.
#[derive(PartialEq, Eq)]
struct Raw {
    sequence: u64,
    subject: String,
    headers: HeaderMap,
    payload: Vec<u8>,
}

impl Raw {
    fn parse(&self) -> Message {
        let header = |name: &str| self.headers.get(name).map(|value| value.as_str().to_owned());
        parse(self.sequence, &self.subject, header, &self.payload)
    }
}

/// Returns the stream's messages, and where the two ways of reading do not agree.
pub(crate) async fn read(client: &async_nats::Client, name: &str) -> (Vec<Message>, Vec<Violation>) {
    let mut context = jetstream::new(client.clone());
    context.set_timeout(PATIENCE);
    let stream = context.get_stream(name).await.unwrap();
    let last = stream.cached_info().state.last_sequence;
    let one_by_one = one_by_one(&stream, last).await;
    let consumed = consumed(&stream, last).await;
    let mut violations = Vec::new();
    if one_by_one.len() != consumed.len() || one_by_one.iter().zip(&consumed).any(|(one, other)| one != other)
    {
        let what = format!("{} messages one by one, {} by a consumer", one_by_one.len(), consumed.len());
        violations.push(Violation::new(Kind::WrongRead, what));
    }
    (one_by_one.iter().map(Raw::parse).collect(), violations)
}

async fn one_by_one(stream: &Stream, last: u64) -> Vec<Raw> {
    let messages = stream::iter(1..=last).map(|sequence| at(stream, sequence)).buffered(64);
    messages.filter_map(std::future::ready).collect().await
}

async fn at(stream: &Stream, sequence: u64) -> Option<Raw> {
    for _ in 0..50 {
        match stream.get_raw_message(sequence).await {
            Ok(found) => {
                let (subject, headers, payload) =
                    (found.subject.to_string(), found.headers, found.payload.to_vec());
                return Some(Raw { sequence, subject, headers, payload });
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => return None,
            // A cluster that has just been healed.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("the message at {sequence} cannot be read");
}

async fn consumed(stream: &Stream, last: u64) -> Vec<Raw> {
    if last == 0 {
        return Vec::new();
    }
    let consumer = stream.create_consumer(consumer::pull::OrderedConfig::default()).await.unwrap();
    let mut messages = consumer.messages().await.unwrap();
    let mut found = Vec::new();
    while let Some(message) = timeout(PATIENCE, messages.try_next()).await.unwrap().unwrap() {
        let sequence = message.info().unwrap().stream_sequence;
        let headers = message.headers.clone().unwrap_or_default();
        let (subject, payload) = (message.subject.to_string(), message.payload.to_vec());
        found.push(Raw { sequence, subject, headers, payload });
        if sequence >= last {
            break;
        }
    }
    found
}
