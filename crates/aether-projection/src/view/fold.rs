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

#[cfg(test)]
mod tests {
    use aether_core::{ActorId, Event, NewEvent, RawJson, Version};

    use super::*;

    type Place = (u32, u64, u32);

    /// The places of events, as they were applied.
    struct Places;

    impl View for Places {
        type Entry = Vec<Place>;
        type Error = String;

        fn keys(&self, _: &RecordedEvent) -> Result<Vec<String>, String> {
            Ok(vec!["a".to_owned(), "a".to_owned()])
        }

        fn apply(
            &self,
            _: &str,
            entry: Option<Self::Entry>,
            event: &RecordedEvent,
        ) -> Result<Option<Self::Entry>, String> {
            let position = event.position();
            let mut places = entry.unwrap_or_default();
            places.push((position.partition(), position.sequence(), position.index()));
            if position.sequence() == 99 { Err("not this one".to_owned()) } else { Ok(Some(places)) }
        }
    }

    fn event((partition, sequence, index): Place) -> RecordedEvent {
        let content = NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
        let event = Event::new(ActorId::new("a-1").unwrap(), Version::FIRST, content);
        RecordedEvent::new(event, partition, sequence, index)
    }

    fn applied(
        entries: &mut HashMap<String, Held<Vec<Place>>>,
        places: &[Place],
    ) -> Result<Vec<Place>, ViewError> {
        let events: Vec<_> = places.iter().copied().map(event).collect();
        let keys = keys(&Places, &events)?;
        assert!(keys.iter().all(|keys| keys.len() == 1), "a key that is said twice is one");
        let nothing = || Held { stored: Stored::default(), revision: Revision::NONE, is_changed: false };
        entries.entry("a".to_owned()).or_insert_with(nothing);
        fold(&Places, &events, &keys, entries)?;
        Ok(entries["a"].stored.entry.clone().unwrap_or_default())
    }

    #[test]
    fn an_event_is_applied_once_in_whatever_order_partitions_come() {
        let mut entries = HashMap::new();
        let first = [(0, 5, 0), (1, 2, 0), (0, 5, 1)];
        assert_eq!(applied(&mut entries, &first).unwrap(), first);
        entries.get_mut("a").unwrap().is_changed = false;
        assert_eq!(applied(&mut entries, &[(1, 2, 0), (0, 5, 0), (0, 5, 1)]).unwrap(), first);
        assert!(!entries["a"].is_changed);
        let all = applied(&mut entries, &[(0, 5, 1), (1, 3, 0), (2, 1, 0)]).unwrap();
        assert_eq!(all[3..], [(1, 3, 0), (2, 1, 0)]);
        assert!(entries["a"].is_changed);
    }

    #[test]
    fn an_event_that_is_not_applied_is_named() {
        let error = applied(&mut HashMap::new(), &[(0, 1, 0), (3, 99, 2)]).unwrap_err();
        let is_it = |at: &aether_core::Position| (at.partition(), at.sequence(), at.index()) == (3, 99, 2);
        assert!(matches!(&error, ViewError::Event { position, .. } if is_it(position)), "{error}");
    }
}
