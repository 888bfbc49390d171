//! A map of actors that no two of them wait in for long.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aether_core::{ActorId, RecordedEvent, Timestamp};

use crate::history::History;
use crate::notes::Notes;

/// Enough that the threads of one machine seldom meet.
const SHARDS: usize = 64;

/// What one lock is for.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) histories: HashMap<ActorId, History>,
    pub(crate) notes: Notes,
}

/// The histories by actor. A shard's lock is that of all its actors, and is held for as long as one of them is changed
/// or a page of it found.
#[derive(Debug)]
pub(crate) struct Shards {
    first: Shard,
    others: Vec<Shard>,
}

/// A lock on cache lines of its own: 128 bytes, since processors fetch 64 by twos.
#[derive(Debug)]
#[repr(align(128))]
struct Shard(Mutex<Held>);

impl Shard {
    fn new(keeps_times: bool) -> Self {
        let notes = if keeps_times { Notes::keeping_times() } else { Notes::default() };
        Self(Mutex::new(Held { histories: HashMap::new(), notes }))
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shards {
    pub(crate) fn new(keeps_times: bool) -> Self {
        let others = (1..SHARDS).map(|_| Shard::new(keeps_times)).collect();
        Self { first: Shard::new(keeps_times), others }
    }

    /// Locks the shard of `actor`: also after another thread panicked, since every change to a history is a single step,
    /// so that none is half done.
    #[inline]
    pub(crate) fn lock(&self, actor: &ActorId) -> MutexGuard<'_, Held> {
        let index = spread(actor.as_str().as_bytes()) as usize % SHARDS;
        let shard = self.others.get(index).unwrap_or(&self.first);
        shard.lock()
    }

    /// Moves to `fresh` what was stored since the last time, and the first time all there is, with its sequences. One shard
    /// after the other is locked, so that no append waits for more than its own.
    pub(crate) fn take_fresh(&self, fresh: &mut Vec<(u64, RecordedEvent)>) {
        for shard in self.all() {
            let mut held = shard.lock();
            if !held.notes.take_fresh(fresh) {
                let events = held.histories.values().flat_map(History::events);
                fresh.extend(events.map(|event| (event.sequence(), event.clone())));
            }
        }
    }

    /// Returns the first sequence that was stored at `time` or later, if there is one. `None` where times are not kept.
    pub(crate) fn first_since(&self, time: Timestamp) -> Option<Option<u64>> {
        let firsts = self.all().map(|shard| shard.lock().notes.first_since(time));
        let firsts = firsts.collect::<Option<Vec<_>>>()?;
        Some(firsts.into_iter().flatten().min())
    }

    fn all(&self) -> impl Iterator<Item = &Shard> {
        std::iter::once(&self.first).chain(&self.others)
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
