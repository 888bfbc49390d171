//! What is wrong with a pattern.

use std::fmt;

/// Says which text was refused as a pattern, where, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no pattern: {fault}")]
pub struct InvalidPattern {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub fault: PatternFault,
}

/// Why a text is no pattern: each of them would match nothing, or not what it seems to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternFault {
    /// There is nothing in it.
    Empty,
    /// A token is empty.
    EmptyToken {
        /// The offset of the byte where the token should be.
        offset: usize,
    },
    /// A wildcard is only a part of a token.
    WildcardInToken {
        /// The offset of the wildcard.
        offset: usize,
        /// Which one it is.
        byte: u8,
    },
    /// `>` is not the last token.
    RestNotLast {
        /// The offset of the `>`.
        offset: usize,
    },
    /// No namespace is long enough.
    TooLong {
        /// The bytes of the shortest text that it would match.
        shortest: usize,
        /// The most bytes that a namespace has.
        limit: usize,
    },
}

impl fmt::Display for PatternFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty, expected at least one token"),
            Self::EmptyToken { offset } => write!(f, "at byte {offset} a token is empty"),
            Self::WildcardInToken { offset, byte } => {
                let wildcard = char::from(*byte);
                write!(f, "byte {offset} is {wildcard:?} inside a token, where it would be a letter: ")?;
                f.write_str("a wildcard is a token of its own")
            }
            Self::RestNotLast { offset } => {
                write!(
                    f,
                    "byte {offset} is '>', which stands for everything that follows: it must be the end"
                )
            }
            Self::TooLong { shortest, limit } => {
                write!(f, "it matches nothing below {shortest} bytes, and a namespace has at most {limit}")
            }
        }
    }
}
