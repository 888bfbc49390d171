//! Metadata: what travels with an event beside its data.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The texts that travel with an event for tracing and auditing.
///
/// Five keys have names of their own, [`MetadataKey`]; any other is free. Two are equal when they hold the same, in
/// whatever order it was put in; they are written in the order of the keys' bytes.
///
/// A clone shares what it is a clone of until one of the two is changed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Metadata(Option<Arc<Texts>>);

/// Never empty: nothing is `None`, which needs no allocation.
type Texts = BTreeMap<String, String>;

/// A key of [`Metadata`] that has a meaning everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetadataKey {
    /// `correlationId`: ties related events together across services.
    CorrelationId,
    /// `causationId`: the event that caused this one.
    CausationId,
    /// `userId`: who did it.
    UserId,
    /// `traceId`: of the distributed trace, as OpenTelemetry writes it.
    TraceId,
    /// `spanId`: of the span in that trace.
    SpanId,
}

impl MetadataKey {
    /// Returns the key as it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CorrelationId => "correlationId",
            Self::CausationId => "causationId",
            Self::UserId => "userId",
            Self::TraceId => "traceId",
            Self::SpanId => "spanId",
        }
    }
}

impl AsRef<str> for MetadataKey {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Metadata {
    /// Returns what stands under `key`.
    #[must_use]
    pub fn find(&self, key: impl AsRef<str>) -> Option<&str> {
        self.texts()?.get(key.as_ref()).map(String::as_str)
    }

    /// Puts `value` under `key`, in place of what stood there.
    pub fn insert(&mut self, key: impl AsRef<str>, value: impl Into<String>) {
        Arc::make_mut(self.0.get_or_insert_default()).insert(key.as_ref().to_owned(), value.into());
    }

    /// Puts in everything that `other` holds, in place of what stood under the same keys.
    pub fn merge(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Some(ours), Some(theirs)) => {
                let theirs = theirs.iter().map(|(key, value)| (key.clone(), value.clone()));
                Arc::make_mut(ours).extend(theirs);
            }
            (ours @ None, theirs) => ours.clone_from(theirs),
            (Some(_), None) => {}
        }
    }

    /// Goes through keys and values in the order of the keys' bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        static NOTHING: Texts = Texts::new();
        self.texts().unwrap_or(&NOTHING).iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts().map_or(0, Texts::len)
    }

    /// Says whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn texts(&self) -> Option<&Texts> {
        self.0.as_deref()
    }
}

impl From<Texts> for Metadata {
    fn from(texts: Texts) -> Self {
        Self((!texts.is_empty()).then(|| Arc::new(texts)))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect::<Texts>().into()
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Texts::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_does_not_depend_on_the_order() {
        let a: Metadata = [("x", "1"), ("y", "2")].into_iter().collect();
        let b: Metadata = [("y", "2"), ("x", "1")].into_iter().collect();
        assert_eq!(a, b);
        assert_ne!(a, [("x", "1")].into_iter().collect());
    }

    #[test]
    fn a_clone_shares_until_one_of_the_two_is_changed() {
        let a: Metadata = [("x", "1")].into_iter().collect();
        let mut b = a.clone();
        let text = |metadata: &Metadata| metadata.find("x").unwrap().as_ptr();
        assert_eq!(text(&a), text(&b));
        b.insert("x", "2");
        assert_eq!((a.find("x"), b.find("x")), (Some("1"), Some("2")));
    }

    #[test]
    fn nothing_is_equal_to_nothing_however_it_came_about() {
        let none = Metadata::from_iter(<[(String, String); 0]>::default());
        let mut merged = Metadata::default();
        merged.merge(&none);
        assert_eq!([&none, &merged, &serde_json::from_str("{}").unwrap()], [&Metadata::default(); 3]);
        assert!(merged.is_empty() && merged.iter().len() == 0);
        assert_eq!(serde_json::to_string(&none).unwrap(), "{}");
    }

    #[test]
    fn named_keys_stand_under_the_names_of_the_wire() {
        let mut metadata = Metadata::default();
        for key in [
            MetadataKey::CorrelationId,
            MetadataKey::CausationId,
            MetadataKey::UserId,
            MetadataKey::TraceId,
            MetadataKey::SpanId,
        ] {
            metadata.insert(key, "v");
        }
        let json = r#"{"causationId":"v","correlationId":"v","spanId":"v","traceId":"v","userId":"v"}"#;
        assert_eq!(serde_json::to_string(&metadata).unwrap(), json);
        assert_eq!(metadata.find(MetadataKey::UserId), Some("v"));
        assert_eq!(metadata.find("tenant"), None);
    }

    #[test]
    fn merging_replaces_what_stands_under_the_same_key() {
        let mut a: Metadata = [("x", "1"), ("y", "2")].into_iter().collect();
        a.merge(&[("y", "3"), ("z", "4")].into_iter().collect());
        assert_eq!(a, [("x", "1"), ("y", "3"), ("z", "4")].into_iter().collect());
    }
}
