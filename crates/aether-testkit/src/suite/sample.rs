//! Events and numbers for the facts.

use aether_core::{AppendOptions, Epoch, EventType, Expected, NewEvent, RawJson, Version};

/// Makes an event of which only the id is remarkable: it is fresh.
pub(crate) fn event() -> NewEvent {
    numbered(1)
}

/// Makes an event whose data says `n`.
pub(crate) fn numbered(n: u64) -> NewEvent {
    with_data(&format!("{{\"n\":{n}}}"))
}

/// Makes an event with this data.
pub(crate) fn with_data(json: &str) -> NewEvent {
    let data = RawJson::parse(json.to_owned()).expect("the suite's data is JSON");
    NewEvent::new(EventType::new("Happened").expect("a valid type"), data)
}

/// Makes `count` events, numbered from 1.
pub(crate) fn events(count: u64) -> Vec<NewEvent> {
    (1..=count).map(numbered).collect()
}

pub(crate) fn version(number: u64) -> Version {
    Version::new(number).expect("the suite's versions are valid")
}

pub(crate) fn exactly(number: u64) -> Expected {
    Expected::Exactly(version(number))
}

pub(crate) fn below(number: u64) -> Expected {
    Expected::Below(version(number))
}

pub(crate) fn under(epoch: u64) -> AppendOptions {
    AppendOptions::default().epoch(Epoch::new(epoch))
}
