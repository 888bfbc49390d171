//! Where a projector writes how it is doing, and others read it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aether_core::SubscriptionMonitor;
use tokio::sync::watch;

use super::{ProjectorError, ProjectorState, ProjectorStatus};

/// The status, and what ended it.
#[derive(Debug)]
pub(crate) struct Board {
    status: watch::Sender<ProjectorStatus>,
    /// Events that were read and are not applied.
    in_hand: AtomicU64,
    monitor: Mutex<Option<SubscriptionMonitor>>,
    failure: OnceLock<Arc<ProjectorError>>,
}

impl Board {
    pub(super) fn new() -> Self {
        let status = watch::Sender::new(ProjectorStatus::default());
        Self { status, in_hand: AtomicU64::new(0), monitor: Mutex::default(), failure: OnceLock::new() }
    }

    pub(crate) fn status(&self) -> ProjectorStatus {
        let mut status = self.status.borrow().clone();
        let monitor = self.monitor.lock().unwrap_or_else(PoisonError::into_inner);
        // What is in hand first: once applied it must not be counted as read alone.
        let in_hand = self.in_hand.load(Ordering::Acquire);
        let lag = monitor.as_ref().and_then(|monitor| monitor.status().lag);
        status.lag = lag.map(|lag| lag + in_hand);
        status
    }

    pub(crate) fn watch(&self) -> watch::Receiver<ProjectorStatus> {
        self.status.subscribe()
    }

    pub(crate) fn failure(&self) -> Option<Arc<ProjectorError>> {
        self.failure.get().cloned()
    }

    pub(super) fn is_caught_up(&self) -> bool {
        self.status.borrow().is_caught_up
    }

    pub(super) fn batches(&self) -> u64 {
        self.status.borrow().batches
    }

    pub(super) fn catch_up(&self) {
        self.change(|status| (status.state, status.is_caught_up) = (ProjectorState::Live, true));
    }

    /// Says that events are applied as they come.
    pub(super) fn go_on(&self) {
        self.enter(if self.is_caught_up() { ProjectorState::Live } else { ProjectorState::CatchingUp });
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut ProjectorStatus)) {
        self.status.send_modify(change);
    }

    pub(super) fn enter(&self, state: ProjectorState) {
        self.status.send_if_modified(|status| std::mem::replace(&mut status.state, state) != state);
    }

    pub(super) fn follow(&self, monitor: SubscriptionMonitor) {
        *self.monitor.lock().unwrap_or_else(PoisonError::into_inner) = Some(monitor);
    }

    pub(super) fn hold(&self, events: usize) {
        self.in_hand.store(events as u64, Ordering::Release);
    }

    /// Says that it stopped, unless it said already how it ended.
    pub(super) fn leave(&self) {
        self.status.send_if_modified(|status| {
            !status.state.has_ended() && {
                status.state = ProjectorState::Stopped;
                true
            }
        });
    }

    pub(super) fn end(&self, result: Result<(), ProjectorError>) {
        let state = match result {
            Ok(()) => ProjectorState::Stopped,
            Err(error) => {
                let _ = self.failure.set(Arc::new(error));
                ProjectorState::Failed
            }
        };
        self.enter(state);
    }
}
