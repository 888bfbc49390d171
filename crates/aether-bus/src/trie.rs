//! Who is subscribed to what: a trie of the patterns' tokens, so that a look costs by what it finds.

use std::collections::HashMap;

use aether_core::Namespace;

use crate::Pattern;
use crate::hash::Seeded;
use crate::pattern::Token;

/// Values by pattern, each with an id of its own by which it is taken out again.
#[derive(Debug)]
pub(crate) struct Trie<V> {
    root: Node<V>,
}

#[derive(Debug)]
struct Node<V> {
    named: HashMap<Box<str>, Self, Seeded>,
    any: Option<Box<Self>>,
    /// Whose pattern ends here.
    here: Vec<(u64, V)>,
    /// Whose pattern ends here with `>`.
    rest: Vec<(u64, V)>,
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self { root: Node::default() }
    }
}

impl<V> Default for Node<V> {
    fn default() -> Self {
        Self { named: HashMap::default(), any: None, here: Vec::new(), rest: Vec::new() }
    }
}

impl<V> Trie<V> {
    pub(crate) fn insert(&mut self, pattern: &Pattern, id: u64, value: V) {
        let mut node = &mut self.root;
        for token in pattern.tokens() {
            node = match token {
                Token::Is(name) => node.named.entry(name.clone()).or_default(),
                Token::Any => node.any.get_or_insert_default(),
                Token::Rest => return node.rest.push((id, value)),
            };
        }
        node.here.push((id, value));
    }

    /// Takes a value out, with the branches that lead to nothing else.
    pub(crate) fn remove(&mut self, pattern: &Pattern, id: u64) -> Option<V> {
        self.root.remove(pattern.tokens(), id)
    }

    /// Calls `found` with each value whose pattern matches the namespace.
    #[inline]
    pub(crate) fn each<'a>(&'a self, namespace: &Namespace, mut found: impl FnMut(&'a V)) {
        self.root.each(namespace.as_str(), &mut found);
    }

    /// Returns the values of exactly this pattern.
    #[cfg(any(test, feature = "nats"))]
    pub(crate) fn of(&self, pattern: &Pattern) -> impl Iterator<Item = &V> {
        let mut node = Some(&self.root);
        let mut values: &[(u64, V)] = &[];
        for token in pattern.tokens() {
            node = match (token, node) {
                (Token::Is(name), Some(node)) => node.named.get(name),
                (Token::Any, Some(node)) => node.any.as_deref(),
                (Token::Rest, Some(node)) => {
                    values = &node.rest;
                    None
                }
                (_, None) => None,
            };
        }
        node.map_or(values, |node| &node.here).iter().map(|(_, value)| value)
    }

    /// Returns all values.
    pub(crate) fn all(&self) -> Vec<&V> {
        let mut found = Vec::new();
        self.root.all(&mut found);
        found
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.root.is_empty()
    }
}

impl<V> Node<V> {
    fn remove(&mut self, tokens: &[Token], id: u64) -> Option<V> {
        let Some((token, tokens)) = tokens.split_first() else {
            return take(&mut self.here, id);
        };
        match token {
            Token::Rest => take(&mut self.rest, id),
            Token::Any => {
                let node = self.any.as_deref_mut()?;
                let value = node.remove(tokens, id);
                self.any.take_if(|node| node.is_empty());
                value
            }
            Token::Is(name) => {
                let node = self.named.get_mut(name)?;
                let value = node.remove(tokens, id);
                if node.is_empty() {
                    self.named.remove(name);
                }
                value
            }
        }
    }

    fn each<'a>(&'a self, names: &str, found: &mut impl FnMut(&'a V)) {
        self.rest.iter().for_each(|(_, value)| found(value));
        let (name, names) = match names.split_once('.') {
            Some((name, names)) => (name, Some(names)),
            None => (names, None),
        };
        for node in self.named.get(name).into_iter().chain(self.any.as_deref()) {
            match names {
                Some(names) => node.each(names, found),
                None => node.here.iter().for_each(|(_, value)| found(value)),
            }
        }
    }

    fn all<'a>(&'a self, found: &mut Vec<&'a V>) {
        found.extend(self.here.iter().chain(&self.rest).map(|(_, value)| value));
        self.named.values().chain(self.any.as_deref()).for_each(|node| node.all(found));
    }

    fn is_empty(&self) -> bool {
        self.named.is_empty() && self.any.is_none() && self.here.is_empty() && self.rest.is_empty()
    }
}

fn take<V>(values: &mut Vec<(u64, V)>, id: u64) -> Option<V> {
    let at = values.iter().position(|(of, _)| *of == id)?;
    Some(values.swap_remove(at).1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Few tokens, so that much matches; empty ones and wildcards as names among them.
    fn namespace() -> impl Strategy<Value = Namespace> {
        prop::collection::vec(prop::sample::select(vec!["a", "b", "", "*", ">"]), 1..5)
            .prop_map(|tokens| tokens.join("."))
            .prop_filter_map("a name", |text| Namespace::new(text).ok())
    }

    fn pattern() -> impl Strategy<Value = Pattern> {
        let parts = prop::collection::vec(prop::sample::select(vec!["a", "b", "*"]), 0..4);
        let wild = (parts, any::<bool>()).prop_filter_map("a pattern", |(mut parts, rest)| {
            parts.extend(rest.then_some(">"));
            Pattern::new(&parts.join(".")).ok()
        });
        prop_oneof![wild, namespace().prop_map(|namespace| Pattern::exact(&namespace))]
    }

    /// The simple way: every pattern is asked, and recursively at that.
    fn is_match(tokens: &[Token], names: &[&str]) -> bool {
        match (tokens.split_first(), names.split_first()) {
            (None, None) => true,
            (Some((Token::Rest, _)), Some(_)) => true,
            (Some((Token::Any, tokens)), Some((_, names))) => is_match(tokens, names),
            (Some((Token::Is(wanted), tokens)), Some((name, names))) => {
                **wanted == **name && is_match(tokens, names)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_look_finds_what_asking_every_pattern_finds(
            patterns in prop::collection::vec(pattern(), 0..40),
            removed in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            namespaces in prop::collection::vec(namespace(), 1..10),
        ) {
            let mut trie = Trie::default();
            let mut left: Vec<_> = patterns.iter().enumerate().collect();
            left.iter().for_each(|(id, pattern)| trie.insert(pattern, *id as u64, *id));
            for index in removed.iter().filter(|_| !patterns.is_empty()) {
                let id = index.index(patterns.len());
                let there = left.iter().position(|(of, _)| *of == id);
                prop_assert_eq!(trie.remove(&patterns[id], id as u64), there.map(|at| left.remove(at).0));
            }
            for namespace in &namespaces {
                let names: Vec<_> = namespace.as_str().split('.').collect();
                let mut found = Vec::new();
                trie.each(namespace, |id| found.push(*id));
                found.sort_unstable();
                let naive = left.iter().filter(|(_, pattern)| is_match(pattern.tokens(), &names));
                prop_assert_eq!(&found, &naive.map(|(id, _)| *id).collect::<Vec<_>>());
                prop_assert!(left.iter().all(|(id, pattern)| pattern.matches(namespace) == found.contains(id)));
            }
            for (_, pattern) in &left {
                let mut same: Vec<_> = trie.of(pattern).copied().collect();
                same.sort_unstable();
                let wanted = left.iter().filter(|(_, other)| other == pattern).map(|(id, _)| *id);
                prop_assert_eq!(same, wanted.collect::<Vec<_>>());
            }
            prop_assert_eq!(trie.all().len(), left.len());
            left.iter().for_each(|(id, pattern)| assert_eq!(trie.remove(pattern, *id as u64), Some(*id)));
            prop_assert!(trie.is_empty(), "branches are left");
        }
    }
}
