//! The clock that leases are counted by.

use std::time::Duration;

use crate::protocol::Moment;

/// A clock that never goes back, and that goes on while the machine is suspended where there is such a one (`CLOCK_BOOTTIME` on
/// Linux): a node that slept through its lease must know it. Elsewhere it is that of [`std::time::Instant`].
///
/// No two nodes' clocks are ever compared; only that they run at about the same rate matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clock {
    #[cfg(feature = "testing")]
    ahead: Duration,
    #[cfg(feature = "testing")]
    fast_by_millionths: i32,
}

impl Clock {
    /// A clock that began earlier, and runs faster by so many millionths, or slower.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn set_apart(ahead: Duration, fast_by_millionths: i32) -> Self {
        Self { ahead, fast_by_millionths }
    }

    /// Reads it.
    #[must_use]
    pub fn now(self) -> Moment {
        Moment::new(self.shown(system()))
    }

    /// How long to wait until it shows `moment`, if the machine is not suspended meanwhile.
    pub(crate) fn until(self, moment: Moment) -> Duration {
        let left = moment.since(self.now());
        #[cfg(feature = "testing")]
        let left = left.mul_f64(1e6 / (1e6 + f64::from(self.fast_by_millionths)).max(1.0));
        left
    }

    #[cfg(feature = "testing")]
    fn shown(self, time: Duration) -> Duration {
        self.ahead + time.mul_f64((1e6 + f64::from(self.fast_by_millionths)).max(0.0) / 1e6)
    }

    #[cfg(not(feature = "testing"))]
    fn shown(self, time: Duration) -> Duration {
        time
    }
}

#[cfg(target_os = "linux")]
fn system() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(not(target_os = "linux"))]
fn system() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on() {
        let clock = Clock::default();
        let before = clock.now();
        while clock.now() == before {}
        assert!(clock.now() > before);
        assert_eq!(clock.until(before), Duration::ZERO);
    }
}
