//! The entries that were last in hand, a bounded number of them. Pure.

use std::collections::HashMap;

/// Keeps values by key. Of two halves the older one is forgotten when the younger one is full.
#[derive(Debug)]
pub(super) struct Cache<T> {
    young: HashMap<String, T>,
    old: HashMap<String, T>,
    half: usize,
}

impl<T> Cache<T> {
    /// Makes one that keeps at most so many.
    pub(super) fn new(most: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: most / 2 }
    }

    /// Takes out what lies at the key.
    pub(super) fn take(&mut self, key: &str) -> Option<T> {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    pub(super) fn put(&mut self, key: String, value: T) {
        if self.half == 0 {
            return;
        }
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_last_put_is_kept_and_never_more_than_the_bound() {
        let mut cache = Cache::new(4);
        for n in 0..100 {
            cache.put(n.to_string(), n);
            assert!(cache.young.len() + cache.old.len() <= 4);
        }
        assert_eq!((cache.take("99"), cache.take("98"), cache.take("1")), (Some(99), Some(98), None));
        assert_eq!(cache.take("99"), None);
        let mut none = Cache::new(1);
        none.put("a".to_owned(), 1);
        assert_eq!(none.take("a"), None);
    }

    #[test]
    fn what_is_put_again_replaces_what_was_there() {
        let mut cache = Cache::new(2);
        for n in 0..3 {
            cache.put("a".to_owned(), n);
        }
        assert_eq!((cache.take("a"), cache.take("a")), (Some(2), None));
    }
}
