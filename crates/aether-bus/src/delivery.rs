//! What a subscription hands out.

use std::fmt;
use std::ops::Deref;

use aether_core::{Event, Namespace};

use crate::TraceParent;

/// What a subscription hands out: what was published, or how much of it was not received.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery<T = Event> {
    /// Something that was published.
    Event(Received<T>),
    /// A gap: so much was missed, between what came before and what comes next.
    Missed(Missed),
}

impl<T> Delivery<T> {
    /// Returns what was published, if it is that.
    #[must_use]
    pub fn into_event(self) -> Option<Received<T>> {
        match self {
            Self::Event(received) => Some(received),
            Self::Missed(_) => None,
        }
    }

    /// Returns how much was missed, if it is a gap.
    #[must_use]
    pub fn missed(&self) -> Option<Missed> {
        match self {
            Self::Event(_) => None,
            Self::Missed(missed) => Some(*missed),
        }
    }
}

/// How much was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missed {
    /// So many, which the subscription's filter would have let through.
    Exactly(u64),
    /// So many, and perhaps more: a connection was lost, or what was lost cannot be shown to the filter. With 0 it is
    /// not known that anything was.
    AtLeast(u64),
}

impl Missed {
    /// Returns how many were missed for certain.
    #[must_use]
    pub fn count(self) -> u64 {
        match self {
            Self::Exactly(count) | Self::AtLeast(count) => count,
        }
    }

    /// Says whether it was no more than the [`count`](Self::count).
    #[must_use]
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exactly(_))
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(count) => write!(f, "{count}"),
            Self::AtLeast(count) => write!(f, "{count} or more"),
        }
    }
}

/// What was published, with the namespace that it was published to.
///
/// It dereferences to what was published.
#[derive(Clone, PartialEq, Eq)]
pub struct Received<T = Event> {
    pub(crate) namespace: Namespace,
    pub(crate) content: T,
    pub(crate) trace: Option<Box<TraceParent>>,
}

impl<T> Received<T> {
    /// Returns the namespace that it was published to.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Returns the trace that it belongs to, and the span that it was published or received in, if it was traced.
    #[must_use]
    pub fn trace_parent(&self) -> Option<TraceParent> {
        self.trace.as_deref().copied()
    }

    /// Returns what was published alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.content
    }
}

impl<T> Deref for Received<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

impl<T: fmt::Debug> fmt::Debug for Received<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Received");
        debug.field("namespace", &self.namespace).field("content", &self.content);
        debug.field("trace", &self.trace).finish()
    }
}
