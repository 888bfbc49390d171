//! Hints: what a node tells another one without the bucket. A hint that is lost is told again. Pure.

use aether_core::Epoch;
use serde::{Deserialize, Serialize};

use crate::placement::{Shard, ShardCount};
use crate::protocol::{Identity, Input};

/// The form of the hints that this version writes and reads.
const FORM: u32 = 1;
/// More than any hint has: what is longer is none.
const LIMIT: usize = 1_024;

/// "I am ready to take this shard over at this epoch."
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    v: u32,
    shard: Shard,
    epoch: Epoch,
    from: Identity,
}

/// Writes the hint that a node is ready.
pub(super) fn encode(shard: Shard, epoch: Epoch, from: Identity) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Ready { v: FORM, shard, epoch, from })
}

/// Reads a hint. Anybody may have sent it.
pub(super) fn decode(bytes: &[u8], shards: ShardCount) -> Option<Input> {
    if bytes.len() > LIMIT {
        return None;
    }
    let Ready { v, shard, epoch, from } = serde_json::from_slice(bytes).ok()?;
    shards.shard(shard.number()).filter(|_| v == FORM)?;
    Some(Input::Ready(shard, epoch, from))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{Incarnation, NodeId};

    #[test]
    fn a_hint_is_read_back_and_one_of_a_shard_that_is_not_there_is_none() {
        let from = Identity { node: NodeId::new("b").unwrap(), incarnation: Incarnation::new(7) };
        let text = encode(Shard::new(3), Epoch::new(5), from.clone()).unwrap();
        let written = r#"{"v":1,"shard":3,"epoch":5,"from":{"node":"b","incarnation":"00000000000000000000000000000007"}}"#;
        assert_eq!(String::from_utf8(text.clone()).unwrap(), written);
        let read = decode(&text, ShardCount::new(4).unwrap());
        assert_eq!(read, Some(Input::Ready(Shard::new(3), Epoch::new(5), from)));
        assert_eq!(decode(&text, ShardCount::new(3).unwrap()), None);
        let later = written.replace("\"v\":1", "\"v\":2");
        assert_eq!(decode(later.as_bytes(), ShardCount::default()), None);
    }

    proptest! {
        #[test]
        fn no_hint_panics(bytes in any::<Vec<u8>>()) {
            let _ = decode(&bytes, ShardCount::default());
        }
    }
}
