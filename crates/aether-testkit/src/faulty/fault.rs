//! What can go wrong, and where.

use std::time::Duration;

/// An operation of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`EventStore::append_with`](aether_core::EventStore::append_with)
    Append,
    /// [`EventStore::claim_with`](aether_core::EventStore::claim_with)
    Claim,
    /// [`EventStore::head`](aether_core::EventStore::head)
    Head,
    /// [`EventStore::read_with`](aether_core::EventStore::read_with)
    Read,
    /// [`Subscribe::subscribe`](aether_core::Subscribe::subscribe)
    Subscribe,
    /// [`SnapshotStore::latest_snapshot`](aether_core::SnapshotStore::latest_snapshot)
    LatestSnapshot,
    /// [`SnapshotStore::save_snapshot`](aether_core::SnapshotStore::save_snapshot)
    SaveSnapshot,
}

impl Operation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Claim => "claim",
            Self::Head => "head",
            Self::Read => "read",
            Self::Subscribe => "subscribe",
            Self::LatestSnapshot => "latest snapshot",
            Self::SaveSnapshot => "save snapshot",
        }
    }

    /// Says whether the operation changes the store, so that its outcome can be unknown.
    pub(super) fn writes(self) -> bool {
        matches!(self, Self::Append | Self::Claim | Self::SaveSnapshot)
    }
}

/// What goes wrong with one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing is done, and the caller hears `Unavailable`.
    Unavailable,
    /// The operation is done, and the caller hears `Unknown`: the acknowledgement got lost. Operations that change
    /// nothing are `Unavailable`. What the store refuses without looking, such as an invalid append, is still refused.
    DropAck,
    /// Nothing is done, and the caller hears `Unknown`: the request got lost. Operations that change nothing are
    /// `Unavailable`.
    Lose,
    /// The operation is done as late as this.
    Delay(Duration),
    /// A read ends in `Unavailable` after this many events; other operations are `Unavailable`.
    CutRead(usize),
}

/// Counts the faults that were injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Injected {
    /// Operations that were not done and said so.
    pub unavailable: u64,
    /// Operations that were done and did not say so.
    pub dropped_acks: u64,
    /// Operations that were not done and did not say so.
    pub lost: u64,
    /// Operations that were done late.
    pub delayed: u64,
    /// Reads that ended early, with an error.
    pub cut_reads: u64,
}

/// The cause that an injected error carries, so that it can be told from a real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InjectedFault;

impl std::fmt::Display for InjectedFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a fault that the test injected")
    }
}

impl std::error::Error for InjectedFault {}
