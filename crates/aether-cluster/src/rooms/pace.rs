//! Whether messages are begun where they are read.
//!
//! A task for each message costs more than most turns do until they first wait: so they are begun in the task that reads, and go on in one of their own from
//! where they wait. A host that computes for long before that would hold up the reading, and have one core: it is found by the time that it takes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What takes longer until it first waits is begun in a task of its own, and so are so many after it.
const LONG: Duration = Duration::from_micros(50);
const AFTER_LONG: u32 = 256;

/// Whether messages are begun where they are read.
#[derive(Debug, Default)]
pub(super) struct Pace {
    elsewhere: AtomicU32,
}

impl Pace {
    pub(super) fn begins_here(&self) -> bool {
        let left = self.elsewhere.load(Ordering::Relaxed);
        if left > 0 {
            self.elsewhere.store(left - 1, Ordering::Relaxed);
        }
        left == 0
    }

    pub(super) fn took(&self, time: Duration) {
        if time > LONG {
            self.elsewhere.store(AFTER_LONG, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_one_that_took_long_many_are_begun_elsewhere() {
        let pace = Pace::default();
        pace.took(LONG);
        assert!(pace.begins_here());
        pace.took(LONG * 2);
        assert_eq!((0..1_000).filter(|_| !pace.begins_here()).count(), 256);
    }
}
