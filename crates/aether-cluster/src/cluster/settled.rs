//! What is settled when a cluster is founded: how many shards it has, and its lease.

use std::time::Duration;

use aether_core::key_value::Revision;
use tokio::time::{Instant, sleep};

use super::JoinError;
use crate::bucket::{Bucket, BucketError, Failure, Value};
use crate::placement::ShardCount;
use crate::protocol::{Answer, ConfigRecord, Incarnation, Key, Record, Stamp};

/// What there is between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// What a node wants settled. Its other changes have nonces above 0.
pub(super) fn settled(shards: ShardCount, lease: Duration, incarnation: Incarnation) -> ConfigRecord {
    let lease_ms = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
    ConfigRecord { shards, lease_ms, by: Stamp { incarnation, nonce: 0 } }
}

/// Settles it, or checks what is settled, by `deadline` from now.
pub(super) async fn settle(
    bucket: &Bucket,
    wanted: ConfigRecord,
    deadline: Duration,
) -> Result<(), JoinError> {
    let until = Instant::now() + deadline;
    let key = Key::Config.to_string();
    let bytes = Record::Config(wanted.clone()).encode().map_err(unreadable)?;
    loop {
        let failure = match bucket.read(&key).await {
            Ok(Some(value)) => return check(&wanted, value),
            Ok(None) => match bucket.put(&key, Revision::NONE, bytes.clone()).await {
                Ok(Answer::Stored(_)) => return Ok(()),
                // Somebody else has, in between.
                Ok(Answer::Refused) => Failure::garbled(&key, "somebody else has only just settled it"),
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        if Instant::now() >= until {
            return Err(BucketError::unavailable("settling the number of shards", failure).into());
        }
        sleep(PAUSE).await;
    }
}

fn check(wanted: &ConfigRecord, found: Value) -> Result<(), JoinError> {
    let found = Record::decode(&Key::Config, &found.bytes.unwrap_or_default()).map_err(unreadable)?;
    let Record::Config(found) = found else { return Err(unreadable("they are something else")) };
    if found.shards != wanted.shards {
        return Err(JoinError::ShardCount { expected: wanted.shards, found: found.shards });
    }
    if found.lease_ms != wanted.lease_ms {
        let [expected, found] = [wanted, &found].map(|config| Duration::from_millis(config.lease_ms));
        return Err(JoinError::Lease { expected, found });
    }
    Ok(())
}

fn unreadable(source: impl Into<aether_core::error::BoxError>) -> JoinError {
    JoinError::Settings { source: source.into() }
}
