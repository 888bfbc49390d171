//! A view that shows whatever goes wrong: what is applied twice, left out, or in another order makes another entry, and entries
//! come and go.

use std::collections::BTreeMap;

use aether_core::error::BoxError;
use aether_core::key_value::KeyValue;
use aether_core::{ActorId, Event, NewEvent, RawJson, RecordedEvent, Version};
use aether_projection::{View, Views};
use serde::{Deserialize, Serialize};

pub(crate) struct Ledger;

/// What lies at a key: how many numbers, and which, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) times: u64,
    pub(crate) sum: u64,
    pub(crate) order: u64,
}

#[derive(Deserialize)]
struct Note {
    note: String,
}

pub(crate) fn number(event: &RecordedEvent) -> Result<u64, BoxError> {
    let note: Note = serde_json::from_str(event.raw_data().as_str())?;
    Ok(note.note.parse()?)
}

impl View for Ledger {
    type Entry = Line;
    type Error = BoxError;

    fn keys(&self, event: &RecordedEvent) -> Result<Vec<String>, BoxError> {
        let number = number(event)?;
        let mut keys = vec!["all".to_owned(), format!("line.{}", number % 7)];
        if number.is_multiple_of(3) {
            keys.push(format!("line/{}", number % 23));
        }
        // Said twice, it is one.
        keys.push("all".to_owned());
        Ok(keys)
    }

    fn apply(&self, key: &str, entry: Option<Line>, event: &RecordedEvent) -> Result<Option<Line>, BoxError> {
        let number = number(event)?;
        if key != "all" {
            match (entry, number % 11) {
                (Some(_), 5) => return Ok(None),
                // Who is not there does not come by any event.
                (None, 0..4) => return Ok(None),
                _ => {}
            }
        }
        let Line { times, sum, order } = entry.unwrap_or_default();
        let order = order.wrapping_mul(31).wrapping_add(number + 1);
        Ok(Some(Line { times: times + 1, sum: sum + number, order }))
    }
}

pub(crate) type Lines = BTreeMap<String, Line>;

/// What the view is after the events of these numbers, without any machinery.
pub(crate) fn plain_fold(numbers: impl IntoIterator<Item = u32>) -> Lines {
    let mut lines = Lines::new();
    plain_fold_on(&mut lines, numbers);
    lines
}

/// Does the same with what it was before.
pub(crate) fn plain_fold_on(lines: &mut Lines, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        let event = recorded(number);
        let mut keys = Ledger.keys(&event).unwrap();
        keys.pop();
        for key in keys {
            let before = lines.remove(&key);
            if let Some(line) = Ledger.apply(&key, before, &event).unwrap() {
                lines.insert(key, line);
            }
        }
    }
}

/// The event of a number, as it lies in a store where it is alone: at its number, from 1.
pub(crate) fn recorded(number: u32) -> RecordedEvent {
    let data = RawJson::parse(format!("{{\"note\":\"{number}\"}}")).unwrap();
    let event = NewEvent::new("Noted".try_into().unwrap(), data);
    let event = Event::new(ActorId::new("order-1").unwrap(), Version::FIRST, event);
    RecordedEvent::new(event, 0, u64::from(number) + 1, 0)
}

/// What the view in the store is.
pub(crate) async fn lines<K: KeyValue + Clone>(views: &Views<Ledger, K>) -> Lines {
    views.entries("").await.unwrap().into_iter().collect()
}
