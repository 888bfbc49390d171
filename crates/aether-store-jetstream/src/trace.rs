//! W3C trace context out of an event's metadata. Pure.

use aether_core::{Metadata, TraceParent};

/// Returns the `traceparent` of the metadata's trace and span ids, where both are valid.
pub(crate) fn parent(metadata: &Metadata) -> Option<String> {
    TraceParent::of_metadata(metadata).map(|parent| parent.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(trace: &str, span: &str) -> Option<String> {
        parent(&[("traceId", trace), ("spanId", span)].into_iter().collect())
    }

    #[test]
    fn only_valid_ids_make_a_traceparent() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let wanted = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(of(trace, span).as_deref(), Some(wanted));
        assert_eq!(of(&trace.to_uppercase(), span), None);
        assert_eq!(of(trace, "00f067aa0ba902b7\r\nX: y"), None);
        assert_eq!(of(&"0".repeat(32), span), None);
        assert_eq!(of("", ""), None);
        assert_eq!(parent(&Metadata::default()), None);
    }
}
