//! JSON that is kept as it was written.

mod finite;
mod write;

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(crate) use write::push_string;

/// One JSON value as text, byte for byte as it was written, shared and never parsed again until somebody asks.
///
/// Numbers keep their digits: `9007199254740993` is not rounded to what a float holds. Two values are equal when their
/// texts are; `{"a":1}` and `{ "a": 1 }` are not.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawJson(ByteString);

/// What a JSON value is, as its first byte tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Says why a value is no JSON, or not the one that was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The value holds a number that JSON cannot write. Check it before it becomes an event.
    #[error("{value} cannot be written as JSON, which has no infinity and no NaN")]
    NotFinite {
        /// The number.
        value: f64,
    },
    /// The value has no JSON form, such as a map whose keys are not texts.
    #[error("the value has no JSON form")]
    NoForm(#[source] serde_json::Error),
    /// The text is not one JSON value.
    #[error("the text is not one JSON value")]
    NoJson(#[source] serde_json::Error),
}

impl RawJson {
    /// The value `null`.
    pub const NULL: Self = Self(ByteString::from_static("null"));

    /// Writes a value as JSON.
    ///
    /// # Errors
    ///
    /// [`JsonError::NotFinite`] for infinities and NaN, which `serde_json` would silently turn into `null`;
    /// [`JsonError::NoForm`] for what has no JSON form, such as maps whose keys are not texts.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonError> {
        finite::check(value)?;
        Ok(Self(serde_json::to_string(value).map_err(JsonError::NoForm)?.into()))
    }

    /// Takes a text that is one JSON value; blanks around it are dropped, everything in it is kept.
    ///
    /// # Errors
    ///
    /// [`JsonError::NoJson`], with line and column, when the text is no JSON.
    pub fn parse(text: impl Into<ByteString>) -> Result<Self, JsonError> {
        let text = text.into();
        let raw: &RawValue = serde_json::from_str(&text).map_err(JsonError::NoJson)?;
        Ok(Self(text.slice_ref(raw.get())))
    }

    /// Takes the part of `text` that a parser recognized as one value of it.
    pub(crate) fn part_of(text: &ByteString, part: &RawValue) -> Self {
        Self(text.slice_ref(part.get()))
    }

    /// Takes the part of this value that a parser recognized as a value in it.
    pub(crate) fn part(&self, part: &RawValue) -> Self {
        Self::part_of(&self.0, part)
    }

    /// Reads the value as a `T`, which may borrow from it.
    ///
    /// # Errors
    ///
    /// The error of `serde_json`, which says where the value is not a `T`.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text's bytes, shared.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.0.as_bytes().clone()
    }

    /// Says what the value is.
    #[must_use]
    pub fn kind(&self) -> JsonKind {
        match self.0.as_bytes().first() {
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::Array,
            Some(b'"') => JsonKind::String,
            Some(b't' | b'f') => JsonKind::Bool,
            Some(b'n') => JsonKind::Null,
            _ => JsonKind::Number,
        }
    }

    /// Says whether the value is `{}`, with or without blanks inside.
    pub(crate) fn is_empty_object(&self) -> bool {
        let inner = self.0.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        inner.is_some_and(|inner| inner.trim().is_empty())
    }
}

impl Default for RawJson {
    fn default() -> Self {
        Self::NULL
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({})", self.0)
    }
}

impl Serialize for RawJson {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(String::from(Box::<str>::from(raw)).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_blanks_and_escapes_are_kept() {
        let text = "  {\"n\": 9007199254740993 , \"s\":\"\\u00e9\"} ";
        let raw = RawJson::parse(text).unwrap();
        assert_eq!(raw.as_str(), text.trim());
        assert_eq!(serde_json::to_string(&raw).unwrap(), text.trim());
        assert_eq!(serde_json::from_str::<RawJson>(text).unwrap(), raw);
    }

    #[test]
    fn every_kind_is_told_from_its_text() {
        for (text, kind) in [
            ("null", JsonKind::Null),
            ("true", JsonKind::Bool),
            ("-1.5e3", JsonKind::Number),
            ("\"x\"", JsonKind::String),
            ("[1]", JsonKind::Array),
            ("{}", JsonKind::Object),
        ] {
            assert_eq!(RawJson::parse(text).unwrap().kind(), kind);
        }
        assert!(RawJson::parse("{ \n}").unwrap().is_empty_object());
        assert!(!RawJson::parse("{\"a\":1}").unwrap().is_empty_object());
    }

    #[test]
    fn text_that_is_not_one_value_is_refused() {
        for text in ["", "{", "1 2", "nul", "{\"a\":}", "NaN"] {
            assert!(RawJson::parse(text).is_err(), "{text}");
        }
    }
}
