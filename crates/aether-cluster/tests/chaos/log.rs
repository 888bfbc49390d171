//! Reads what was stored, message by message at the stream's leader, with a plain client.

use std::time::Duration;

use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{self, message::StreamMessage};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::check::{Log, Stored};

/// How many messages are asked for at a time.
const IN_FLIGHT: usize = 64;

pub(crate) async fn read(client: &async_nats::Client, name: &str) -> Log {
    let mut context = jetstream::new(client.clone());
    context.set_timeout(Duration::from_secs(30));
    let stream = context.get_stream(name).await.unwrap();
    let last = stream.cached_info().state.last_sequence;
    let messages = stream::iter(1..=last).map(|sequence| at(&stream, sequence)).buffered(IN_FLIGHT);
    let messages: Vec<_> = messages.filter_map(std::future::ready).collect().await;
    let mut log = Log::new();
    let prefix = format!("{name}.events.");
    for message in &messages {
        if let Some(subject) = message.subject.strip_prefix(&prefix) {
            put(&mut log, subject.rsplit_once('.').unwrap().1, message);
        }
    }
    log
}

async fn at(stream: &Stream, sequence: u64) -> Option<StreamMessage> {
    for _ in 0..100 {
        match stream.get_raw_message(sequence).await {
            Ok(found) => return Some(found),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => return None,
            // Servers that have just come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("the message at {sequence} cannot be read");
}

fn put(log: &mut Log, actor: &str, message: &StreamMessage) {
    let header = |name: &str| Some(message.headers.get(name)?.as_str().parse::<u64>().unwrap());
    let actor = log.entry(actor.to_owned()).or_default();
    actor.epochs.push((message.sequence, header("Aether-Epoch").unwrap_or_default()));
    if header("Aether-Count") == Some(0) {
        return;
    }
    let body: Value = serde_json::from_slice(&message.payload).unwrap();
    let events = body.as_array().cloned().unwrap_or_else(|| vec![body]);
    actor.events.extend(events.iter().map(|event| Stored {
        sequence: message.sequence,
        version: event["version"].as_u64().unwrap(),
        change: event["data"]["change"].as_i64().unwrap(),
        command: event["commandId"].as_str().unwrap().to_owned(),
    }));
}
