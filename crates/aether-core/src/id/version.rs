//! Versions: of an actor's history, and of the shape of data.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The version of one actor's history: the number of its latest event.
///
/// [`Version::INITIAL`] (0) means "no event yet"; the first event has version 1. Where Aether numbers the events,
/// versions have no gaps; histories that the Go original wrote may. At most `i64::MAX`, which is what that store reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Version(u64);

impl Version {
    /// No event yet.
    pub const INITIAL: Self = Self(0);
    /// The version of an actor's first event.
    pub const FIRST: Self = Self(1);
    /// The highest version there is.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// Makes a version from its number.
    ///
    /// # Errors
    ///
    /// [`InvalidVersion`] above `i64::MAX`.
    pub fn new(number: u64) -> Result<Self, InvalidVersion> {
        if number > Self::MAX.0 { Err(InvalidVersion { number }) } else { Ok(Self(number)) }
    }

    /// Returns the number.
    #[inline]
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// Returns the version after this one, or `None` after the last.
    #[inline]
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.plus(1)
    }

    /// Returns the version `events` later, or `None` beyond the last.
    #[inline]
    #[must_use]
    pub fn plus(self, events: u64) -> Option<Self> {
        self.0.checked_add(events).and_then(|number| Self::new(number).ok())
    }

    /// Returns the version before this one; before the first there is [`Version::INITIAL`], and nothing before that.
    #[inline]
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u64> for Version {
    type Error = InvalidVersion;

    fn try_from(number: u64) -> Result<Self, InvalidVersion> {
        Self::new(number)
    }
}

impl From<Version> for u64 {
    fn from(version: Version) -> Self {
        version.0
    }
}

/// Says that a number is beyond the highest version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{number} is no version: the highest is {}", Version::MAX)]
pub struct InvalidVersion {
    /// The number.
    pub number: u64,
}

/// The version of the shape that an event's data or a state's snapshot has. The first, and that of events which do
/// not say, is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SchemaVersion(u32);

impl SchemaVersion {
    /// The first version, which need not be said.
    pub const FIRST: Self = Self(1);

    /// Makes a schema version from its number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Returns the version after this one, or `None` after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl Default for SchemaVersion {
    fn default() -> Self {
        Self::FIRST
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_end_where_the_wire_ends() {
        assert_eq!(Version::MAX.next(), None);
        assert_eq!(Version::INITIAL.next(), Some(Version::FIRST));
        assert_eq!(Version::INITIAL.previous(), Version::INITIAL);
        assert!(Version::new(u64::MAX).is_err());
        assert!(serde_json::from_str::<Version>("9223372036854775808").is_err());
        assert_eq!(
            serde_json::from_str::<Version>("9007199254740993").unwrap().number(),
            9_007_199_254_740_993
        );
    }
}
