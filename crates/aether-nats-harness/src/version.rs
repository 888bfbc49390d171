//! The version of a nats-server.

use std::{fmt, str::FromStr};

/// Names a released version of nats-server, such as 2.15.1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServerVersion {
    /// The 2 of 2.15.1.
    pub major: u32,
    /// The 15 of 2.15.1.
    pub minor: u32,
    /// The 1 of 2.15.1.
    pub patch: u32,
}

impl ServerVersion {
    /// Is what tests run on when nothing else is asked for.
    pub const PINNED: Self = Self::new(2, 15, 1);

    /// Is the least version that [`ServerBinary::locate`](crate::ServerBinary::locate) takes from the `PATH`.
    pub const OLDEST: Self = Self::new(2, 10, 0);

    /// Makes a version of its three numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Finds the version in what `nats-server --version` prints: `nats-server: v2.15.1`, `… v2.12.0-RC.3`.
    pub(crate) fn from_output(output: &str) -> Option<Self> {
        let word = output.trim().strip_prefix("nats-server:")?.split_whitespace().next()?;
        word.split(['-', '+']).next()?.parse().ok()
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Says that a text is not a version.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} is not a server version: write three numbers, such as 2.15.1")]
pub struct ParseVersionError {
    text: String,
}

impl FromStr for ServerVersion {
    type Err = ParseVersionError;

    /// Reads `2.15.1` or `v2.15.1`.
    fn from_str(text: &str) -> Result<Self, ParseVersionError> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.').map(number);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
                Ok(Self { major, minor, patch })
            }
            _ => Err(ParseVersionError { text: text.to_owned() }),
        }
    }
}

/// Reads digits only: `u32::from_str` would take `+1`.
fn number(part: &str) -> Option<u32> {
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_order_by_number_not_by_text() {
        assert!(ServerVersion::new(2, 9, 10) < ServerVersion::OLDEST);
        assert!(ServerVersion::new(2, 10, 26) < ServerVersion::PINNED);
    }

    #[test]
    fn what_is_not_three_numbers_is_refused_and_named() {
        for text in ["", "2", "2.15", "2.15.1.0", "2.15.x", "2..1", "+2.1.1", "2.15.99999999999", "2.1.1 "] {
            let error = text.parse::<ServerVersion>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("2.15.1"), "{error}");
        }
    }

    #[test]
    fn the_server_s_own_output_is_understood() {
        let of = ServerVersion::from_output;
        assert_eq!(of("nats-server: v2.15.1\n"), Some(ServerVersion::PINNED));
        assert_eq!(of("nats-server: v2.12.0-RC.3\n"), Some(ServerVersion::new(2, 12, 0)));
        assert_eq!(of("Python 3.11.7"), None);
        assert_eq!(of("nats-server: "), None);
    }

    proptest! {
        #[test]
        fn a_printed_version_reads_back(major: u32, minor: u32, patch: u32) {
            let version = ServerVersion::new(major, minor, patch);
            prop_assert_eq!(version.to_string().parse(), Ok(version));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<ServerVersion>();
            let _ = ServerVersion::from_output(&text);
        }
    }
}
