//! A subscription: what every store's source of events becomes.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::monitor::Progress;
use super::passed::{Passed, Verdict};
use super::{Delivery, Filter, Step, SubscriptionMonitor};
use crate::error::{HistoryRewound, ReplayError, SubscriptionError};
use crate::{Checkpoint, Position, RecordedEvent, Upcasters};

/// How many steps one poll takes without anything to hand out, before it lets others run.
pub(super) const STEPS: usize = 256;

type Steps = Pin<Box<dyn Stream<Item = Result<Step, SubscriptionError>> + Send>>;

/// A store's events as they are handed out to one reader; see [`Subscribe`](super::Subscribe), which makes it.
///
/// A stream of [`Delivery`]s and errors. It borrows nothing, and ends when it is dropped. After an error other than
/// [`Malformed`](SubscriptionError::Malformed) it is over, and yields `None` for ever.
pub struct Subscription {
    /// `None` when it is over.
    steps: Option<Steps>,
    filter: Filter,
    /// Those of the stores around the store, from the inside out.
    upcasters: Vec<Arc<Upcasters>>,
    passed: Passed,
    progress: Arc<Progress>,
}

impl Subscription {
    /// Makes a subscription of what a store reads. For stores.
    ///
    /// `from` is where it begins, as a checkpoint: that of [`After`](super::StartAt::After), the end of the log for
    /// [`Now`](super::StartAt::Now), for the others what lies before the first event, or nothing. In `steps` come the
    /// events behind it, each partition's in the order of positions.
    ///
    /// What is the same for all stores is done here, and a store need not do it:
    ///
    /// - The filter is applied. A store reads what the filter's [actors](Filter::actors) ask for, or more.
    /// - Events, and malformed messages that say where they lie, are passed over where they were passed before, so that a store may read a commit, or a stretch of the log,
    ///   again; it *must* find out itself whether the log was rewound meanwhile. Where another event lies exactly at the
    ///   checkpoint, that is found here, and [`Rewound`](SubscriptionError::Rewound).
    /// - The mark of [`Step::CaughtUp`] is handed out once.
    /// - After an error other than `Malformed` nothing more is asked for. The source is dropped then.
    ///
    /// ```
    /// use aether_core::subscription::Step;
    /// use aether_core::{Checkpoint, Filter, Subscription};
    ///
    /// let steps = futures_util::stream::iter([Ok(Step::CaughtUp)]);
    /// let subscription = Subscription::new(Filter::any(), &Checkpoint::default(), steps);
    /// ```
    pub fn new(
        filter: Filter,
        from: &Checkpoint,
        steps: impl Stream<Item = Result<Step, SubscriptionError>> + Send + 'static,
    ) -> Self {
        let passed = Passed::new(from);
        let progress = Progress::new(None);
        progress.passed(passed.sum());
        let (steps, progress) = (Some(Box::pin(steps) as Steps), Arc::new(progress));
        Self { steps, filter, upcasters: Vec::new(), passed, progress }
    }

    /// Lets the subscription know where the log ends, for its [lag](super::SubscriptionStatus::lag): `end` returns the sum
    /// of the partitions' last sequences, as far as the store knows without asking. For stores, before anything is read.
    #[must_use]
    pub fn with_end(self, end: impl Fn() -> Option<u64> + Send + Sync + 'static) -> Self {
        let progress = Progress::new(Some(Box::new(end)));
        progress.passed(self.passed.sum());
        let mut with_end = self;
        with_end.progress = Arc::new(progress);
        with_end
    }

    /// Brings events up to date before `filter` looks at their types.
    pub(crate) fn upcasting(mut self, filter: Filter, upcasters: Arc<Upcasters>) -> Self {
        self.filter = filter;
        self.upcasters.push(upcasters);
        self
    }

    /// Returns what to resume from, with [`StartAt::After`](super::StartAt::After), after all that was handed out so far.
    ///
    /// It covers that, and what was passed over after it: claims, and events that the filter leaves out. Whoever has to
    /// handle each event at least once saves it after the event was handled and before the next is asked for.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.passed.checkpoint()
    }

    /// Returns a handle by which others see how the subscription is doing.
    #[must_use]
    pub fn monitor(&self) -> SubscriptionMonitor {
        SubscriptionMonitor(Arc::clone(&self.progress))
    }

    /// Returns what it lets through.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Returns the next event, without the mark; `None` when there can be none any more.
    ///
    /// # Errors
    ///
    /// [`SubscriptionError`], whose variants say what to do. After `Malformed` the next call goes on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no event.
    pub async fn next_event(&mut self) -> Result<Option<RecordedEvent>, SubscriptionError> {
        loop {
            match poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await {
                Some(Ok(Delivery::Event(event))) => return Ok(Some(event)),
                Some(Ok(Delivery::CaughtUp)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(None),
            }
        }
    }

    /// Asks for the next step, and makes of it what is handed out, if anything is.
    #[inline]
    fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Made> {
        let Some(steps) = &mut self.steps else {
            return Poll::Ready(Made::Over);
        };
        Poll::Ready(match ready!(steps.as_mut().poll_next(context)) {
            Some(Ok(Step::Event(event))) => self.make(event),
            Some(Ok(other)) => self.note(other),
            Some(Err(SubscriptionError::Malformed(error))) => self.pass_malformed(error),
            Some(Err(error)) => self.fail(error),
            None => {
                self.end();
                Made::Over
            }
        })
    }

    #[inline]
    fn make(&mut self, event: RecordedEvent) -> Made {
        match self.passed.judge(&event) {
            Verdict::New => self.progress.passed(self.passed.sum()),
            Verdict::Known => return Made::Nothing,
            Verdict::Other(position) => {
                let found = Some(format!("event {}", event.id()));
                return self.fail(Box::new(HistoryRewound { position, found }).into());
            }
        }
        match self.up_to_date(event) {
            Ok(event) if self.filter.matches(&event) => {
                self.progress.count_event();
                Made::Item(Ok(Delivery::Event(event)))
            }
            Ok(_) => Made::Nothing,
            Err(error) => self.fail(error),
        }
    }

    #[inline]
    fn up_to_date(&self, event: RecordedEvent) -> Result<RecordedEvent, SubscriptionError> {
        if self.upcasters.is_empty() || !self.filter.takes_actor(event.actor()) {
            return Ok(event);
        }
        let mut upcasters = self.upcasters.iter();
        Ok(upcasters.try_fold(event, |event, upcasters| upcasters.upcast_recorded(event))?)
    }

    /// Takes a step that is no event.
    fn note(&mut self, step: Step) -> Made {
        match step {
            Step::CaughtUp if self.progress.catch_up() => return Made::Item(Ok(Delivery::CaughtUp)),
            Step::Passed(position) => {
                self.pass(position);
            }
            Step::Restarted => self.progress.count_restart(),
            Step::CaughtUp | Step::Event(_) => {}
        }
        Made::Nothing
    }

    fn pass(&mut self, position: Position) -> bool {
        let new = self.passed.pass(position);
        self.progress.passed(self.passed.sum());
        new
    }

    /// Takes a stored message that is no event, as an event that was perhaps passed before.
    #[cold]
    fn pass_malformed(&mut self, error: Box<ReplayError>) -> Made {
        let new = error.position.clone().is_none_or(|position| self.pass(position));
        if new { self.fail(error.into()) } else { Made::Nothing }
    }

    #[cold]
    fn fail(&mut self, error: SubscriptionError) -> Made {
        if error.is_malformed() {
            self.progress.count_malformed();
        } else {
            self.end();
        }
        Made::Item(Err(error))
    }

    /// Says whether the mark was handed out, or none will be.
    pub(super) fn has_caught_up(&self) -> bool {
        self.steps.is_none() || self.progress.has_caught_up()
    }

    fn end(&mut self) {
        self.steps = None;
        self.progress.end();
    }
}

/// What became of a step.
enum Made {
    Item(Result<Delivery, SubscriptionError>),
    Nothing,
    Over,
}

impl Stream for Subscription {
    type Item = Result<Delivery, SubscriptionError>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        for _ in 0..STEPS {
            match ready!(this.poll_step(context)) {
                Made::Item(item) => return Poll::Ready(Some(item)),
                Made::Over => return Poll::Ready(None),
                Made::Nothing => {}
            }
        }
        // A filter may leave out millions, and a store may have them all at hand.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl FusedStream for Subscription {
    fn is_terminated(&self) -> bool {
        self.steps.is_none()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.progress.end();
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("filter", &self.filter)
            .field("passed", &self.passed)
            .field("monitor", &self.monitor())
            .finish_non_exhaustive()
    }
}
