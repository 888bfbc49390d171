//! What a store can do.

/// Says what a store, as it is configured and on the server that it runs on, can do.
///
/// What it cannot do is refused with [`Unsupported`](crate::error::Unsupported) when it is asked for; this is for those
/// who want to know before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Whether what is acknowledged outlives the process.
    pub durable: bool,
    /// Whether a commit may have several events.
    pub packed_commits: bool,
    /// Whether epochs are kept and [claims](crate::EventStore::claim_with) can be made.
    pub epochs: bool,
    /// Whether the server refuses to delete single events and to purge the history.
    pub deletion_denied: bool,
    /// The largest commit in bytes, where there is a limit.
    pub max_commit_bytes: Option<u64>,
}

impl Capabilities {
    /// Starts from a store that can do nothing special. For stores, which then set what they can.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            durable: false,
            packed_commits: false,
            epochs: false,
            deletion_denied: false,
            max_commit_bytes: None,
        }
    }
}
