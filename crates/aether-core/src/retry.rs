//! Trying again after a conflict: how often, and after how long.

use std::future::Future;
use std::time::Duration;

use crate::error::AppendError;
use crate::fold::UpdateError;

/// Says how often to try, and how long to wait in between: exponentially longer, with jitter, up to a bound.
///
/// The default: 8 attempts, 2 ms after the first, doubling up to 250 ms, each wait shortened at random by up to a half.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    attempts: u32,
    first: Duration,
    factor: f64,
    longest: Duration,
    jitter: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 8,
            first: Duration::from_millis(2),
            factor: 2.0,
            longest: Duration::from_millis(250),
            jitter: 0.5,
        }
    }
}

impl RetryPolicy {
    /// Tries at most `attempts` times in all (0 counts as 1).
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts: attempts.max(1), ..self }
    }

    /// Waits `first` after the first attempt, then longer each time, but never longer than `longest`.
    #[must_use]
    pub fn delays(self, first: Duration, longest: Duration) -> Self {
        Self { first, longest, ..self }
    }

    /// Waits `factor` times longer each time (less than 1, and NaN, count as 1).
    #[must_use]
    pub fn factor(self, factor: f64) -> Self {
        Self { factor: factor.max(1.0), ..self }
    }

    /// Shortens each wait at random by up to this share of it, 0 to 1 (what is outside, and NaN, counts as 0 or 1).
    #[must_use]
    #[expect(clippy::manual_clamp, reason = "clamp would let NaN through")]
    pub fn jitter(self, jitter: f64) -> Self {
        Self { jitter: jitter.max(0.0).min(1.0), ..self }
    }

    /// Returns how long to wait after attempt number `attempt` (from 1), or `None` when it was the last. `random` is
    /// from 0 to 1.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: f64) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let grown = self.first.as_secs_f64() * self.factor.powf(f64::from(attempt.saturating_sub(1)));
        let whole = grown.min(self.longest.as_secs_f64());
        let jittered = whole * (1.0 - self.jitter * random.clamp(0.0, 1.0));
        Some(Duration::try_from_secs_f64(jittered).unwrap_or(self.longest))
    }

    /// Starts counting attempts.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        Backoff { policy: *self, attempt: 1 }
    }
}

/// Counts the attempts of one operation.
#[derive(Debug, Clone)]
pub struct Backoff {
    policy: RetryPolicy,
    attempt: u32,
}

impl Backoff {
    /// Waits before the next attempt and returns whether there is one.
    pub async fn wait<Z, F>(&mut self, sleep: &Z) -> bool
    where
        Z: Fn(Duration) -> F,
        F: Future<Output = ()>,
    {
        let Some(delay) = self.policy.delay(self.attempt, fastrand::f64()) else {
            return false;
        };
        self.attempt += 1;
        sleep(delay).await;
        true
    }
}

/// Says of an error whether it means that another writer was first.
pub trait MayConflict {
    /// Says whether another writer was first, so that loading and deciding again may help.
    fn is_conflict(&self) -> bool;
}

impl MayConflict for AppendError {
    fn is_conflict(&self) -> bool {
        self.is_conflict()
    }
}

impl<E> MayConflict for UpdateError<E> {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Append(error) if error.is_conflict())
    }
}

/// Runs `operation` again while it ends in a conflict: it should load, decide and append.
///
/// Only a conflict is tried again. After an unknown outcome the *same* events must be repeated, which this cannot see:
/// [`Loader::update`](crate::Loader::update) does both.
///
/// # Errors
///
/// The operation's own error: one that is no conflict, or the last one.
///
/// # Cancel safety
///
/// As safe as `operation`: nothing is kept between attempts.
///
/// ```
/// use aether_core::retry::{RetryPolicy, retry};
/// use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, RawJson};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let store = aether_store_memory::MemoryStore::new();
/// let order = ActorId::new("order-1")?;
/// let commit = retry(&RetryPolicy::default(), tokio::time::sleep, async || {
///     let version = store.latest_version(&order).await?;
///     let note = NewEvent::new("OrderNoted".try_into().unwrap(), RawJson::NULL);
///     store.append(&order, Expected::Exactly(version), [note]).await
/// })
/// .await?;
/// assert_eq!(commit.version.number(), 1);
/// # Ok(())
/// # }
/// ```
pub async fn retry<T, E, O, Z, F>(policy: &RetryPolicy, sleep: Z, mut operation: O) -> Result<T, E>
where
    E: MayConflict,
    O: AsyncFnMut() -> Result<T, E>,
    Z: Fn(Duration) -> F,
    F: Future<Output = ()>,
{
    let mut backoff = policy.backoff();
    loop {
        match operation().await {
            Err(error) if error.is_conflict() && backoff.wait(&sleep).await => {}
            result => return result,
        }
    }
}

/// Sleeps on tokio's clock: the `sleep` of [`retry`] and [`Loader::update`](crate::Loader::update).
#[cfg(feature = "tokio")]
pub fn tokio_sleep(duration: Duration) -> impl Future<Output = ()> + Send {
    tokio::time::sleep(duration)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_grow_to_their_bound_and_end() {
        let policy = RetryPolicy::default()
            .jitter(0.0)
            .attempts(6)
            .delays(Duration::from_millis(10), Duration::from_millis(50));
        let waits: Vec<_> = (1..=6).map(|attempt| policy.delay(attempt, 0.7)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [ms(10), ms(20), ms(40), ms(50), ms(50), None]);
    }

    proptest! {
        #[test]
        fn no_setting_panics_or_waits_too_long(
            attempt: u32, random: f64, factor: f64, jitter: f64, attempts: u32, first: u64, longest: u64,
        ) {
            let longest = Duration::from_millis(longest);
            let policy = RetryPolicy::default().attempts(attempts).factor(factor).jitter(jitter);
            let policy = policy.delays(Duration::from_millis(first), longest);
            if let Some(delay) = policy.delay(attempt, random) {
                prop_assert!(attempt < attempts);
                prop_assert!(delay.as_secs_f64() <= longest.as_secs_f64() * 1.000_001);
            }
        }

        #[test]
        fn jitter_only_shortens(random in 0.0..1.0f64, jitter in 0.0..1.0f64) {
            let plain = RetryPolicy::default().jitter(0.0).delay(3, random).unwrap();
            let jittered = RetryPolicy::default().jitter(jitter).delay(3, random).unwrap();
            prop_assert!(jittered <= plain);
            prop_assert!(jittered.as_secs_f64() >= plain.as_secs_f64() * (1.0 - jitter) - 1e-6);
        }
    }
}
