//! Patterns: which namespaces a subscription is for.

mod error;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aether_core::Namespace;

pub use error::{InvalidPattern, PatternFault};

/// The most bytes that a namespace has.
const LONGEST_NAMESPACE: usize = 64;

/// Says which namespaces a subscription is for.
///
/// A namespace is a list of tokens with dots between them. In a pattern `*` stands for any one token, `>` for one or more,
/// at the end only; every other token stands for itself.
///
/// ```
/// use aether_bus::Pattern;
/// use aether_core::Namespace;
///
/// let orders = Pattern::new("*.orders")?;
/// assert!(orders.matches(&Namespace::new("acme.orders")?));
/// assert!(!orders.matches(&Namespace::new("acme.eu.orders")?));
/// // What would match nothing is refused, with the reason.
/// assert!(Pattern::new("acme-*").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A namespace is always a name, also one called `a.>`: [`Pattern::exact`] is the pattern of that namespace alone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pattern(Arc<[Token]>);

/// One part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    /// This token.
    Is(Box<str>),
    /// Any one token.
    Any,
    /// One or more tokens, up to the end.
    Rest,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// [`InvalidPattern`] says at which byte, and why: the text is empty or has an empty token, a wildcard is a part of a
    /// token, `>` is not at the end, or no namespace is long enough to match. Correct the text; for a namespace
    /// that has such a name use [`exact`](Self::exact).
    pub fn new(text: &str) -> Result<Self, InvalidPattern> {
        let refuse = |fault| Err(InvalidPattern { text: text.to_owned(), fault });
        if text.is_empty() {
            return refuse(PatternFault::Empty);
        }
        let (mut tokens, mut offset, mut shortest) = (Vec::new(), 0, 0);
        for part in text.split('.') {
            let end = offset + part.len();
            match token(part, offset, end == text.len()) {
                Ok(token) => tokens.push(token),
                Err(fault) => return refuse(fault),
            }
            shortest += tokens.last().map_or(0, Token::shortest);
            offset = end + 1;
        }
        shortest += tokens.len() - 1;
        if shortest > LONGEST_NAMESPACE {
            return refuse(PatternFault::TooLong { shortest, limit: LONGEST_NAMESPACE });
        }
        Ok(Self(tokens.into()))
    }

    /// Returns the pattern that matches this namespace and no other, whatever it is called.
    #[must_use]
    pub fn exact(namespace: &Namespace) -> Self {
        Self(namespace.as_str().split('.').map(|token| Token::Is(token.into())).collect())
    }

    /// Returns the pattern that matches every namespace: `>`.
    #[must_use]
    pub fn all() -> Self {
        Self(Arc::new([Token::Rest]))
    }

    /// Says whether the namespace is among those that are meant.
    #[must_use]
    pub fn matches(&self, namespace: &Namespace) -> bool {
        let mut names = namespace.as_str().split('.');
        for token in self.tokens() {
            match (token, names.next()) {
                (_, None) => return false,
                (Token::Rest, Some(_)) => return true,
                (Token::Any, Some(_)) => {}
                (Token::Is(wanted), Some(name)) if **wanted == *name => {}
                (Token::Is(_), Some(_)) => return false,
            }
        }
        names.next().is_none()
    }

    /// Returns the namespace, if the pattern means one alone.
    #[must_use]
    pub fn namespace(&self) -> Option<Namespace> {
        let names = self.tokens().iter().map(|token| match token {
            Token::Is(name) => Some(&**name),
            Token::Any | Token::Rest => None,
        });
        let text = names.collect::<Option<Vec<_>>>()?.join(".");
        let internal = Namespace::internal();
        if text == internal.as_str() { Some(internal) } else { Namespace::new(text).ok() }
    }

    pub(crate) fn tokens(&self) -> &[Token] {
        &self.0
    }
}

impl Token {
    /// The bytes of the shortest token that it matches: a namespace such as `a.` has an empty one.
    fn shortest(&self) -> usize {
        match self {
            Self::Is(name) => name.len(),
            Self::Any | Self::Rest => 0,
        }
    }
}

fn token(part: &str, offset: usize, is_last: bool) -> Result<Token, PatternFault> {
    match part {
        "" => Err(PatternFault::EmptyToken { offset }),
        "*" => Ok(Token::Any),
        ">" if is_last => Ok(Token::Rest),
        ">" => Err(PatternFault::RestNotLast { offset }),
        name => match name.bytes().enumerate().find(|(_, byte)| b"*>".contains(byte)) {
            Some((at, byte)) => Err(PatternFault::WildcardInToken { offset: offset + at, byte }),
            None => Ok(Token::Is(name.into())),
        },
    }
}

/// The pattern of that namespace alone.
impl From<&Namespace> for Pattern {
    fn from(namespace: &Namespace) -> Self {
        Self::exact(namespace)
    }
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        Self::new(text)
    }
}

impl TryFrom<&str> for Pattern {
    type Error = InvalidPattern;

    fn try_from(text: &str) -> Result<Self, InvalidPattern> {
        Self::new(text)
    }
}

impl fmt::Display for Pattern {
    /// The text of the pattern; a name that would be read otherwise stands in quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.tokens().iter().map(|token| match token {
            Token::Is(name) => name,
            Token::Any => "*",
            Token::Rest => ">",
        });
        let text = texts.collect::<Vec<_>>().join(".");
        let is_its_text = Self::new(&text).is_ok_and(|pattern| pattern == *self);
        if is_its_text { f.write_str(&text) } else { write!(f, "{text:?}") }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> PatternFault {
        Pattern::new(text).unwrap_err().fault
    }

    fn matches(pattern: &str, namespace: &str) -> bool {
        Pattern::new(pattern).unwrap().matches(&Namespace::new(namespace).unwrap())
    }

    #[test]
    fn wildcards_stand_for_whole_tokens() {
        assert!(matches("a.*", "a.b") && !matches("a.*", "a") && !matches("a.*", "a.b.c"));
        assert!(matches("a.>", "a.b") && matches("a.>", "a.b.c") && !matches("a.>", "a"));
        assert!(matches(">", "a") && matches(">", "a.b") && matches("*", "a") && !matches("*", "a.b"));
        assert!(matches("*.b", "a.b") && matches("*.*", "a.") && !matches("A", "a"));
        assert!(Pattern::all().matches(&Namespace::internal()));
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_refused_with_place_and_reason() {
        assert_eq!(fault(""), PatternFault::Empty);
        assert_eq!(fault("a..b"), PatternFault::EmptyToken { offset: 2 });
        assert_eq!(fault("a."), PatternFault::EmptyToken { offset: 2 });
        assert_eq!(fault("é.tenant-*"), PatternFault::WildcardInToken { offset: 10, byte: b'*' });
        assert_eq!(fault("a.b>"), PatternFault::WildcardInToken { offset: 3, byte: b'>' });
        assert_eq!(fault("a.>.b"), PatternFault::RestNotLast { offset: 2 });
        let long = format!("*.{}", "x".repeat(64));
        assert_eq!(fault(&long), PatternFault::TooLong { shortest: 65, limit: 64 });
        assert!(Pattern::new(&long[..65]).is_ok());
        assert_eq!(
            Pattern::new("tenant-*").unwrap_err().to_string(),
            "\"tenant-*\" is no pattern: byte 7 is '*' inside a token, where it would be a letter: a wildcard is a token of \
             its own"
        );
    }

    #[test]
    fn a_namespace_is_a_name_whatever_it_is_called() {
        for name in ["a.>", "*", ">", "a..b", ".", "tenant-*", "%"] {
            let namespace = Namespace::new(name).unwrap();
            let exact = Pattern::exact(&namespace);
            assert!(exact.matches(&namespace) && !exact.matches(&Namespace::new("a.b").unwrap()));
            assert_eq!(exact.namespace(), Some(namespace));
        }
        assert_ne!(Pattern::exact(&Namespace::new("a.>").unwrap()), Pattern::new("a.>").unwrap());
        assert_eq!(Pattern::new("a.>").unwrap().namespace(), None);
        assert_eq!(Pattern::new("__internal__").unwrap().namespace(), Some(Namespace::internal()));
    }

    #[test]
    fn the_text_of_a_pattern_is_read_as_the_same_pattern() {
        for text in ["a", "a.*.>", ">", "acme.orders"] {
            let pattern = Pattern::new(text).unwrap();
            assert_eq!((pattern.to_string(), pattern.to_string().parse()), (text.to_owned(), Ok(pattern)));
        }
        assert_eq!(Pattern::exact(&Namespace::new("a.>").unwrap()).to_string(), "\"a.>\"");
    }
}
