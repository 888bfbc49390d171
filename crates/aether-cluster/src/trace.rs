//! W3C trace context: which trace a message belongs to, and which span it comes from. Pure.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

/// Names a trace and one of its spans: the `traceparent` of the W3C recommendation "Trace Context". Messages carry it from the asker
/// to the owner.
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

    /// Names a span of its own: within `parent`, or of a trace of its own.
    pub(crate) fn begin(parent: Option<Self>) -> Self {
        let span = NonZeroU64::new(fastrand::u64(1..)).unwrap_or(NonZeroU64::MIN);
        let trace = || NonZeroU128::new(fastrand::u128(1..)).unwrap_or(NonZeroU128::MIN);
        parent.map_or_else(|| Self::new(trace(), span), |parent| parent.with_span(span))
    }

    pub(crate) fn to_bytes(self) -> [u8; 25] {
        let mut bytes = [self.flags; 25];
        let ids = self.trace.get().to_be_bytes().into_iter().chain(self.span.get().to_be_bytes());
        bytes.iter_mut().zip(ids).for_each(|(to, byte)| *to = byte);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
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

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        parse(text).ok_or(InvalidTraceParent)
    }
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

    #[test]
    fn a_trace_parent_is_read_as_it_is_written() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent: TraceParent = text.parse().unwrap();
        assert_eq!(parent.to_string(), text);
        assert_eq!(TraceParent::from_bytes(&parent.to_bytes()), Some(parent));
        assert_eq!(TraceParent::from_bytes(&[0; 25]), None);
        for bad in ["", "00", &text.to_uppercase(), &format!("{text}-more"), &text.replacen("00", "ff", 1)] {
            assert_eq!(bad.parse::<TraceParent>(), Err(InvalidTraceParent), "{bad}");
        }
    }
}
