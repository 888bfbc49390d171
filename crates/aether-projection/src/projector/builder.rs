//! Building a projector.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aether_core::{Filter, RetryPolicy, StartAt, Subscribe};

use super::board::Board;
use super::control::Control;
use super::quiet::Quiet;
use super::run::Runner;
use super::{ErrorPolicy, MalformedPolicy, ProjectorHandle};
use crate::{Generation, Projection};

/// Feeds a projection with a store's events, in batches, from wherever the projection has come.
///
/// | what | default | set by |
/// | --- | --- | --- |
/// | events | all | [`filter`](Self::filter) |
/// | the first event ever | the first there is | [`start_at`](Self::start_at) |
/// | events of a batch, at most | 256 | [`batch_size`](Self::batch_size) |
/// | waiting for more while catching up | 20 ms | [`fill_within`](Self::fill_within) |
/// | recording how far nothing came | 1 s | [`record_idle_after`](Self::record_idle_after) |
/// | when the projection fails | stop | [`on_error`](Self::on_error) |
/// | when a stored message is no event | stop | [`on_malformed`](Self::on_malformed) |
/// | subscribing again | after 50 ms to 5 s, for ever | [`resubscribe`](Self::resubscribe) |
pub struct Projector<S> {
    pub(super) name: Arc<str>,
    pub(super) store: Arc<S>,
    pub(super) filter: Filter,
    pub(super) start_at: StartAt,
    pub(super) batch_size: usize,
    pub(super) fill_within: Duration,
    pub(super) idle: Duration,
    pub(super) on_error: ErrorPolicy,
    pub(super) on_malformed: MalformedPolicy,
    pub(super) resubscribe: RetryPolicy,
}

impl<S: Subscribe> Projector<S> {
    /// Makes a projector of the events of `store`. It goes by `name` in logs.
    pub fn new(name: impl Into<Arc<str>>, store: S) -> Self {
        let resubscribe = RetryPolicy::default().attempts(u32::MAX);
        Self {
            name: name.into(),
            store: Arc::new(store),
            filter: Filter::any(),
            start_at: StartAt::Beginning,
            batch_size: 256,
            fill_within: Duration::from_millis(20),
            idle: Duration::from_secs(1),
            on_error: ErrorPolicy::default(),
            on_malformed: MalformedPolicy::default(),
            resubscribe: resubscribe.delays(Duration::from_millis(50), Duration::from_secs(5)),
        }
    }

    /// Feeds only what the filter lets through.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// Begins there, where the projection has not begun yet. One that has goes on from its checkpoint.
    #[must_use]
    pub fn start_at(self, start_at: StartAt) -> Self {
        Self { start_at, ..self }
    }

    /// Gives at most so many events at a time (0 counts as 1).
    #[must_use]
    pub fn batch_size(self, events: usize) -> Self {
        Self { batch_size: events.max(1), ..self }
    }

    /// Waits so long for a batch to fill while catching up. Once it has caught up, a batch is applied as soon as nothing
    /// more is at hand.
    #[must_use]
    pub fn fill_within(self, longest: Duration) -> Self {
        Self { fill_within: longest, ..self }
    }

    /// Records how far the log was read, by a batch without events, where nothing came for so long that the filter lets
    /// through, so that it is not read again.
    #[must_use]
    pub fn record_idle_after(self, idle: Duration) -> Self {
        Self { idle, ..self }
    }

    /// Says what follows when the projection fails.
    #[must_use]
    pub fn on_error(self, policy: ErrorPolicy) -> Self {
        Self { on_error: policy, ..self }
    }

    /// Says what follows a stored message that is no event.
    #[must_use]
    pub fn on_malformed(self, policy: MalformedPolicy) -> Self {
        Self { on_malformed: policy, ..self }
    }

    /// Subscribes again so often, and after so long, where the store does not answer. The count begins anew when something
    /// was applied.
    #[must_use]
    pub fn resubscribe(self, policy: RetryPolicy) -> Self {
        Self { resubscribe: policy, ..self }
    }

    /// Starts it on the current runtime.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start<P: Projection>(&self, projection: P) -> ProjectorHandle {
        self.start_quiet(projection, Quiet::never(), None)
    }

    /// Starts it as one of the `generation` of the projection, if it has any.
    pub(crate) fn start_quiet<P: Projection>(
        &self,
        projection: P,
        quiet: Quiet,
        generation: Option<Generation>,
    ) -> ProjectorHandle {
        let (remote, control) = Control::new();
        let board = Arc::new(Board::new());
        let runner = Runner::new(self.clone(), projection, quiet, control, Arc::clone(&board));
        tokio::spawn(runner.run());
        #[cfg(feature = "metrics")]
        tokio::spawn(crate::meter::projector(self.name.to_string(), generation, Arc::downgrade(&board)));
        #[cfg(not(feature = "metrics"))]
        let _ = generation;
        ProjectorHandle::new(remote, board)
    }
}

impl<S> Clone for Projector<S> {
    fn clone(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            store: Arc::clone(&self.store),
            filter: self.filter.clone(),
            start_at: self.start_at.clone(),
            on_error: self.on_error.clone(),
            on_malformed: self.on_malformed.clone(),
            ..*self
        }
    }
}

impl<S> fmt::Debug for Projector<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Projector");
        debug.field("name", &self.name).field("filter", &self.filter).field("start_at", &self.start_at);
        debug.field("batch_size", &self.batch_size).field("on_error", &self.on_error).finish_non_exhaustive()
    }
}
