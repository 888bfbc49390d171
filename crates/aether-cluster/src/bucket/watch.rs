//! A watch of the bucket: what stands there, and each change, as the server has committed it.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::config::Config;
use super::consumer::{self, Place, Sent};
use super::error::Failure;
use super::link::Link;
use super::{Value, message};

/// After so many heartbeats that did not come, the consumer is taken for lost.
const MISSED: u32 = 3;

/// So long it is tried to delete a consumer. Otherwise the server does, when nobody has heard it for a while.
const PARTING: Duration = Duration::from_secs(5);

/// What a watch shows.
#[derive(Debug)]
pub(crate) enum Shown {
    /// What stands at a key.
    Value(String, Value),
    /// Everything that was there has been shown. Said once.
    All,
}

/// A consumer of the bucket, which ends with it.
#[derive(Debug)]
pub(crate) struct Watch {
    config: Arc<Config>,
    messages: Subscriber,
    patience: Duration,
    /// The consumer's own count of the messages that it sent.
    sent: u64,
    /// Whether everything was shown, and whether that was said.
    shows_all: bool,
    said_all: bool,
    consumer: Consumer,
}

#[derive(Debug)]
struct Consumer {
    client: Client,
    /// The request that deletes it.
    delete: String,
}

#[derive(Deserialize)]
struct Created {
    #[serde(default)]
    num_pending: u64,
}

impl Watch {
    pub(super) async fn open(
        link: Arc<Link>,
        config: Arc<Config>,
        name: &str,
        keys: &[&str],
        heartbeat: Duration,
    ) -> Result<Self, Failure> {
        let client = link.client().clone();
        let inbox = client.new_inbox();
        let messages = client.subscribe(inbox.clone()).await;
        let messages = messages.map_err(|error| Failure::no_answer(&inbox, error))?;
        let subjects: Vec<_> = keys.iter().map(|key| config.subject(key)).collect();
        let body = json!({
            "stream_name": config.stream,
            "config": consumer::config(name, &inbox, &subjects, heartbeat),
        });
        let delete = link.subject(&format!("CONSUMER.DELETE.{}.{name}", config.stream));
        // From here on it is deleted, also when the answer is lost.
        let consumer = Consumer { client, delete };
        let created: Created = link.call(&format!("CONSUMER.CREATE.{}.{name}", config.stream), &body).await?;
        let shows_all = created.num_pending == 0;
        let patience = heartbeat * MISSED;
        Ok(Self { config, messages, patience, sent: 0, shows_all, said_all: false, consumer })
    }

    /// Waits for what is shown next; nothing when the watch is lost, and another one is to be made.
    ///
    /// Cancel safe: what was received is returned by some call.
    pub(crate) async fn next(&mut self) -> Option<Shown> {
        loop {
            if self.shows_all && !self.said_all {
                self.said_all = true;
                return Some(Shown::All);
            }
            let message = timeout(self.patience, self.messages.next()).await.ok()??;
            match consumer::read(&message) {
                Sent::Value(place) => return self.value(place, message),
                Sent::FlowControl(reply) => self.consumer.answer(reply),
                Sent::Idle { sent, .. } if sent.is_some_and(|sent| sent > self.sent) => return None,
                Sent::Idle { stalled, .. } => {
                    // A stalled one waits to be let go on, and has more to show.
                    self.shows_all |= stalled.is_none();
                    stalled.into_iter().for_each(|reply| self.consumer.answer(reply));
                }
                Sent::Other => {}
            }
        }
    }

    fn value(&mut self, place: Place, message: Message) -> Option<Shown> {
        // The client drops what its buffer does not hold: a gap in the count is the only sign.
        if place.consumer != self.sent + 1 {
            return None;
        }
        self.sent = place.consumer;
        self.shows_all |= place.left == 0;
        let key = self.config.key(&message.subject)?.to_owned();
        Some(Shown::Value(key, message::value(place.stream, message.headers.as_ref(), message.payload)))
    }
}

impl Consumer {
    /// Lets the server send more.
    fn answer(&self, reply: String) {
        self.publish(reply, None);
    }

    fn publish(&self, subject: String, reply: Option<String>) {
        let client = self.client.clone();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        // Not waited for: the client's queue may be full, and nobody asks how it went.
        runtime.spawn(timeout(PARTING, async move {
            let sent = match reply {
                Some(reply) => client.publish_with_reply(subject, reply, Bytes::new()).await,
                None => client.publish(subject, Bytes::new()).await,
            };
            // This may be the last handle on the client, which forgets what it has not yet sent when that is dropped.
            if sent.is_ok() {
                let _ = client.flush().await;
            }
        }));
    }
}

impl Drop for Consumer {
    /// Deletes the consumer: it would live on for a while, and a stream takes only so many.
    fn drop(&mut self) {
        let inbox = self.client.new_inbox();
        let delete = std::mem::take(&mut self.delete);
        self.publish(delete, Some(inbox));
    }
}
