//! The client used by hand on the stream of a store.

use std::time::Duration;

use aether_bench::Result;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::{self, stream::Stream};
use async_nats::{Client, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;

/// A push consumer without acknowledgments, its flow control answered.
pub(crate) struct Push {
    client: Client,
    messages: Subscriber,
    delete: String,
}

impl Push {
    pub(crate) async fn open(client: &Client, stream: &str, from: &str) -> Result<Self> {
        let inbox = client.new_inbox();
        let messages = client.subscribe(inbox.clone()).await?;
        let config = json!({
            "deliver_subject": inbox, "deliver_policy": from, "ack_policy": "none",
            "filter_subject": format!("{stream}.events.>"), "flow_control": true, "idle_heartbeat": 1_000_000_000,
            "mem_storage": true, "num_replicas": 1,
        });
        let body = json!({ "stream_name": stream, "config": config }).to_string();
        let answer = client.request(format!("$JS.API.CONSUMER.CREATE.{stream}"), body.into()).await?;
        let answer: serde_json::Value = serde_json::from_slice(&answer.payload)?;
        let name =
            answer.get("name").and_then(serde_json::Value::as_str).ok_or_else(|| answer.to_string())?;
        let delete = format!("$JS.API.CONSUMER.DELETE.{stream}.{name}");
        Ok(Self { client: client.clone(), messages, delete })
    }

    pub(crate) async fn next(&mut self) -> Result<Message> {
        loop {
            let message = self.messages.next().await.ok_or("the subscription ended")?;
            match (message.status, message.reply.clone()) {
                (None, _) => return Ok(message),
                (Some(_), Some(reply)) => self.client.publish(reply, Bytes::new()).await?,
                (Some(_), None) => {}
            }
        }
    }

    pub(crate) async fn close(self) -> Result {
        let (client, inbox) = (self.client, Bytes::new());
        Ok(client.publish_with_reply(self.delete, client.new_inbox(), inbox).await?)
    }
}

/// Receives `count` messages by a durable pull consumer, and acknowledges each of them.
pub(crate) async fn pull(client: &Client, stream: &str, count: usize) -> Result {
    let stream: Stream = jetstream::new(client.clone()).get_stream(stream).await?;
    let config = pull::Config {
        durable_name: Some(format!("group-{}", client.new_inbox().rsplit('.').next().unwrap_or_default())),
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(30),
        max_ack_pending: 10_000,
        ..Default::default()
    };
    let consumer: PullConsumer = stream.create_consumer(config).await?;
    let mut messages = consumer.stream().max_messages_per_batch(1_000).messages().await?;
    for _ in 0..count {
        let message = messages.next().await.ok_or("the consumer ended")??;
        message.ack().await?;
    }
    Ok(())
}
