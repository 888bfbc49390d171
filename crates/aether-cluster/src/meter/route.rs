//! What routing tells the `metrics` facade; nothing without the feature `metrics`.
//!
//! | name | kind | labels |
//! | --- | --- | --- |
//! | `aether_cluster_asks_total` | counter | `end` |
//! | `aether_cluster_ask_seconds` | histogram | `end` |
//! | `aether_cluster_ask_retries_total` | counter | |
//! | `aether_cluster_messages_under_way`, `aether_cluster_messages_kept` | gauge | |
//! | `aether_cluster_overloaded_total`, `aether_cluster_late_total`, `aether_cluster_malformed_total` | counter | |

#[cfg(not(feature = "metrics"))]
pub(crate) use off::{AskMeter, RoomMeter};
#[cfg(feature = "metrics")]
pub(crate) use on::{AskMeter, RoomMeter};

#[cfg(feature = "metrics")]
mod on {
    use std::fmt;
    use std::time::Instant;

    use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

    /// What asks tell.
    pub(crate) struct AskMeter {
        retries: Counter,
        /// By the name of the end.
        ends: Vec<(&'static str, Counter, Histogram)>,
    }

    impl AskMeter {
        pub(crate) fn new(ends: &[&'static str]) -> Self {
            let of = |end: &&'static str| {
                let seconds = histogram!("aether_cluster_ask_seconds", "end" => *end);
                (*end, counter!("aether_cluster_asks_total", "end" => *end), seconds)
            };
            Self {
                retries: counter!("aether_cluster_ask_retries_total"),
                ends: ends.iter().map(of).collect(),
            }
        }

        pub(crate) fn start() -> Instant {
            Instant::now()
        }

        pub(crate) fn ended(&self, end: &str, attempts: u32, start: Instant) {
            self.retries.increment(attempts.saturating_sub(1).into());
            if let Some((_, count, seconds)) = self.ends.iter().find(|(name, _, _)| *name == end) {
                count.increment(1);
                seconds.record(start.elapsed());
            }
        }
    }

    impl fmt::Debug for AskMeter {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("AskMeter").finish_non_exhaustive()
        }
    }

    /// What rooms tell.
    pub(crate) struct RoomMeter {
        under_way: Gauge,
        kept: Gauge,
        overloaded: Counter,
        late: Counter,
        malformed: Counter,
    }

    impl RoomMeter {
        pub(crate) fn new() -> Self {
            Self {
                under_way: gauge!("aether_cluster_messages_under_way"),
                kept: gauge!("aether_cluster_messages_kept"),
                overloaded: counter!("aether_cluster_overloaded_total"),
                late: counter!("aether_cluster_late_total"),
                malformed: counter!("aether_cluster_malformed_total"),
            }
        }

        /// Tells how many more a room has than before.
        pub(crate) fn held(&self, before: (usize, usize), after: (usize, usize)) {
            if before.0 != after.0 {
                self.under_way.increment(after.0 as f64 - before.0 as f64);
            }
            if before.1 != after.1 {
                self.kept.increment(after.1 as f64 - before.1 as f64);
            }
        }

        pub(crate) fn overloaded(&self) {
            self.overloaded.increment(1);
        }

        pub(crate) fn late(&self) {
            self.late.increment(1);
        }

        pub(crate) fn malformed(&self) {
            self.malformed.increment(1);
        }
    }

    impl fmt::Debug for RoomMeter {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("RoomMeter").finish_non_exhaustive()
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    #[derive(Debug)]
    pub(crate) struct AskMeter;

    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Start;

    impl AskMeter {
        pub(crate) fn new(_: &[&'static str]) -> Self {
            Self
        }

        #[inline]
        pub(crate) fn start() -> Start {
            Start
        }

        #[inline]
        pub(crate) fn ended(&self, _: &str, _: u32, _: Start) {}
    }

    #[derive(Debug)]
    pub(crate) struct RoomMeter;

    impl RoomMeter {
        pub(crate) fn new() -> Self {
            Self
        }

        #[inline]
        pub(crate) fn held(&self, _: (usize, usize), _: (usize, usize)) {}

        #[inline]
        pub(crate) fn overloaded(&self) {}

        #[inline]
        pub(crate) fn late(&self) {}

        #[inline]
        pub(crate) fn malformed(&self) {}
    }
}
