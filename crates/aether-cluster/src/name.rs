//! The name of a cluster.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aether_core::id::InvalidText;

use crate::text::check;

/// Names a cluster, such as `orders`: nodes of other names in the same NATS account have nothing to do with it.
///
/// 1 to 64 bytes: ASCII letters, digits, `-` and `_`, so that it is one token of a subject and a part of a bucket's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName(Arc<str>);

impl ClusterName {
    /// Parses a name.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when the text is empty, longer than 64 bytes, or has a forbidden byte, which it points at.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, InvalidText> {
        let text = text.into();
        check("cluster name", &text, 64, |byte| !byte.is_ascii_alphanumeric() && !b"-_".contains(&byte))?;
        Ok(Self(text))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClusterName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        Self::new(text)
    }
}

impl TryFrom<&str> for ClusterName {
    type Error = InvalidText;

    fn try_from(text: &str) -> Result<Self, InvalidText> {
        Self::new(text)
    }
}
