//! What every textual id shares: the error, and the macro that writes the type.

use std::fmt;

/// Says which text was refused as an id, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}: {fault}")]
pub struct InvalidText {
    /// What the text was to be, such as `actor id`.
    pub what: &'static str,
    /// The text, cut after 64 bytes.
    pub text: String,
    /// What is wrong with it.
    pub fault: TextFault,
}

/// What is wrong with a text that was to be an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextFault {
    /// There is nothing in it.
    Empty,
    /// It has more bytes than the limit.
    TooLong {
        /// Its length in bytes.
        bytes: usize,
        /// The most bytes that are allowed.
        limit: usize,
    },
    /// A byte that is not allowed there.
    Forbidden {
        /// The offset of the first such byte.
        offset: usize,
        /// The byte.
        byte: u8,
    },
    /// The name is Aether's own.
    Reserved,
}

impl fmt::Display for TextFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty, expected at least one byte"),
            Self::TooLong { bytes, limit } => write!(f, "it has {bytes} bytes, the limit is {limit}"),
            Self::Forbidden { offset, byte } => {
                write!(f, "byte {offset} is {:?}, which is not allowed there", char::from(*byte))
            }
            Self::Reserved => f.write_str("the name is reserved for Aether's own use"),
        }
    }
}

/// Checks the bounds that all ids have, then looks for the first byte that `forbidden` names.
pub(super) fn check(
    what: &'static str,
    text: &str,
    limit: usize,
    forbidden: impl Fn(usize, u8) -> bool,
) -> Result<(), InvalidText> {
    let fault = if text.is_empty() {
        TextFault::Empty
    } else if text.len() > limit {
        TextFault::TooLong { bytes: text.len(), limit }
    } else if let Some((offset, byte)) = text.bytes().enumerate().find(|(i, b)| forbidden(*i, *b)) {
        TextFault::Forbidden { offset, byte }
    } else {
        return Ok(());
    };
    Err(refuse(what, text, fault))
}

/// Builds the error, with as much of the text as a log line bears.
pub(super) fn refuse(what: &'static str, text: &str, fault: TextFault) -> InvalidText {
    let mut end = text.len().min(64);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    InvalidText { what, text: text.get(..end).unwrap_or_default().to_owned(), fault }
}

/// Writes the parts of a textual id that are the same for all: a shared string, parsed by `Self::new`.
macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::id::InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::id::InvalidText;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::id::InvalidText;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

/// Adds a `Deserialize` that refuses what `Self::new` refuses.
macro_rules! strict_deserialize {
    ($name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(text.as_ref()).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(super) use {strict_deserialize, text_id};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_refused_text_is_quoted_without_panicking(text in "\\PC{0,80}") {
            let error = refuse("thing", &text, TextFault::Empty);
            prop_assert!(text.starts_with(&error.text) && error.text.len() <= 64);
        }

        #[test]
        fn the_first_forbidden_byte_is_the_one_that_is_named(good in "[a-z]{0,20}", rest in "[a-z.]{0,20}") {
            let text = format!("{good}.{rest}");
            let error = check("thing", &text, 100, |_, b| b == b'.').unwrap_err();
            prop_assert_eq!(error.fault, TextFault::Forbidden { offset: good.len(), byte: b'.' });
        }
    }

    #[test]
    fn an_error_says_what_where_and_what_was_expected() {
        let error = check("stream name", "a.b", 10, |_, b| b == b'.').unwrap_err();
        assert_eq!(error.to_string(), "\"a.b\" is no stream name: byte 1 is '.', which is not allowed there");
        let error = check("stream name", "abc", 2, |_, _| false).unwrap_err();
        assert_eq!(error.to_string(), "\"abc\" is no stream name: it has 3 bytes, the limit is 2");
    }
}
