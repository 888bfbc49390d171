//! The store around a store.

use std::sync::Arc;
use std::time::Duration;

use aether_core::error::{AppendError, ReadError, Unavailable, UnknownOutcome};
use aether_core::store::RecordedStream;
use aether_core::{
    ActorId, AppendOptions, Capabilities, ClaimOptions, Commit, Consistency, Epoch, EventStore, Expected,
    Head, NewEvent, ReadOptions, RecordedEvent, Version,
};
use futures_util::{Stream, StreamExt, stream};

use super::plan::Plan;
use super::{Fault, Injected, InjectedFault, Operation, Rates};

/// Does what the store in it does, except where a fault was planned. A clone shares the plan.
///
/// Faults that were scripted come first, each operation's in the order in which they were asked for; then those drawn
/// from [`Rates`]. See the [module's example](super).
#[derive(Debug, Clone)]
pub struct FaultyStore<S> {
    store: S,
    plan: Arc<Plan>,
}

impl<S> FaultyStore<S> {
    /// Wraps `store`; nothing fails until it is asked for.
    pub fn new(store: S) -> Self {
        Self { store, plan: Arc::default() }
    }

    /// Draws faults at random, the same ones for the same seed and calls.
    #[must_use]
    pub fn with_rates(self, seed: u64, rates: Rates) -> Self {
        self.plan.set_rates(seed, rates);
        self
    }

    /// Returns the store that does the work, and never fails.
    pub fn inner(&self) -> &S {
        &self.store
    }

    /// Plans a fault for the next call of `operation` that has none yet.
    pub fn inject(&self, operation: Operation, fault: Fault) {
        self.plan.script(operation, fault);
    }

    /// Makes the next call of `operation` unavailable: nothing is done.
    pub fn fail_next(&self, operation: Operation) {
        self.inject(operation, Fault::Unavailable);
    }

    /// Delays the next call of `operation`.
    pub fn delay_next(&self, operation: Operation, delay: Duration) {
        self.inject(operation, Fault::Delay(delay));
    }

    /// Drops the acknowledgements of the next `count` appends: they are stored, and their outcome is unknown.
    pub fn drop_ack(&self, count: usize) {
        (0..count).for_each(|_| self.inject(Operation::Append, Fault::DropAck));
    }

    /// Loses the next `count` appends: they are not stored, and their outcome is unknown.
    pub fn lose(&self, count: usize) {
        (0..count).for_each(|_| self.inject(Operation::Append, Fault::Lose));
    }

    /// Cuts the next read after `events` events.
    pub fn cut_read(&self, events: usize) {
        self.inject(Operation::Read, Fault::CutRead(events));
    }

    /// Forgets all faults that were planned: from here on nothing fails.
    pub fn heal(&self) {
        self.plan.heal();
    }

    /// Returns how many faults were injected so far.
    #[must_use]
    pub fn injected(&self) -> Injected {
        self.plan.injected()
    }

    pub(super) fn fault(&self, operation: Operation) -> Option<Fault> {
        self.plan.next(operation)
    }
}

pub(super) fn unavailable(operation: Operation) -> Unavailable {
    Unavailable::because(operation.name(), InjectedFault)
}

/// Says whether a refusal comes without a question to the server, so that no answer can get lost.
fn is_refused_unseen(outcome: &Result<Commit, AppendError>) -> bool {
    use AppendError::{Invalid, TooLarge, Unsupported};
    matches!(outcome, Err(Invalid(_) | TooLarge { .. } | Unsupported(_)))
}

impl<S: EventStore> FaultyStore<S> {
    /// Returns the expectation that a repeat of an append needs: never `Any`.
    async fn resolved(
        &self,
        actor: &ActorId,
        expected: Expected,
        commit: Option<&Commit>,
    ) -> Result<Expected, AppendError> {
        if expected != Expected::Any {
            return Ok(expected);
        }
        let first = commit.and_then(|commit| commit.events.first());
        let before = match first {
            Some(event) => event.version().previous(),
            None => self.store.head(actor, Consistency::Leader).await?.version,
        };
        Ok(Expected::Exactly(before))
    }
}

fn unknown(actor: &ActorId, expected: Expected) -> AppendError {
    let (actor, source) = (actor.clone(), Some(InjectedFault.into()));
    Box::new(UnknownOutcome { actor, expected, source }).into()
}

impl<S: EventStore> EventStore for FaultyStore<S> {
    async fn append_with(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Commit, AppendError> {
        let fault = self.fault(Operation::Append);
        match fault {
            Some(Fault::Unavailable | Fault::CutRead(_)) => return Err(unavailable(Operation::Append).into()),
            Some(Fault::Lose) => return Err(unknown(actor, self.resolved(actor, expected, None).await?)),
            Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(Fault::DropAck) | None => {}
        }
        let outcome = self.store.append_with(actor, expected, events, options).await;
        if fault != Some(Fault::DropAck) || is_refused_unseen(&outcome) {
            return outcome;
        }
        Err(unknown(actor, self.resolved(actor, expected, outcome.as_ref().ok()).await?))
    }

    async fn claim_with(
        &self,
        actor: &ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> Result<Head, AppendError> {
        let fault = self.fault(Operation::Claim);
        match fault {
            Some(Fault::Unavailable | Fault::CutRead(_)) => return Err(unavailable(Operation::Claim).into()),
            Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(Fault::Lose | Fault::DropAck) | None => {}
        }
        if fault != Some(Fault::Lose) {
            let outcome = self.store.claim_with(actor, epoch, options).await;
            if fault != Some(Fault::DropAck) {
                return outcome;
            }
        }
        Err(unknown(actor, self.resolved(actor, Expected::Any, None).await?))
    }

    async fn head(&self, actor: &ActorId, consistency: Consistency) -> Result<Head, ReadError> {
        match self.fault(Operation::Head) {
            Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(_) => return Err(unavailable(Operation::Head).into()),
            None => {}
        }
        self.store.head(actor, consistency).await
    }

    fn read_with(
        &self,
        actor: &ActorId,
        from: Version,
        options: ReadOptions,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<S> + 'static {
        let events = self.store.read_with(actor, from, options);
        let cut = || stream::once(async { Err(unavailable(Operation::Read).into()) });
        let faulty: RecordedStream = match self.fault(Operation::Read) {
            Some(Fault::Delay(delay)) => {
                let late = async move {
                    tokio::time::sleep(delay).await;
                    events
                };
                Box::pin(stream::once(late).flatten())
            }
            Some(Fault::CutRead(count)) => Box::pin(events.take(count).chain(cut())),
            Some(_) => Box::pin(cut()),
            None => Box::pin(events),
        };
        faulty
    }

    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }
}
