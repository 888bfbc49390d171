//! A map of actors that no two of them wait in for long.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aether_core::ActorId;

use crate::history::History;

/// Enough that the threads of one machine seldom meet.
const SHARDS: usize = 64;

type Histories = HashMap<ActorId, History>;

/// The histories by actor. A shard's lock is that of all its actors, and is held for as long as one of them is changed
/// or a page of it found.
#[derive(Debug)]
pub(crate) struct Shards {
    first: Shard,
    others: Vec<Shard>,
}

/// A lock on cache lines of its own: 128 bytes, since processors fetch 64 by twos.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Histories>);

impl Shards {
    pub(crate) fn new() -> Self {
        let others = (1..SHARDS).map(|_| Shard::default()).collect();
        Self { first: Shard::default(), others }
    }

    /// Locks the shard of `actor`: also after another thread panicked, since every change to a history is a single step,
    /// so that none is half done.
    #[inline]
    pub(crate) fn lock(&self, actor: &ActorId) -> MutexGuard<'_, Histories> {
        let index = spread(actor.as_str().as_bytes()) as usize % SHARDS;
        let shard = self.others.get(index).unwrap_or(&self.first);
        shard.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Spreads ids over shards: cheap, and no more than that. Ids that were chosen to meet share a lock, not a bucket: the
/// map behind it hashes for itself, with a secret.
#[inline]
fn spread(id: &[u8]) -> u64 {
    // The golden ratio: an odd number without a pattern.
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = id.as_chunks::<8>();
    let tail = rest.iter().fold(0, |tail, byte| tail << 8 | u64::from(*byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let hash = words.chain([tail]).fold(0u64, |hash, word| (hash.rotate_left(5) ^ word).wrapping_mul(MIX));
    // The upper bits depend on every bit of the id.
    hash >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_usual_forms_spread_over_all_shards() {
        let forms: [fn(u64) -> String; 4] = [
            |n| format!("order-{n}"),
            |n| format!("{n}-in-the-middle-of-nowhere-at-all"),
            |n| format!("cart-{n:032}"),
            |n| format!("order-{:08x}-8d0a-4c43-9a56-0d7a1c1b2e3f", n.wrapping_mul(2_654_435_761)),
        ];
        for form in forms {
            let mut counts = [0; SHARDS];
            (0..SHARDS as u64 * 100).for_each(|n| counts[spread(form(n).as_bytes()) as usize % SHARDS] += 1);
            assert!(counts.iter().all(|count| (20..=300).contains(count)), "{} {counts:?}", form(0));
        }
    }
}
