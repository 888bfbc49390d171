//! What operators want of nodes.

use std::time::Duration;

use aether_core::key_value::Revision;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Cluster;
use crate::bucket::{Bucket, BucketError, Failure};
use crate::placement::{NodeId, Standing};
use crate::protocol::{Answer, Key, Record, Stamp, StandingRecord};

/// So long it is tried.
const DEADLINE: Duration = Duration::from_secs(10);
/// What there is between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Says why an operator's wish was not written down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// There is no such node, as far as this one knows. Look at its name.
    #[error("no node {node} is known: look at its name, or wait until it has joined")]
    NoNode {
        /// The id.
        node: NodeId,
    },
    /// The bucket could not be reached. Whether the wish is written down is not known: wishing the same again is safe.
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

impl Cluster {
    /// Has a node take no more shards; it keeps those that it has. Works from any node. The wish stays over restarts of the node,
    /// until [`uncordon`](Self::uncordon).
    ///
    /// # Errors
    ///
    /// See [`OperatorError`].
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, the wish is written down or not. The same wish again is safe.
    pub async fn cordon(&self, node: &NodeId) -> Result<(), OperatorError> {
        self.wish(node, Standing::Cordoned).await
    }

    /// Has a node give all its shards to others, and take none. It stays a member. Returns when the wish is written down: the
    /// [map](Self::shard_map) shows how far it has come. Works from any node, and stays over restarts of the node, until
    /// [`uncordon`](Self::uncordon).
    ///
    /// # Errors
    ///
    /// See [`OperatorError`].
    ///
    /// # Cancel safety
    ///
    /// As of [`cordon`](Self::cordon).
    pub async fn drain(&self, node: &NodeId) -> Result<(), OperatorError> {
        self.wish(node, Standing::Draining).await
    }

    /// Lets a node take shards again.
    ///
    /// # Errors
    ///
    /// See [`OperatorError`].
    ///
    /// # Cancel safety
    ///
    /// As of [`cordon`](Self::cordon).
    pub async fn uncordon(&self, node: &NodeId) -> Result<(), OperatorError> {
        self.wish(node, Standing::Open).await
    }

    async fn wish(&self, node: &NodeId, standing: Standing) -> Result<(), OperatorError> {
        if self.members().get(node).is_none() {
            return Err(OperatorError::NoNode { node: node.clone() });
        }
        // Drawn at random: the node's own changes are counted, and of other keys.
        let nonce = Uuid::now_v7().as_u64_pair().1;
        let by = Stamp { incarnation: self.me().incarnation, nonce };
        let wish = StandingRecord { standing, by };
        let until = Instant::now() + DEADLINE;
        loop {
            match attempt(&self.known().bucket, &Key::Standing(node.clone()), &wish).await {
                Ok(true) => return Ok(()),
                // Another operator was first: the later wish counts.
                Ok(false) if Instant::now() < until => sleep(PAUSE).await,
                Ok(false) => {
                    let busy = Failure::garbled(
                        &node.to_string(),
                        "others write wishes of the same node all the time",
                    );
                    return Err(BucketError::unavailable("writing an operator's wish", busy).into());
                }
                Err(failure) if Instant::now() >= until => {
                    return Err(BucketError::unavailable("writing an operator's wish", failure).into());
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }
}

/// Writes the wish down unless it is what stands there; whatever else does, it takes its place.
async fn attempt(bucket: &Bucket, key: &Key, wish: &StandingRecord) -> Result<bool, Failure> {
    let text = key.to_string();
    let found = bucket.read(&text).await?;
    let there = found.as_ref().and_then(|value| Record::decode(key, value.bytes.as_ref()?).ok());
    if matches!(&there, Some(Record::Standing(there)) if there.standing == wish.standing) {
        return Ok(true);
    }
    let expected = found.map_or(Revision::NONE, |value| value.revision);
    let bytes = Record::Standing(wish.clone()).encode().map_err(|error| Failure::garbled(&text, error))?;
    Ok(matches!(bucket.put(&text, expected, bytes).await?, Answer::Stored(_)))
}
