//! Names of what holds histories: namespaces and streams.

use std::sync::Arc;

use super::InvalidText;
use super::text::{TextFault, check, refuse, strict_deserialize, text_id};

/// Names a tenant's isolation unit: a part of stream names and of bus subjects.
///
/// Any UTF-8 text of 1 to 64 bytes; it is always a name, never a pattern: in the tenant `a.>`, `>` is a letter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(Arc<str>);

text_id!(Namespace);

impl<'de> serde::Deserialize<'de> for Namespace {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        // Not for users to make, but announcements carry it.
        if text == Self::INTERNAL {
            return Ok(Self::internal());
        }
        Self::new(text.as_ref()).map_err(serde::de::Error::custom)
    }
}

impl Namespace {
    const INTERNAL: &'static str = "__internal__";

    /// Parses a namespace.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when the text is empty, longer than 64 bytes, or the reserved `__internal__`.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, InvalidText> {
        let text = text.into();
        check("namespace", &text, 64, |_, _| false)?;
        if &*text == Self::INTERNAL {
            return Err(refuse("namespace", &text, TextFault::Reserved));
        }
        Ok(Self(text))
    }

    /// Returns `__internal__`, the namespace of announcements from stores that have none.
    #[must_use]
    pub fn internal() -> Self {
        Self(Arc::from(Self::INTERNAL))
    }
}

/// Names a stream of events, such as `orders`.
///
/// 1 to 128 bytes, without blanks, control characters, `.`, `*`, `>`, `/`, `\` (which NATS forbids in stream names, see
/// the naming page of its JetStream documentation) and `%` (which marks the streams that Aether adds beside it).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(Arc<str>);

text_id!(StreamName);
strict_deserialize!(StreamName);

impl StreamName {
    /// Parses a stream name.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when the text is empty, longer than 128 bytes, or has a forbidden byte, which it points at.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, InvalidText> {
        let text = text.into();
        check("stream name", &text, 128, |_, b| b <= b' ' || b == 0x7f || b".*>/\\%".contains(&b))?;
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_name_has_no_byte_that_nats_or_aether_needs() {
        for bad in [".", "*", ">", "/", "\\", "%", " ", "\t", "\r", "\n", "\0", "\x7f"] {
            let error = StreamName::new(format!("ab{bad}c")).unwrap_err();
            assert_eq!(error.fault, TextFault::Forbidden { offset: 2, byte: bad.as_bytes()[0] });
        }
        assert!(StreamName::new("orders_2026-é").is_ok());
    }

    #[test]
    fn a_namespace_may_look_like_a_pattern_but_not_be_ours() {
        assert!(Namespace::new("a.>").is_ok());
        assert_eq!(Namespace::new("__internal__").unwrap_err().fault, TextFault::Reserved);
        assert_eq!(Namespace::internal().as_str(), "__internal__");
        let json = serde_json::to_string(&Namespace::internal()).unwrap();
        assert_eq!(serde_json::from_str::<Namespace>(&json).unwrap(), Namespace::internal());
        assert!(Namespace::new("n".repeat(65)).is_err());
    }
}
