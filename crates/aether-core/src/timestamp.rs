//! Timestamps with nanoseconds and their own offset.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time as RFC 3339 writes it: nanoseconds, the years 0 to 9999, and an offset in whole minutes.
///
/// The offset is part of the value: two timestamps are equal when both the instant and the offset are, so that what
/// was read is written again as it was. They sort by the instant, then by the offset. Only checked arithmetic.
///
/// ```
/// use aether_core::Timestamp;
///
/// let time: Timestamp = "2026-01-13T22:25:51.123456+01:00".parse()?;
/// assert_eq!(time.to_string(), "2026-01-13T22:25:51.123456+01:00");
/// # Ok::<(), aether_core::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy)]
pub struct Timestamp(OffsetDateTime);

/// Says why a time is no [`Timestamp`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTimestamp {
    /// The text is not what RFC 3339 allows.
    #[error("{text:?} is no timestamp, expected RFC 3339 such as 2026-01-13T21:25:51.5Z: {reason}")]
    Text {
        /// The text, cut after 64 bytes.
        text: String,
        /// What the parser says.
        reason: String,
    },
    /// RFC 3339 has years of four digits.
    #[error("the year {year} is out of range, expected 0 to 9999")]
    Year {
        /// The year.
        year: i32,
    },
    /// RFC 3339 has offsets in minutes.
    #[error("the offset of {seconds} seconds is not in whole minutes")]
    Offset {
        /// The offset from UTC in seconds.
        seconds: i32,
    },
}

impl Timestamp {
    /// Returns the present time in UTC.
    #[must_use]
    pub fn now() -> Self {
        Self(OffsetDateTime::now_utc())
    }

    /// Returns the date, time and offset.
    #[must_use]
    pub fn to_offset_date_time(self) -> OffsetDateTime {
        self.0
    }

    /// Returns the nanoseconds since 1970-01-01T00:00:00Z, negative before.
    #[must_use]
    pub fn unix_nanos(self) -> i128 {
        self.0.unix_timestamp_nanos()
    }

    /// Returns the time `duration` later at the same offset, or `None` after the year 9999.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let later = self.0.checked_add(time::Duration::try_from(duration).ok()?)?;
        Self::try_from(later).ok()
    }

    /// Returns how much later `self` is than `earlier`, or `None` where it is not later.
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Option<Duration> {
        let nanos = u128::try_from(self.unix_nanos() - earlier.unix_nanos()).ok()?;
        let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
        Some(Duration::new(seconds, u32::try_from(nanos % 1_000_000_000).ok()?))
    }

    /// Appends the text to `out`: without the machinery of `fmt`, since every event that is written has one.
    pub(crate) fn push_to(self, out: &mut Vec<u8>) {
        let (date, time) = (self.0.date(), self.0.time());
        let [y0, y1, y2, y3] = digits(date.year().unsigned_abs());
        let [m0, m1] = digits(u8::from(date.month()).into());
        let [d0, d1] = digits(date.day().into());
        out.extend_from_slice(&[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1]);
        let [h0, h1] = digits(time.hour().into());
        let [m0, m1] = digits(time.minute().into());
        let [s0, s1] = digits(time.second().into());
        out.extend_from_slice(&[b'T', h0, h1, b':', m0, m1, b':', s0, s1]);
        if time.nanosecond() != 0 {
            out.push(b'.');
            out.extend_from_slice(&digits::<9>(time.nanosecond()));
            while out.last() == Some(&b'0') {
                out.pop();
            }
        }
        match self.0.offset().whole_minutes() {
            0 => out.push(b'Z'),
            offset => {
                let sign = if offset < 0 { b'-' } else { b'+' };
                let [h0, h1] = digits((offset.unsigned_abs() / 60).into());
                let [m0, m1] = digits((offset.unsigned_abs() % 60).into());
                out.extend_from_slice(&[sign, h0, h1, b':', m0, m1]);
            }
        }
    }

    fn key(self) -> (i128, i32) {
        (self.unix_nanos(), self.0.offset().whole_seconds())
    }
}

/// The length of a text with all nanoseconds and an offset.
const MOST_BYTES: usize = 35;

/// Returns the last digits of a number.
fn digits<const COUNT: usize>(number: u32) -> [u8; COUNT] {
    let (mut out, mut rest) = ([b'0'; COUNT], number);
    for digit in out.iter_mut().rev() {
        *digit += u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    out
}

impl TryFrom<OffsetDateTime> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(time: OffsetDateTime) -> Result<Self, InvalidTimestamp> {
        let (year, seconds) = (time.year(), time.offset().whole_seconds());
        if !(0..=9999).contains(&year) {
            return Err(InvalidTimestamp::Year { year });
        }
        if seconds % 60 != 0 {
            return Err(InvalidTimestamp::Offset { seconds });
        }
        Ok(Self(time))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let refuse =
            |reason: String| InvalidTimestamp::Text { text: text.chars().take(64).collect(), reason };
        // The parser would turn a leap second into the last nanosecond before it.
        if text.as_bytes().get(17..19) == Some(b"60") {
            return Err(refuse("a leap second cannot be kept exactly".to_owned()));
        }
        let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| refuse(error.to_string()))?;
        Self::try_from(time)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(MOST_BYTES);
        self.push_to(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl std::hash::Hash for Timestamp {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::{Date, Time, UtcOffset};

    use super::*;

    fn any_timestamp() -> impl Strategy<Value = Timestamp> {
        (0i32..=9999, 1u16..=365, 0u8..24, 0u8..60, 0u8..60, 0u32..1_000_000_000, -1439i32..1440).prop_map(
            |(year, day, hour, minute, second, nano, offset)| {
                let date = Date::from_ordinal_date(year, day).unwrap();
                let time = Time::from_hms_nano(hour, minute, second, nano).unwrap();
                let offset = UtcOffset::from_whole_seconds(offset * 60).unwrap();
                Timestamp::try_from(date.with_time(time).assume_offset(offset)).unwrap()
            },
        )
    }

    proptest! {
        #[test]
        fn a_timestamp_survives_its_text_with_nanoseconds_and_offset(time in any_timestamp()) {
            let read: Timestamp = time.to_string().parse().unwrap();
            prop_assert_eq!(read, time);
            prop_assert_eq!(read.to_string(), time.to_string());
        }

        #[test]
        fn its_text_is_the_one_that_the_time_crate_writes(time in any_timestamp()) {
            prop_assert_eq!(time.to_string(), time.0.format(&Rfc3339).unwrap());
        }

        #[test]
        fn equality_and_order_agree_and_never_panic(a in any_timestamp(), b in any_timestamp()) {
            prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
            prop_assert_eq!(a.duration_since(b).is_some(), a.unix_nanos() >= b.unix_nanos());
        }

        #[test]
        fn no_text_panics(text in "[0-9TZtz:.+-]{0,40}") {
            let _ = text.parse::<Timestamp>();
        }

        #[test]
        fn adding_is_exact_or_refused(time in any_timestamp(), seconds in any::<u64>()) {
            let duration = Duration::from_secs(seconds);
            if let Some(later) = time.checked_add(duration) {
                prop_assert_eq!(later.duration_since(time), Some(duration));
            }
        }
    }

    #[test]
    fn the_edges_of_the_calendar_are_read_and_compared_without_panicking() {
        for text in
            ["9999-12-31T23:59:59.999999999-12:00", "0000-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z"]
        {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(time.to_string(), text);
            assert!(time.checked_add(Duration::from_secs(u64::MAX)).is_none());
            assert!(time <= time && time.duration_since(time) == Some(Duration::ZERO));
        }
    }

    #[test]
    fn equal_instants_at_two_offsets_are_two_values() {
        let (utc, cet) = ("2026-01-13T21:00:00Z", "2026-01-13T22:00:00+01:00");
        let (utc, cet): (Timestamp, Timestamp) = (utc.parse().unwrap(), cet.parse().unwrap());
        assert_ne!(utc, cet);
        assert_eq!(utc.unix_nanos(), cet.unix_nanos());
    }

    #[test]
    fn what_rfc_3339_cannot_write_is_refused() {
        assert!("2026-01-13T21:25:60Z".parse::<Timestamp>().is_err());
        assert!("2026-01-13".parse::<Timestamp>().is_err());
        let odd = OffsetDateTime::UNIX_EPOCH.to_offset(UtcOffset::from_hms(1, 2, 3).unwrap());
        assert_eq!(Timestamp::try_from(odd).unwrap_err(), InvalidTimestamp::Offset { seconds: 3723 });
        let bce = OffsetDateTime::UNIX_EPOCH.replace_year(-1).unwrap();
        assert_eq!(Timestamp::try_from(bce).unwrap_err(), InvalidTimestamp::Year { year: -1 });
    }
}
