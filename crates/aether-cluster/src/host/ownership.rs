//! One ownership of a shard, as the host that runs in it sees it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aether_core::Epoch;
use tokio::sync::watch;

use crate::gate::Gate;
use crate::placement::Shard;
use crate::protocol::{Address, Fence, Incarnation};

/// One ownership of a shard: what is handled under it is answered under it. Clones are the same ownership.
#[derive(Clone)]
pub struct Ownership(Arc<Inner>);

struct Inner {
    address: Address,
    gate: Arc<Gate>,
    standing: watch::Sender<Standing>,
    is_released: AtomicBool,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Open,
    Draining,
    Closed,
    /// A later owner has written.
    Fenced(Epoch),
}

impl Standing {
    fn is_closed(self) -> bool {
        matches!(self, Self::Closed | Self::Fenced(_))
    }
}

impl Ownership {
    pub(crate) fn new(address: Address, gate: Arc<Gate>) -> Self {
        let standing = watch::Sender::new(Standing::Open);
        Self(Arc::new(Inner { address, gate, standing, is_released: AtomicBool::new(false) }))
    }

    /// Returns the shard.
    #[must_use]
    pub fn shard(&self) -> Shard {
        self.0.address.shard
    }

    /// Returns the epoch that events are stored under.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.0.address.epoch
    }

    /// Returns which of its lives the node is in.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.0.address.incarnation
    }

    /// Returns what looks at the heads of actors before anything is appended or answered.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence::new(self.epoch(), self.incarnation())
    }

    /// Says whether an answer that stores nothing may be given now: the node's lease lasts, and the shard is not being released. Whatever a host
    /// answers is held against this once more before it leaves; so this only saves work.
    #[must_use]
    pub fn may_answer(&self) -> bool {
        self.0.gate.is_open() && !self.is_closed()
    }

    /// Says that an actor's head shows a later owner, at epoch `current`. The shard is closed at once: whatever waits and comes is
    /// answered with `Moved`, and [`release`](super::ShardHost::release) follows.
    pub fn fenced(&self, current: Epoch) {
        self.change(|standing| match standing {
            Standing::Fenced(_) => None,
            _ => Some(Standing::Fenced(current)),
        });
    }

    /// Says whether the shard is about to go elsewhere: messages that wait for their turn are to be given back as
    /// [`NotBegun`](super::Handled::NotBegun), and turns under way to be ended.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.0.standing.borrow() != Standing::Open
    }

    /// Says whether nothing is answered under this ownership any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.standing.borrow().is_closed()
    }

    /// Waits until nothing is answered under this ownership any more.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn closed(&self) {
        self.wait(Standing::is_closed).await;
    }

    /// Waits until a later owner was seen.
    pub(crate) async fn found_fenced(&self) {
        self.wait(|standing| matches!(standing, Standing::Fenced(_))).await;
    }

    pub(crate) fn is_fenced(&self) -> bool {
        matches!(*self.0.standing.borrow(), Standing::Fenced(_))
    }

    /// Drains it, or serves on; what is closed remains so.
    pub(crate) fn drain(&self, is_draining: bool) {
        let wanted = if is_draining { Standing::Draining } else { Standing::Open };
        self.change(|standing| (!standing.is_closed()).then_some(wanted));
    }

    pub(crate) fn close(&self) {
        self.change(|standing| (!standing.is_closed()).then_some(Standing::Closed));
    }

    /// Says whether it is this call that releases it.
    pub(crate) fn release(&self) -> bool {
        !self.0.is_released.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn is_released(&self) -> bool {
        self.0.is_released.load(Ordering::Relaxed)
    }

    async fn wait(&self, holds: impl Fn(Standing) -> bool) {
        // Its sender lives as long as this.
        let _ = self.0.standing.subscribe().wait_for(|standing| holds(*standing)).await;
    }

    fn change(&self, to: impl FnOnce(Standing) -> Option<Standing>) {
        self.0.standing.send_if_modified(|standing| match to(*standing) {
            Some(next) => {
                let is_other = next != *standing;
                *standing = next;
                is_other
            }
            None => false,
        });
    }
}

impl fmt::Debug for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standing = *self.0.standing.borrow();
        f.debug_struct("Ownership").field("address", &self.0.address).field("standing", &standing).finish()
    }
}
