//! Whether this node may answer for what it owns: written at each renewal, read at each answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::protocol::Moment;

/// Until when a node may answer by its lease.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    clock: Clock,
    /// In nanoseconds of the clock; 0 for not at all.
    until: AtomicU64,
}

impl Gate {
    /// A gate that is shut.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, until: AtomicU64::new(0) }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// Opens it until then, or shuts it.
    pub(crate) fn open_until(&self, until: Option<Moment>) {
        let until = until.map_or(Duration::ZERO, |until| until.since(Moment::START));
        self.until.store(u64::try_from(until.as_nanos()).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// Whether the node may answer now.
    pub(crate) fn is_open(&self) -> bool {
        self.clock.now() < self.until()
    }

    /// For how long it is open, if nobody opens it again.
    pub(crate) fn left(&self) -> Duration {
        self.until().since(self.clock.now())
    }

    fn until(&self) -> Moment {
        Moment::new(Duration::from_nanos(self.until.load(Ordering::Acquire)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_open_until_it_is_not() {
        let gate = Gate::default();
        assert!(!gate.is_open());
        gate.open_until(Some(gate.clock().now().plus(Duration::from_secs(60))));
        assert!(gate.is_open());
        gate.open_until(Some(gate.clock().now()));
        assert!(!gate.is_open());
    }
}
