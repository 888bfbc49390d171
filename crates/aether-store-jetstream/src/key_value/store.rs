//! The key-value store on JetStream.

use std::sync::Arc;
use std::time::Duration;

use aether_core::key_value::Change as Wanted;
use aether_core::key_value::{Entry, KeyValue, Revision};
use aether_core::{KeyValueError, StreamName};
use async_nats::Client;
use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::bucket::Bucket;
use super::change::Change;
use super::together::{Together, unsupported};
use super::{JetStreamKeyValueBuilder, key};
use crate::api::Api;
use crate::batch::MOST;
use crate::error::Failure;
use crate::headers::kv::Operation;

/// Small values by key in a NATS key-value bucket, changed only by who knows what is there. A clone is another handle.
///
/// The bucket is as the `nats kv` tool makes it, and can be looked at with it:
///
/// ```no_run
/// use aether_core::key_value::{KeyValue, Revision};
/// use aether_store_jetstream::JetStreamKeyValue;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = async_nats::connect("nats://127.0.0.1:4222").await?;
/// let checkpoints = JetStreamKeyValue::builder(client, "checkpoints".try_into()?).open().await?;
/// let first = checkpoints.put("orders", "17".into(), Revision::NONE).await?;
/// checkpoints.put("orders", "18".into(), first).await?;
/// # Ok(())
/// # }
/// ```
///
/// | what | default | set by |
/// | --- | --- | --- |
/// | replicas of a new bucket | 1 | [`replicas`](JetStreamKeyValueBuilder::replicas) |
/// | [changing](KeyValue::change) several keys together | where the bucket has it | [`atomic`](JetStreamKeyValueBuilder::atomic) |
/// | deadline of a call | 5 s | [`deadline`](JetStreamKeyValueBuilder::deadline) |
/// | wait for one answer | 2 s | [`answer_timeout`](JetStreamKeyValueBuilder::answer_timeout) |
/// | API prefix | `$JS.API` | [`domain`](JetStreamKeyValueBuilder::domain), [`api_prefix`](JetStreamKeyValueBuilder::api_prefix) |
///
/// - A bucket that exists is used as it is, unless values may vanish in it: by age, in memory, where old ones make place for
///   new ones, or since another stream fills it.
/// - Keys are written as clients of NATS take them: letters, digits, `-`, `/`, `_` and single dots in between stand for
///   themselves, any other byte, `=` too, is `=XX`. Keys of others that are not written so are not listed.
/// - A revision is the sequence of the key's message. A deletion is a message, too, with `KV-Operation: DEL`.
/// - Values are read at the leader. A leader that was cut off may show an old one for a while; no change follows from it.
#[derive(Debug, Clone)]
pub struct JetStreamKeyValue(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) api: Api,
    pub(super) bucket: Bucket,
    /// The stream's own limit, if it has one.
    pub(super) max_msg_size: Option<u64>,
    pub(super) deadline: Duration,
    /// How many batches may be open; or what there is where none can be.
    pub(super) batches: Result<Semaphore, String>,
}

impl Inner {
    pub(super) fn subject(&self, key: &str) -> String {
        format!("{}{}", self.bucket.prefix, key::encode(key))
    }

    /// Waits until one more batch may be open, but not after `until`.
    pub(super) async fn open_batch(&self, until: Instant) -> Result<Option<SemaphorePermit<'_>>, Failure> {
        let Ok(batches) = &self.batches else { return Ok(None) };
        let permit = timeout_at(until, batches.acquire()).await;
        let permit = permit.map_err(|error| Failure::no_answer(&self.bucket.stream, error))?;
        permit.map(Some).map_err(|error| Failure::garbled(&self.bucket.stream, error))
    }

    /// Returns the most bytes of a message, its headers included.
    pub(super) fn max_value_bytes(&self) -> u64 {
        let of_connection = self.api.client.max_payload() as u64;
        self.max_msg_size.map_or(of_connection, |of_stream| of_stream.min(of_connection))
    }
}

impl JetStreamKeyValue {
    /// Starts opening the bucket on `client`. A bucket's name has letters, digits, `-` and `_` only.
    #[must_use]
    pub fn builder(client: Client, bucket: StreamName) -> JetStreamKeyValueBuilder {
        JetStreamKeyValueBuilder::new(client, bucket)
    }
}

impl KeyValue for JetStreamKeyValue {
    async fn get(&self, key: &str) -> Result<Option<Entry>, KeyValueError> {
        KeyValueError::check_key(key)?;
        self.0.entry(key).await
    }

    async fn put(&self, key: &str, value: Bytes, expected: Revision) -> Result<Revision, KeyValueError> {
        KeyValueError::check_key(key)?;
        Change::new(&self.0, key, expected, Operation::Put, value).make().await
    }

    async fn delete(&self, key: &str, expected: Revision) -> Result<(), KeyValueError> {
        KeyValueError::check_key(key)?;
        if expected == Revision::NONE {
            return match self.0.entry(key).await? {
                None => Ok(()),
                Some(_) => Err(KeyValueError::Conflict { key: key.to_owned(), expected }),
            };
        }
        let change = Change::new(&self.0, key, expected, Operation::Delete, Bytes::new());
        change.make().await.map(drop)
    }

    fn most_changes(&self) -> Option<usize> {
        self.0.batches.is_ok().then_some(MOST)
    }

    async fn change(&self, changes: Vec<Wanted>) -> Result<Vec<Revision>, KeyValueError> {
        if let Err(found) = &self.0.batches {
            return Err(unsupported(found.clone()).into());
        }
        match <[Wanted; 1]>::try_from(changes) {
            // Made more quickly alone.
            Ok([Wanted { key, value: Some(value), expected }]) => {
                Ok(vec![self.put(&key, value, expected).await?])
            }
            Ok([Wanted { key, value: None, expected }]) => {
                self.delete(&key, expected).await.map(|()| vec![Revision::NONE])
            }
            Err(none) if none.is_empty() => Ok(none.into_iter().map(|change| change.expected).collect()),
            Err(changes) => Together::new(&self.0, &changes).make().await,
        }
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, KeyValueError> {
        self.0.keys_with(prefix).await
    }
}
