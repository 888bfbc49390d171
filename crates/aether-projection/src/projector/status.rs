//! How a projector is doing.

use aether_core::Checkpoint;

/// What a projector is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ProjectorState {
    /// It asks the projection how far it has come, and subscribes.
    #[default]
    Starting,
    /// It applies what was there when it subscribed.
    CatchingUp,
    /// It has caught up, and applies what is stored as it comes.
    Live,
    /// It waits for the generation before it.
    Following,
    /// The projection failed, and is tried again.
    Retrying,
    /// The subscription was lost, and is made again.
    Resubscribing,
    /// It was told to pause.
    Paused,
    /// It was told to stop, or the store is gone.
    Stopped,
    /// It ended by itself; [`failure`](crate::ProjectorHandle::failure) says why.
    Failed,
}

impl ProjectorState {
    /// Says whether nothing more is applied.
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed)
    }
}

/// How a projector was doing at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ProjectorStatus {
    /// What it is at.
    pub state: ProjectorState,
    /// Whether everything was applied that was there when it last subscribed.
    pub is_caught_up: bool,
    /// How far the projection has come; `None` before it has said so, or before it has begun.
    pub checkpoint: Option<Checkpoint>,
    /// How many places of the log are not applied yet; `None` where that is not known, as before it has subscribed.
    ///
    /// As [`SubscriptionStatus::lag`](aether_core::SubscriptionStatus::lag) counts, and each event that was read and is not
    /// applied yet for one: 0 means that all is applied, as far as the store has heard.
    pub lag: Option<u64>,
    /// The events that were applied.
    pub events: u64,
    /// The batches that were applied.
    pub batches: u64,
    /// The events, and stored messages that are none, that were skipped.
    pub skipped: u64,
    /// How often the projection failed.
    pub failures: u64,
    /// How often it subscribed again.
    pub restarts: u64,
}
