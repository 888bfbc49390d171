//! W3C trace context: which trace something belongs to, and which span it comes from. Pure.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use crate::Metadata;
use crate::event::MetadataKey;

/// Names a trace and one of its spans: the `traceparent` of the W3C recommendation "Trace Context".
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace: NonZeroU128,
    span: NonZeroU64,
    flags: u8,
}

/// Says that a text is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no traceparent, expected 00-TRACE-SPAN-FLAGS with 32, 16 and 2 lower-case hexadecimal digits")]
pub struct InvalidTraceParent;

impl TraceParent {
    /// Names a span of a trace, sampled.
    #[must_use]
    pub fn new(trace: NonZeroU128, span: NonZeroU64) -> Self {
        Self { trace, span, flags: 1 }
    }

    /// Names a span of its own, drawn at random: within `parent`, or of a trace of its own.
    #[must_use]
    pub fn begin(parent: Option<Self>) -> Self {
        let span = NonZeroU64::new(fastrand::u64(1..)).unwrap_or(NonZeroU64::MIN);
        let trace = || NonZeroU128::new(fastrand::u128(1..)).unwrap_or(NonZeroU128::MIN);
        parent.map_or_else(|| Self::new(trace(), span), |parent| parent.with_span(span))
    }

    /// Returns the trace's id.
    #[must_use]
    pub fn trace_id(self) -> NonZeroU128 {
        self.trace
    }

    /// Returns the span's id.
    #[must_use]
    pub fn span_id(self) -> NonZeroU64 {
        self.span
    }

    /// Names another span of the same trace.
    #[must_use]
    pub fn with_span(self, span: NonZeroU64) -> Self {
        Self { span, ..self }
    }

    /// Reads the trace and span ids of an event's metadata, where both are valid.
    #[must_use]
    pub fn of_metadata(metadata: &Metadata) -> Option<Self> {
        let trace = number(metadata.find(MetadataKey::TraceId)?, 32)?;
        let span = u64::try_from(number(metadata.find(MetadataKey::SpanId)?, 16)?).ok()?;
        Some(Self::new(NonZeroU128::new(trace)?, NonZeroU64::new(span)?))
    }

    /// Writes it as bytes: the trace's id, the span's, and the flags, all of them big-endian.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 25] {
        let mut bytes = [self.flags; 25];
        let ids = self.trace.get().to_be_bytes().into_iter().chain(self.span.get().to_be_bytes());
        bytes.iter_mut().zip(ids).for_each(|(to, byte)| *to = byte);
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) writes; `None` where an id is missing or zero.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (trace, rest) = bytes.split_first_chunk::<16>()?;
        let (span, rest) = rest.split_first_chunk::<8>()?;
        Some(Self {
            trace: NonZeroU128::new(u128::from_be_bytes(*trace))?,
            span: NonZeroU64::new(u64::from_be_bytes(*span))?,
            flags: *rest.first()?,
        })
    }
}

/// Reads so many lower-case hexadecimal digits.
fn number(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_number = text.len() == digits && text.bytes().all(is_hex);
    if is_number { u128::from_str_radix(text, 16).ok() } else { None }
}

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        parse(text).ok_or(InvalidTraceParent)
    }
}

/// Later versions may have more behind the flags.
fn parse(text: &str) -> Option<TraceParent> {
    let mut parts = text.split('-');
    let mut part = |digits| parts.next().and_then(|part| number(part, digits));
    let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    if version == 0xff || (version == 0 && parts.next().is_some()) {
        return None;
    }
    let span = NonZeroU64::new(u64::try_from(span).ok()?)?;
    Some(TraceParent { trace: NonZeroU128::new(trace)?, span, flags: u8::try_from(flags).ok()? })
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl fmt::Debug for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceParent({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_parent_is_read_as_it_is_written() {
        assert_eq!(TEXT.parse::<TraceParent>().unwrap().to_string(), TEXT);
        let later = TEXT.replacen("00", "42", 1) + "-more";
        assert_eq!(later.parse::<TraceParent>().unwrap().to_string(), TEXT);
    }

    #[test]
    fn its_bytes_are_read_back_and_no_id_is_zero() {
        let parent: TraceParent = TEXT.parse().unwrap();
        assert_eq!(TraceParent::from_bytes(&parent.to_bytes()), Some(parent));
        assert_eq!(TraceParent::from_bytes(&[0; 25]), None);
    }

    #[test]
    fn what_the_recommendation_forbids_is_refused() {
        let bad = [
            "",
            "00",
            &TEXT.to_uppercase(),
            &format!("{TEXT}-more"),
            &TEXT.replacen("00", "ff", 1),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-+0f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        ];
        for text in bad {
            assert_eq!(text.parse::<TraceParent>(), Err(InvalidTraceParent), "{text}");
        }
    }

    #[test]
    fn metadata_with_both_ids_names_a_span() {
        let metadata = |trace: &str, span: &str| [("traceId", trace), ("spanId", span)].into_iter().collect();
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let parent = TraceParent::of_metadata(&metadata(trace, span)).unwrap();
        assert_eq!(parent.to_string(), TEXT);
        assert_eq!(TraceParent::of_metadata(&metadata(trace, "")), None);
        assert_eq!(TraceParent::of_metadata(&Metadata::default()), None);
    }
}
