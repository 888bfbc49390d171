//! A history with what is wrong with it.

use crate::RecordedEvent;
use crate::error::ReplayError;

/// The events of an actor, and beside them what was stored there and is no event.
#[derive(Debug, Default)]
pub struct ReplayResult {
    /// The events, in the order of versions.
    pub events: Vec<RecordedEvent>,
    /// The malformed messages, with their bytes, in the order in which they are stored.
    pub errors: Vec<ReplayError>,
}

impl ReplayResult {
    /// Says whether anything was malformed.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }
}
