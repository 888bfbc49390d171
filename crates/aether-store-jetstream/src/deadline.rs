//! Deadlines, and the pauses between attempts until then.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What there is between two attempts, at first; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// A longer deadline than this is as good as this one, and cannot overflow a clock.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long one operation may try.
#[derive(Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pause: Duration,
}

impl Deadline {
    /// Ends `duration` from now.
    pub(crate) fn after(duration: Duration) -> Self {
        Self { at: Instant::now() + duration.min(LONGEST), pause: FIRST_PAUSE }
    }

    /// Returns the time that is left.
    pub(crate) fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Says whether it has passed.
    pub(crate) fn has_passed(&self) -> bool {
        self.left().is_zero()
    }

    /// Waits a while, each time longer, and returns whether there is time left.
    pub(crate) async fn pause(&mut self) -> bool {
        let ends = Instant::now() + self.pause;
        if ends >= self.at {
            return false;
        }
        sleep_until(ends).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_end_before_the_deadline_and_none_overflows() {
        let mut deadline = Deadline::after(Duration::from_secs(1));
        let mut pauses = 0;
        while deadline.pause().await {
            pauses += 1;
        }
        assert!((8..20).contains(&pauses) && !deadline.has_passed(), "{pauses}");
        assert!(Deadline::after(Duration::ZERO).has_passed());
        assert!(!Deadline::after(Duration::MAX).has_passed());
    }
}
