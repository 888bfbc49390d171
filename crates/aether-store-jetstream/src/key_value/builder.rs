//! Building a key-value store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aether_core::StreamName;
use async_nats::Client;
use tokio::sync::Semaphore;

use super::JetStreamKeyValue;
use super::bucket::Bucket;
use super::store::Inner;
use super::together::MOST_OPEN;
use crate::OpenError;
use crate::api::Api;
use crate::open;

/// Says which bucket to open, and how. Made by [`JetStreamKeyValue::builder`].
#[derive(Clone)]
pub struct JetStreamKeyValueBuilder {
    client: Client,
    bucket: StreamName,
    replicas: Option<u8>,
    atomic: bool,
    prefix: String,
    deadline: Duration,
    answer_timeout: Duration,
    max_in_flight: usize,
}

impl JetStreamKeyValueBuilder {
    pub(super) fn new(client: Client, bucket: StreamName) -> Self {
        Self {
            client,
            bucket,
            replicas: None,
            atomic: false,
            prefix: "$JS.API".to_owned(),
            deadline: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(2),
            max_in_flight: 1024,
        }
    }

    /// Creates the bucket with so many replicas (1 to 5; by default 1), and refuses an existing one that has others.
    #[must_use]
    pub fn replicas(self, replicas: u8) -> Self {
        Self { replicas: Some(replicas), ..self }
    }

    /// Has the bucket [change](aether_core::KeyValue::change) several keys together where the server can, which is from 2.12 on: a
    /// new bucket is made so, and one that is there is changed to (`allow_atomic`). On older servers it is opened all the same,
    /// and [`most_changes`](aether_core::KeyValue::most_changes) is `None`.
    ///
    /// What was made so cannot be used by servers before 2.12 any more, should the server ever be put back to one.
    #[must_use]
    pub fn atomic(self) -> Self {
        Self { atomic: true, ..self }
    }

    /// Uses the JetStream of another domain, such as a hub's from a leaf node.
    #[must_use]
    pub fn domain(self, domain: &str) -> Self {
        self.api_prefix(format!("$JS.{domain}.API"))
    }

    /// Uses another prefix than `$JS.API`, such as one that an account imports JetStream under.
    #[must_use]
    pub fn api_prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Gives each call so long (5 s); after that it ends, and a change whose answer is missing is
    /// [`Unknown`](aether_core::KeyValueError::Unknown).
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Waits so long for one answer (2 s) before it asks again.
    #[must_use]
    pub fn answer_timeout(self, answer_timeout: Duration) -> Self {
        Self { answer_timeout, ..self }
    }

    /// Opens the bucket, and creates it where there is none.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]: what is there is configured so that values may vanish, or JetStream is not there.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the bucket created or not. Opening again goes on from there.
    pub async fn open(self) -> Result<JetStreamKeyValue, OpenError> {
        let bucket = Bucket::new(&self.bucket, self.replicas)?;
        let api = Api::new(self.client, self.prefix, self.answer_timeout, self.max_in_flight);
        let (config, batches) = open::ensure_bucket(&api, &bucket, self.atomic).await?;
        let max_msg_size = config.get("max_msg_size").and_then(serde_json::Value::as_u64);
        let batches = batches.map(|()| Semaphore::new(MOST_OPEN));
        let inner = Inner { api, bucket, max_msg_size, deadline: self.deadline, batches };
        Ok(JetStreamKeyValue(Arc::new(inner)))
    }
}

impl fmt::Debug for JetStreamKeyValueBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("JetStreamKeyValueBuilder");
        debug
            .field("bucket", &self.bucket)
            .field("replicas", &self.replicas)
            .field("atomic", &self.atomic)
            .finish_non_exhaustive()
    }
}
