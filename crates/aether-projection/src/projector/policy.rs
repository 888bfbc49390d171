//! What follows an error.

use std::fmt;
use std::sync::Arc;

use aether_core::error::{BoxError, ReplayError};
use aether_core::{RecordedEvent, RetryPolicy};

/// An event that a projection does without.
#[derive(Debug)]
#[non_exhaustive]
pub struct SkippedEvent<'a> {
    /// The event.
    pub event: &'a RecordedEvent,
    /// What the projection said the last time.
    pub error: &'a BoxError,
}

type OnSkipped = Arc<dyn Fn(SkippedEvent<'_>) + Send + Sync>;
type OnMalformed = Arc<dyn Fn(&ReplayError) + Send + Sync>;

/// Says what follows when a projection fails.
#[derive(Clone, Default)]
pub struct ErrorPolicy {
    retry: Option<RetryPolicy>,
    skip: Option<OnSkipped>,
}

impl ErrorPolicy {
    /// Stops at the first error: the default.
    #[must_use]
    pub fn stop() -> Self {
        Self::default()
    }

    /// Tries again, then stops.
    #[must_use]
    pub fn retry(policy: RetryPolicy) -> Self {
        Self { retry: Some(policy), skip: None }
    }

    /// Tries again, then does without the event: a batch that fails is applied event by event, each as often as `policy`
    /// has it, and what fails even so is said to `skipped` and in the log, and passed over.
    ///
    /// That it was passed over is recorded by a batch without events. Where that fails, too, it is not the event's fault,
    /// and the projector stops. So `skipped` hears of an event once, and after a crash or such a stop perhaps again.
    #[must_use]
    pub fn skip(policy: RetryPolicy, skipped: impl Fn(SkippedEvent<'_>) + Send + Sync + 'static) -> Self {
        Self { retry: Some(policy), skip: Some(Arc::new(skipped)) }
    }

    pub(super) fn attempts(&self) -> RetryPolicy {
        self.retry.unwrap_or_else(|| RetryPolicy::default().attempts(1))
    }

    pub(super) fn skipping(&self) -> Option<&OnSkipped> {
        self.skip.as_ref()
    }
}

impl fmt::Debug for ErrorPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ErrorPolicy");
        debug.field("retry", &self.retry).field("skips", &self.skip.is_some()).finish()
    }
}

/// Says what follows a stored message that is no event.
#[derive(Clone, Default)]
pub struct MalformedPolicy(Option<OnMalformed>);

impl MalformedPolicy {
    /// Applies what comes before it, and stops there: the default.
    #[must_use]
    pub fn stop() -> Self {
        Self::default()
    }

    /// Does without it, and says so to `skipped` and in the log.
    #[must_use]
    pub fn skip(skipped: impl Fn(&ReplayError) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(skipped)))
    }

    pub(super) fn skipping(&self) -> Option<&OnMalformed> {
        self.0.as_ref()
    }
}

impl fmt::Debug for MalformedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MalformedPolicy").field("skips", &self.0.is_some()).finish()
    }
}
