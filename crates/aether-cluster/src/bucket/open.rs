//! Creating a cluster's bucket, or finding it to be right.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::config::Config;
use super::error::{BucketError, Failure, code};
use super::link::Link;

/// What there is between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Deserialize)]
struct StreamInfo {
    config: Value,
}

/// Creates the bucket, or checks the one that is there.
pub(super) async fn ensure(link: &Link, config: &Config, deadline: Duration) -> Result<(), BucketError> {
    let until = Instant::now() + deadline;
    loop {
        let found = match is_known(link)? {
            true => find_or_create(link, config).await,
            false => Err(Failure::Disconnected),
        };
        let failure = match found {
            Ok(found) => return config.check(&found),
            // Of a request that was answered: it would be again, unless there is no leader just now.
            Err(Failure::Api(error)) if error.err_code != code::STREAM_NOT_FOUND && error.code != 503 => {
                let (stream, reason) = (config.stream.clone(), error.to_string());
                return Err(BucketError::Refused { stream, reason });
            }
            Err(failure) => failure,
        };
        if Instant::now() >= until {
            return Err(match failure {
                Failure::NoResponders { subject } => BucketError::NoJetStream { subject },
                failure => BucketError::unavailable("opening it", failure),
            });
        }
        sleep(PAUSE).await;
    }
}

/// Checks that the server knows consumers of several filters: an older one takes all of the bucket for what is wanted. A client
/// that is still connecting does not know its server yet.
fn is_known(link: &Link) -> Result<bool, BucketError> {
    let found = link.client().server_info().version;
    match link.client().is_server_compatible(2, 10, 0) {
        true => Ok(true),
        false if found.is_empty() => Ok(false),
        false => Err(BucketError::Server { found }),
    }
}

async fn find_or_create(link: &Link, config: &Config) -> Result<Value, Failure> {
    if let Some(found) = find(link, config).await? {
        return Ok(found);
    }
    match link.call::<StreamInfo>(&format!("STREAM.CREATE.{}", config.stream), &config.to_json()).await {
        Ok(created) => Ok(created.config),
        Err(Failure::Api(error)) => match find(link, config).await? {
            // Somebody else created it in between.
            Some(found) => Ok(found),
            // In a cluster, who is asked may not have heard of it yet.
            None if error.err_code == code::NAME_IN_USE => {
                Err(Failure::no_answer(&config.stream, "it has only just been created"))
            }
            None => Err(error.into()),
        },
        Err(failure) => Err(failure),
    }
}

async fn find(link: &Link, config: &Config) -> Result<Option<Value>, Failure> {
    match link.call::<StreamInfo>(&format!("STREAM.INFO.{}", config.stream), &Value::Null).await {
        Ok(info) => Ok(Some(info.config)),
        Err(Failure::Api(error)) if error.err_code == code::STREAM_NOT_FOUND => Ok(None),
        Err(failure) => Err(failure),
    }
}
