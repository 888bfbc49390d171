//! Where what is published to a few namespaces goes, so that it is not looked for each time.

use std::sync::{Arc, OnceLock};

use aether_core::Namespace;

/// How many namespaces are remembered.
const SLOTS: usize = 16;
/// A namespace with more matches is not remembered: looking costs little beside what they do.
const MOST: usize = 64;

/// What a few namespaces match, by where their text lies in memory: those who publish again and again use the same one.
///
/// It is filled while many look, and made anew when anything changes.
#[derive(Debug)]
pub(crate) struct Recent<V>([OnceLock<(Namespace, Box<[V]>)>; SLOTS]);

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| OnceLock::new()))
    }
}

impl<V> Recent<V> {
    /// Returns what the namespace matches, if it is remembered.
    #[inline]
    pub(crate) fn find(&self, namespace: &Namespace) -> Option<&[V]> {
        let (known, matches) = self.0.get(slot(namespace))?.get()?;
        // The same place is the same text, as long as it is held, and here it is.
        std::ptr::eq(known.as_str(), namespace.as_str()).then_some(matches)
    }
}

impl<V> Recent<Arc<V>> {
    /// Remembers what the namespace matches, if there is a place for it.
    pub(crate) fn remember(&self, namespace: &Namespace, matches: Vec<&Arc<V>>) {
        if let Some(slot) = self.0.get(slot(namespace)).filter(|_| matches.len() <= MOST) {
            slot.get_or_init(|| (namespace.clone(), matches.into_iter().map(Arc::clone).collect()));
        }
    }
}

fn slot(namespace: &Namespace) -> usize {
    // Allocations lie at multiples of 16.
    (namespace.as_str().as_ptr().addr() >> 4) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_text_is_remembered() {
        let (recent, value) = (Recent::default(), Arc::new(7));
        let [first, same] = ["a.b", "a.b"].map(|text| Namespace::new(text).unwrap());
        assert!(recent.find(&first).is_none());
        recent.remember(&first, vec![&value]);
        assert_eq!(recent.find(&first.clone()), Some(&[Arc::clone(&value)][..]));
        assert_eq!(recent.find(&same), None);
        let other = Namespace::new("b").unwrap();
        recent.remember(&other, vec![&value; MOST + 1]);
        assert_eq!(recent.find(&other), None);
    }
}
