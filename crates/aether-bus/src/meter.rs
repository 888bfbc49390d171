//! What a bus tells the `metrics` facade; nothing without the feature `metrics`.
//!
//! | name | kind | labels |
//! | --- | --- | --- |
//! | `aether_bus_published_total` | counter | `kind`, `namespace` |
//! | `aether_bus_publish_seconds` | histogram | `kind`, `namespace` |
//! | `aether_bus_delivered_total`, `aether_bus_missed_total` | counter | `kind`, `namespace`: the subscription's pattern |
//! | `aether_bus_subscribers`, `aether_bus_queue_length` | gauge | as these |

#[cfg(not(feature = "metrics"))]
pub(crate) use off::{PublishMeter, SubscriberMeter};
#[cfg(feature = "metrics")]
pub(crate) use on::{PublishMeter, SubscriberMeter};

/// What is published: the label `kind`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of {
    Event,
    Stored,
}

impl Of {
    #[cfg(feature = "metrics")]
    fn label(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Stored => "stored",
        }
    }
}

#[cfg(feature = "metrics")]
mod on {
    use std::collections::HashMap;
    use std::fmt;
    use std::sync::{PoisonError, RwLock};
    use std::time::Instant;

    use aether_core::Namespace;
    use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

    use super::Of;
    use crate::{Missed, Pattern};

    /// How many namespaces have their handles kept.
    const KEPT: usize = 10_000;

    /// What publishing tells.
    pub(crate) struct PublishMeter {
        of: Of,
        handles: RwLock<HashMap<Namespace, (Counter, Histogram)>>,
    }

    impl PublishMeter {
        pub(crate) fn new(of: Of) -> Self {
            Self { of, handles: RwLock::default() }
        }

        pub(crate) fn start() -> Instant {
            Instant::now()
        }

        pub(crate) fn published(&self, namespace: &Namespace, start: Instant) {
            let (counter, histogram) = self.handles(namespace);
            counter.increment(1);
            histogram.record(start.elapsed());
        }

        fn handles(&self, namespace: &Namespace) -> (Counter, Histogram) {
            let kept = self.handles.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(handles) = kept.get(namespace) {
                return handles.clone();
            }
            drop(kept);
            let (kind, label) = (self.of.label(), namespace.to_string());
            let counter =
                counter!("aether_bus_published_total", "kind" => kind, "namespace" => label.clone());
            let histogram = histogram!("aether_bus_publish_seconds", "kind" => kind, "namespace" => label);
            let mut kept = self.handles.write().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.entry(namespace.clone()).or_insert((counter, histogram)).clone()
        }
    }

    impl fmt::Debug for PublishMeter {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("PublishMeter").field("of", &self.of).finish_non_exhaustive()
        }
    }

    /// What a subscription tells. It counts as a subscriber as long as this lives.
    pub(crate) struct SubscriberMeter {
        delivered: Counter,
        missed: Counter,
        subscribers: Gauge,
        queue: Gauge,
    }

    impl SubscriberMeter {
        pub(crate) fn new(of: Of, pattern: &Pattern) -> Self {
            let (kind, label) = (of.label(), || pattern.to_string());
            let subscribers = gauge!("aether_bus_subscribers", "kind" => kind, "namespace" => label());
            subscribers.increment(1.0);
            Self {
                delivered: counter!("aether_bus_delivered_total", "kind" => kind, "namespace" => label()),
                missed: counter!("aether_bus_missed_total", "kind" => kind, "namespace" => label()),
                subscribers,
                queue: gauge!("aether_bus_queue_length", "kind" => kind, "namespace" => label()),
            }
        }

        pub(crate) fn delivered(&self) {
            self.delivered.increment(1);
        }

        pub(crate) fn missed(&self, missed: Missed) {
            self.missed.increment(missed.count());
        }

        pub(crate) fn held(&self, before: usize, after: usize) {
            if before != after {
                self.queue.increment(after as f64 - before as f64);
            }
        }
    }

    impl Drop for SubscriberMeter {
        fn drop(&mut self) {
            self.subscribers.decrement(1.0);
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    use aether_core::Namespace;

    use super::Of;
    use crate::{Missed, Pattern};

    #[derive(Debug)]
    pub(crate) struct PublishMeter;

    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Start;

    impl PublishMeter {
        pub(crate) fn new(_: Of) -> Self {
            Self
        }

        #[inline]
        pub(crate) fn start() -> Start {
            Start
        }

        #[inline]
        pub(crate) fn published(&self, _: &Namespace, _: Start) {}
    }

    pub(crate) struct SubscriberMeter;

    impl SubscriberMeter {
        pub(crate) fn new(_: Of, _: &Pattern) -> Self {
            Self
        }

        #[inline]
        pub(crate) fn delivered(&self) {}

        #[inline]
        pub(crate) fn missed(&self, _: Missed) {}

        #[inline]
        pub(crate) fn held(&self, _: usize, _: usize) {}
    }
}
