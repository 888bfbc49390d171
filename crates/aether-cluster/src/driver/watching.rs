//! The watch as a task of its own: made again when it is lost, and replaced when the node wants another one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::sleep;
use uuid::Uuid;

use super::counts::Counts;
use super::tasks::Task;
use super::told::Told;
use crate::bucket::{Bucket, Shown, Value};
use crate::placement::NodeId;
use crate::protocol::{Input, Key, Record, Scope};

/// What there is between two attempts to make a watch.
const PAUSE: Duration = Duration::from_millis(50);

/// What a watch needs.
#[derive(Debug, Clone)]
pub(super) struct Watcher {
    pub(super) bucket: Bucket,
    pub(super) node: NodeId,
    pub(super) heartbeat: Duration,
    pub(super) counts: Arc<Counts>,
    pub(super) told: Sender<Told>,
}

impl Watcher {
    /// Watches the keys of this scope until the task is dropped.
    pub(super) fn start(&self, scope: Scope, generation: u64) -> Task {
        let (watcher, keys) = (self.clone(), keys(scope));
        Task::spawn(async move {
            while watcher.watch(keys, generation).await.is_some() {
                sleep(PAUSE).await;
            }
        })
    }

    /// Tells what one watch shows until it is lost; nothing once nobody hears it.
    async fn watch(&self, keys: &[&str], generation: u64) -> Option<()> {
        self.counts.watches.add();
        // Who looks at the consumers of the stream sees whose they are; no two have the same name.
        let name = format!("{}-{}", self.node, Uuid::now_v7().simple());
        let mut watch = match self.bucket.watch(&name, keys, self.heartbeat).await {
            Ok(watch) => watch,
            Err(failure) => {
                tracing::debug!(node = %self.node, %failure, "no watch of the bucket could be made");
                return Some(());
            }
        };
        while let Some(shown) = watch.next().await {
            let input = match shown {
                Shown::All => Some(Input::Synced),
                Shown::Value(key, value) => self.read(&key, value),
            };
            if let Some(input) = input {
                self.told.send(Told::Watched { generation, input }).await.ok()?;
            }
        }
        tracing::debug!(node = %self.node, "a watch of the bucket was lost");
        Some(())
    }

    fn read(&self, key: &str, value: Value) -> Option<Input> {
        let Some(parsed) = Key::parse(key) else {
            strange(&self.counts, key, &"no such key");
            return None;
        };
        let revision = value.revision;
        Some(match record(&self.counts, &parsed, value) {
            Some(record) => Input::Watched(parsed, revision, record),
            None => Input::Unreadable(parsed, revision),
        })
    }
}

/// The patterns of the keys that a scope shows.
fn keys(scope: Scope) -> &'static [&'static str] {
    match scope {
        Scope::All => &[">"],
        Scope::Follower => &["config", "leader", "members", "plan", "shard.*"],
    }
}

/// Reads what stands at a key. What cannot be read is counted: anybody may have written it.
pub(super) fn record(counts: &Counts, key: &Key, value: Value) -> Option<Record> {
    let Some(bytes) = value.bytes else {
        strange(counts, &key.to_string(), &"it was deleted");
        return None;
    };
    match Record::decode(key, &bytes) {
        Ok(record) => Some(record),
        Err(error) => {
            strange(counts, &key.to_string(), &error);
            None
        }
    }
}

fn strange(counts: &Counts, key: &str, why: &dyn std::fmt::Display) {
    if counts.unreadable.add_and_log() {
        let key: String = key.chars().take(64).collect();
        tracing::warn!(key, %why, "what stands in the bucket of the cluster cannot be read");
    }
}
