//! Which fault comes next.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Fault, Injected, Operation, Rates};

/// The faults to come and those that came. Scripted ones first, then at random.
#[derive(Debug, Default)]
pub(super) struct Plan(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    scripted: HashMap<Operation, VecDeque<Fault>>,
    random: Option<(fastrand::Rng, Rates)>,
    injected: Injected,
}

impl Plan {
    pub(super) fn script(&self, operation: Operation, fault: Fault) {
        self.lock().scripted.entry(operation).or_default().push_back(fault);
    }

    pub(super) fn set_rates(&self, seed: u64, rates: Rates) {
        self.lock().random = Some((fastrand::Rng::with_seed(seed), rates));
    }

    pub(super) fn heal(&self) {
        let mut inner = self.lock();
        inner.scripted.clear();
        inner.random = None;
    }

    pub(super) fn injected(&self) -> Injected {
        self.lock().injected
    }

    /// Takes the fault for an operation that is about to be done, and counts it.
    pub(super) fn next(&self, operation: Operation) -> Option<Fault> {
        let mut inner = self.lock();
        let scripted = inner.scripted.get_mut(&operation).and_then(VecDeque::pop_front);
        let drawn = || inner.random.as_mut().and_then(|(random, rates)| rates.draw(operation, random));
        let fault = match scripted.or_else(drawn)? {
            Fault::DropAck | Fault::Lose if !operation.writes() => Fault::Unavailable,
            Fault::CutRead(_) if operation != Operation::Read => Fault::Unavailable,
            fault => fault,
        };
        let counted = &mut inner.injected;
        *match fault {
            Fault::Unavailable => &mut counted.unavailable,
            Fault::DropAck => &mut counted.dropped_acks,
            Fault::Lose => &mut counted.lost,
            Fault::Delay(_) => &mut counted.delayed,
            Fault::CutRead(_) => &mut counted.cut_reads,
        } += 1;
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
