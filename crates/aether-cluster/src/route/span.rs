//! Spans over routed messages: one at the asker, one at the owner.

use tracing::Span;
use tracing::field::{Empty, display};

use crate::placement::Shard;
use aether_core::TraceParent;

/// The name under which all spans of routing are filtered.
const TARGET: &str = "aether_cluster";

fn is_wanted() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
}

/// Begins the span of an ask, and says what trace goes on with it. Where nobody listens, what there is goes on unchanged.
pub(crate) fn ask(shard: Shard, parent: Option<TraceParent>) -> (Span, Option<TraceParent>) {
    if !is_wanted() {
        return (Span::none(), parent);
    }
    let span = tracing::debug_span!(
        target: TARGET, "ask", %shard, attempts = Empty, end = Empty, trace_id = Empty, span_id = Empty,
        parent_span_id = Empty
    );
    within(span, parent)
}

/// Begins the span of what was received from another span, of whatever node.
pub(crate) fn handle(shard: Shard, parent: Option<TraceParent>) -> (Span, Option<TraceParent>) {
    if parent.is_none() || !is_wanted() {
        return (Span::none(), parent);
    }
    let span = tracing::debug_span!(
        target: TARGET, "handle", %shard, trace_id = Empty, span_id = Empty, parent_span_id = Empty
    );
    within(span, parent)
}

pub(crate) fn ended(span: &Span, attempts: u32, end: &'static str) {
    span.record("attempts", attempts);
    span.record("end", end);
}

fn within(span: Span, parent: Option<TraceParent>) -> (Span, Option<TraceParent>) {
    let context = TraceParent::begin(parent);
    span.record("trace_id", display(format_args!("{:032x}", context.trace_id())));
    span.record("span_id", display(format_args!("{:016x}", context.span_id())));
    if let Some(parent) = parent {
        span.record("parent_span_id", display(format_args!("{:016x}", parent.span_id())));
    }
    (span, Some(context))
}
