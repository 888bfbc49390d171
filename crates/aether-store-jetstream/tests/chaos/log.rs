//! Reads the whole stream, twice and side by side: message by message at the leader, and by a plain consumer.

use std::pin::pin;
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
/// How many messages are asked for at a time.
const IN_FLIGHT: usize = 256;

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
    let mut one_by_one = pin!(one_by_one(&stream, last));
    let mut consumed = pin!(consumed(&stream, last));
    let (mut messages, mut violations) = (Vec::new(), Vec::new());
    loop {
        let (one, other) = tokio::join!(one_by_one.next(), consumed.next());
        // Once they differ they are not side by side any more.
        if one != other && violations.is_empty() {
            let at = |raw: &Option<Raw>| raw.as_ref().map(|raw| raw.sequence);
            let what = format!("one by one: {:?}, by a consumer: {:?}, or other bytes", at(&one), at(&other));
            violations.push(Violation::new(Kind::WrongRead, what));
        }
        messages.extend(one.as_ref().map(Raw::parse));
        if one.is_none() && other.is_none() {
            return (messages, violations);
        }
    }
}

fn one_by_one(stream: &Stream, last: u64) -> impl futures_util::Stream<Item = Raw> {
    let messages = stream::iter(1..=last).map(move |sequence| at(stream, sequence)).buffered(IN_FLIGHT);
    messages.filter_map(std::future::ready)
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

fn consumed(stream: &Stream, last: u64) -> impl futures_util::Stream<Item = Raw> {
    let begin = async move {
        let consumer = stream.create_consumer(consumer::pull::OrderedConfig::default()).await.unwrap();
        (consumer.messages().await.unwrap(), 0)
    };
    let messages = stream::once(begin).map(move |begun| {
        stream::unfold(begun, move |(mut messages, seen)| async move {
            // It waits for more where there is no more.
            if seen >= last {
                return None;
            }
            let message = timeout(PATIENCE, messages.try_next()).await.unwrap().unwrap()?;
            let sequence = message.info().unwrap().stream_sequence;
            let headers = message.headers.clone().unwrap_or_default();
            let (subject, payload) = (message.subject.to_string(), message.payload.to_vec());
            Some((Raw { sequence, subject, headers, payload }, (messages, sequence)))
        })
    });
    messages.flatten()
}
