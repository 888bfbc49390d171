//! Who owns which shard, as routing asks for it.

use std::sync::Arc;

use aether_core::Epoch;
use futures_core::future::BoxFuture;

use crate::bucket::Bucket;
use crate::driver::Board;
use crate::owners::Owners;
use crate::placement::Shard;
use crate::protocol::{Identity, Key, Record};

/// The owners that a node knows, and those that the leader of the bucket knows.
#[derive(Debug)]
pub(crate) struct Known {
    pub(super) board: Arc<Board>,
    pub(super) bucket: Bucket,
}

impl Owners for Known {
    fn known(&self, shard: Shard) -> Option<(Identity, Epoch)> {
        let places = self.board.shards.borrow();
        let place = places.get(shard)?;
        Some((place.owner.clone()?, place.epoch))
    }

    fn look(&self, shard: Shard) -> BoxFuture<'_, Option<(Identity, Epoch)>> {
        Box::pin(async move {
            let key = Key::Shard(shard);
            let Ok(Some(value)) = self.bucket.read(&key.to_string()).await else { return self.known(shard) };
            let record = value.bytes.and_then(|bytes| Record::decode(&key, &bytes).ok());
            match record {
                Some(Record::Shard(record)) => Some((record.owner?, record.epoch)),
                _ => self.known(shard),
            }
        })
    }
}
