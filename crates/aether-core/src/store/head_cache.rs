//! Hints for what remembers where actors stand.

use std::sync::Arc;

use crate::EventStored;

/// Remembers where actors stand, so as not to ask before each append, and may be told that one has moved on.
///
/// A hint is never believed: it only has the store forget what it remembers, so that it looks for itself. So a hint that is late,
/// wrong, or of another store costs a look and nothing else; and one that is missing, a conflict at the server.
///
/// Stores that remember implement it; a bus that hears [`EventStored`] of other processes passes it on.
pub trait HeadCache: Send + Sync {
    /// Takes the hint that an event is stored, perhaps by another process.
    fn hint(&self, stored: &EventStored);
}

impl<C: HeadCache + ?Sized> HeadCache for Arc<C> {
    fn hint(&self, stored: &EventStored) {
        self.as_ref().hint(stored);
    }
}
