//! Spans: what is published and received as a part of a trace.

use aether_core::{Event, Namespace};
use tracing::Span;
use tracing::field::{Empty, display};

use crate::TraceParent;

/// The name under which all spans of a bus are filtered.
pub(crate) const TARGET: &str = "aether_bus";

/// What happens in a trace, and the context that goes on with it.
#[derive(Debug)]
pub(crate) struct Traced {
    pub(crate) span: Span,
    pub(crate) context: Option<TraceParent>,
}

/// Says whether anybody listens to spans of a bus.
#[inline]
pub(crate) fn is_wanted() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
}

/// Begins the span of a publication: in `parent`, or the span that the event's metadata names, or else in a trace of its own. Where nobody
/// listens to the span, what there is goes on unchanged.
#[inline]
pub(crate) fn publish(namespace: &Namespace, event: &Event, parent: Option<TraceParent>) -> Traced {
    let parent = parent.or_else(|| TraceParent::of_metadata(event.metadata()));
    if !is_wanted() {
        return Traced { span: Span::none(), context: parent };
    }
    let context = TraceParent::begin(parent);
    let span = tracing::debug_span!(
        target: TARGET, "publish", %namespace, event_type = %event.event_type(), trace_id = Empty, span_id = Empty,
        parent_span_id = Empty
    );
    Traced { span: record(span, context, parent), context: Some(context) }
}

/// Begins the span of what was received in the span `parent` of another node.
#[cfg(feature = "nats")]
pub(crate) fn receive(namespace: &Namespace, parent: Option<TraceParent>) -> Traced {
    if parent.is_none() || !is_wanted() {
        return Traced { span: Span::none(), context: parent };
    }
    let context = TraceParent::begin(parent);
    let span = tracing::debug_span!(
        target: TARGET, "receive", %namespace, trace_id = Empty, span_id = Empty, parent_span_id = Empty
    );
    Traced { span: record(span, context, parent), context: Some(context) }
}

fn record(span: Span, context: TraceParent, parent: Option<TraceParent>) -> Span {
    span.record("trace_id", display(format_args!("{:032x}", context.trace_id())));
    span.record("span_id", display(format_args!("{:016x}", context.span_id())));
    if let Some(parent) = parent {
        span.record("parent_span_id", display(format_args!("{:016x}", parent.span_id())));
    }
    span
}
