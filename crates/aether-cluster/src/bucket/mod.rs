//! The bucket over NATS: a key-value bucket whose values change by compare-and-set alone, read at its leader, and watched.
//!
//! The client's own bucket is not used: it fails to decode what older servers say of themselves, takes one of the two codes of
//! a refusal for an error, and watches through a consumer that nobody else can bound.

mod config;
mod consumer;
mod error;
mod inbox;
mod link;
mod message;
mod open;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use aether_core::key_value::Revision;
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use serde_json::json;

pub(crate) use config::Config;
pub use error::BucketError;
pub(crate) use error::Failure;
use error::code;
use link::Link;
use message::Latest;
pub(crate) use watch::{Shown, Watch};

use crate::protocol::Answer;

/// One cluster's bucket. A clone is another handle.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    link: Arc<Link>,
    config: Arc<Config>,
}

/// What stands at a key, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) revision: Revision,
    /// Nothing where a tool has deleted the value: that is a message, too.
    pub(crate) bytes: Option<Bytes>,
}

impl Bucket {
    /// Creates the bucket, or checks the one that is there, by `deadline` from now.
    pub(crate) async fn open(
        client: Client,
        api: String,
        config: Config,
        answer_within: Duration,
        deadline: Duration,
    ) -> Result<Self, BucketError> {
        let link = Arc::new(Link::new(client, api, answer_within));
        open::ensure(&link, &config, deadline).await?;
        Ok(Self { link, config: Arc::new(config) })
    }

    /// The client.
    pub(crate) fn client(&self) -> &Client {
        self.link.client()
    }

    /// Writes a value where the key stands at `expected`.
    pub(crate) async fn put(&self, key: &str, expected: Revision, value: Vec<u8>) -> Result<Answer, Failure> {
        self.change(key, expected, HeaderMap::new(), value).await
    }

    /// Deletes the value where the key stands at `expected`, as tools do: a message without a value takes its place.
    pub(crate) async fn delete(&self, key: &str, expected: Revision) -> Result<Answer, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert("KV-Operation", "DEL");
        self.change(key, expected, headers, Vec::new()).await
    }

    async fn change(
        &self,
        key: &str,
        expected: Revision,
        mut headers: HeaderMap,
        value: Vec<u8>,
    ) -> Result<Answer, Failure> {
        // 0, not absent: without the header two first writers would both win.
        headers
            .insert(async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.number().to_string());
        let stored = self.link.publish(&self.config.stream, self.config.subject(key), headers, value.into());
        match stored.await {
            Ok(sequence) => Ok(Answer::Stored(Revision::new(sequence))),
            Err(failure) if failure.is_refusal() => Ok(Answer::Refused),
            Err(failure) => Err(failure),
        }
    }

    /// Reads a key at the bucket's leader.
    pub(crate) async fn read(&self, key: &str) -> Result<Option<Value>, Failure> {
        let verb = format!("STREAM.MSG.GET.{}", self.config.stream);
        let body = json!({ "last_by_subj": self.config.subject(key) });
        match self.link.call::<Latest>(&verb, &body).await {
            Ok(latest) => latest.into_value().map(Some),
            Err(Failure::Api(error)) if error.err_code == code::NO_MESSAGE_FOUND => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Watches the keys of these patterns: shows what stands there, and then each change.
    pub(crate) async fn watch(
        &self,
        name: &str,
        keys: &[&str],
        heartbeat: Duration,
    ) -> Result<Watch, Failure> {
        Watch::open(Arc::clone(&self.link), Arc::clone(&self.config), name, keys, heartbeat).await
    }
}

#[cfg(test)]
mod tests;
