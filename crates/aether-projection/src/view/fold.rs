//! Applying events to the entries in hand. Pure.

use std::collections::{HashMap, HashSet};

use aether_core::RecordedEvent;
use aether_core::key_value::Revision;

use super::entry::{Stored, place};
use super::{View, ViewError};

/// An entry in hand: what is stored, and at which revision, if anything was done to it since.
#[derive(Debug)]
pub(super) struct Held<E> {
    pub(super) stored: Stored<E>,
    pub(super) revision: Revision,
    pub(super) is_changed: bool,
}

/// Returns the keys that each event touches, each once.
pub(super) fn keys<V: View>(view: &V, events: &[RecordedEvent]) -> Result<Vec<Vec<String>>, ViewError> {
    let of_event = |event: &RecordedEvent| {
        let mut keys = view.keys(event).map_err(|error| failed(event, error))?;
        let mut seen = HashSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        Ok(keys)
    };
    events.iter().map(of_event).collect()
}

/// Applies the events to the entries of their keys, which are all in hand, but for those that an entry has had already.
pub(super) fn fold<V: View>(
    view: &V,
    events: &[RecordedEvent],
    keys: &[Vec<String>],
    entries: &mut HashMap<String, Held<V::Entry>>,
) -> Result<(), ViewError> {
    for (event, keys) in events.iter().zip(keys) {
        let place = place(event);
        for key in keys {
            let Some(held) = entries.get_mut(key) else { continue };
            // Applied before a crash, or by another runner.
            if held.stored.at.covers(&place) {
                continue;
            }
            let entry = view.apply(key, held.stored.entry.take(), event);
            held.stored.entry = entry.map_err(|error| failed(event, error))?;
            held.stored.at.advance(place.clone());
            held.is_changed = true;
        }
    }
    Ok(())
}

fn failed<E: Into<aether_core::error::BoxError>>(event: &RecordedEvent, error: E) -> ViewError {
    ViewError::Event { position: event.position(), source: error.into() }
}
