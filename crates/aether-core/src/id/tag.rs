//! The texts that an event carries: its id, its type, the id of its command.

use std::sync::Arc;

use uuid::Uuid;

use super::InvalidText;
use super::text::{check, text_id};

const LIMIT: usize = 256;

/// Writes a text that is bounded when written and free when read.
macro_rules! tag {
    ($name:ident, $what:literal) => {
        text_id!($name);

        impl $name {
            #[doc = concat!("Parses an ", $what, " that is to be written.")]
            ///
            /// # Errors
            ///
            /// [`InvalidText`] when the text is empty or longer than 256 bytes.
            pub fn new(text: impl Into<Arc<str>>) -> Result<Self, InvalidText> {
                let text = text.into();
                check($what, &text, LIMIT, |_, _| false)?;
                Ok(Self(text))
            }

            /// Takes a text as it was found in a store, even where it could not be written today: the Go original
            /// wrote empty ones.
            #[must_use]
            pub fn as_read(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// Checks that the text may be written: what was read need not be.
            ///
            /// # Errors
            ///
            /// [`InvalidText`] as from [`Self::new`].
            #[inline]
            pub fn check_writable(&self) -> Result<(), InvalidText> {
                // The usual case without a call.
                if (1..=LIMIT).contains(&self.0.len()) {
                    return Ok(());
                }
                check($what, &self.0, LIMIT, |_, _| false)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                std::borrow::Cow::<'de, str>::deserialize(deserializer).map(Self::as_read)
            }
        }
    };
}

/// Identifies an event. Whoever repeats an append under the same ids stores it once.
///
/// Unique within an actor by the writer's care: [`EventId::generate`] sees to that. Any string when read, 1 to 256
/// bytes when written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(Arc<str>);

tag!(EventId, "event id");

impl EventId {
    /// Makes a fresh id: a UUID of version 7, so that ids made later sort later.
    #[must_use]
    pub fn generate() -> Self {
        let mut buffer = Uuid::encode_buffer();
        Self(Arc::from(&*Uuid::now_v7().hyphenated().encode_lower(&mut buffer)))
    }
}

/// Names what happened, such as `OrderPlaced`. Any string when read, 1 to 256 bytes when written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventType(Arc<str>);

tag!(EventType, "event type");

/// Identifies the command that caused an event. Any string when read, 1 to 256 bytes when written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(Arc<str>);

tag!(CommandId, "command id");

impl CommandId {
    /// Makes a fresh id: a UUID of version 7.
    #[must_use]
    pub fn generate() -> Self {
        Self(EventId::generate().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TextFault;

    #[test]
    fn an_empty_id_can_be_read_but_not_written() {
        assert_eq!(EventId::new("").unwrap_err().fault, TextFault::Empty);
        let read = EventId::as_read("");
        assert_eq!(read.as_str(), "");
        assert_eq!(read.check_writable().unwrap_err().fault, TextFault::Empty);
        assert!(serde_json::from_str::<EventType>("\"\"").is_ok());
    }

    #[test]
    fn generated_ids_are_version_7_and_differ() {
        let (a, b) = (EventId::generate(), EventId::generate());
        assert_ne!(a, b);
        assert_eq!(Uuid::parse_str(a.as_str()).unwrap().get_version_num(), 7);
        assert!(CommandId::generate().check_writable().is_ok());
    }

    #[test]
    fn a_long_id_is_refused_with_its_length() {
        let error = EventType::new("x".repeat(257)).unwrap_err();
        assert_eq!(error.fault, TextFault::TooLong { bytes: 257, limit: 256 });
    }
}
