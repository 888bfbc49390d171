//! A bounded cache in two generations: what is used survives, what is not is dropped without being looked for.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

/// At most `capacity` entries, of which the more recent half is always there.
#[derive(Debug)]
pub(crate) struct Cache<K, V, S = RandomState> {
    young: HashMap<K, V, S>,
    old: HashMap<K, V, S>,
    half: usize,
    has_dropped: bool,
}

impl<K: Eq + Hash + Clone, V, S: BuildHasher + Default> Cache<K, V, S> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
            half: (capacity / 2).max(1),
            has_dropped: false,
        }
    }

    /// Returns a copy of the entry.
    #[cfg(test)]
    fn find(&mut self, key: &K) -> Option<V>
    where
        V: Clone,
    {
        self.with(key, |value| value.clone())
    }

    /// Returns what `look` makes of the entry, which it may change.
    pub(crate) fn with<R>(&mut self, key: &K, look: impl FnOnce(&mut V) -> R) -> Option<R> {
        if let Some(value) = self.young.get_mut(key) {
            return Some(look(value));
        }
        let mut value = self.old.remove(key)?;
        let seen = look(&mut value);
        self.insert(key.clone(), value);
        Some(seen)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            self.has_dropped |= !self.old.is_empty();
            self.old = std::mem::take(&mut self.young);
        }
        if !self.old.is_empty() {
            self.old.remove(&key);
        }
        self.young.insert(key, value);
    }

    /// Says whether anything was ever dropped to make room.
    pub(crate) fn has_dropped(&self) -> bool {
        self.has_dropped
    }

    pub(crate) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_bounded_and_never_answers_wrongly(capacity in 2usize..20, steps in proptest::collection::vec((0u8..30, any::<u16>(), 0u8..3), 0..200)) {
            let mut cache = Cache::<_, _>::new(capacity);
            let mut truth = HashMap::new();
            for (key, value, what) in steps {
                match what {
                    0 => { cache.insert(key, value); truth.insert(key, value); }
                    1 => { cache.remove(&key); truth.remove(&key); }
                    _ => prop_assert!(cache.find(&key).is_none_or(|found| truth.get(&key) == Some(&found))),
                }
                prop_assert!(cache.young.len() + cache.old.len() <= capacity.max(2));
            }
        }

        #[test]
        fn the_latest_half_is_there(capacity in 2usize..20, keys in proptest::collection::vec(any::<u16>(), 1..60)) {
            let mut cache = Cache::<_, _>::new(capacity);
            keys.iter().for_each(|key| cache.insert(*key, ()));
            let mut latest: Vec<_> = keys.iter().rev().copied().collect();
            latest.dedup();
            prop_assert!(latest.iter().take(capacity / 2).all(|key| cache.find(key).is_some()));
        }
    }
}
