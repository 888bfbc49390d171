//! Comparing what the store says with what the model says.

use std::fmt::Debug;

use aether_core::error::AppendError;
use aether_core::{Commit, Event, RecordedEvent};

/// A difference, as a text for the report.
pub(crate) type Verdict = Result<(), String>;

pub(crate) fn same<T: PartialEq + Debug>(what: &str, store: &T, model: &T) -> Verdict {
    if store == model {
        return Ok(());
    }
    Err(format!("{what}\n  model: {model:?}\n  store: {store:?}"))
}

/// What of an outcome the contract fixes: all but positions and the words of errors.
pub(crate) fn outcome(
    what: &str,
    store: &Result<Commit, AppendError>,
    model: &Result<Commit, AppendError>,
) -> Verdict {
    if let Ok(commit) = store {
        let last = commit.events.last().map(RecordedEvent::position);
        same("the position of a commit is that of its last event", &last, &Some(commit.position.clone()))?;
    }
    same(what, &essence(store), &essence(model))
}

fn essence(outcome: &Result<Commit, AppendError>) -> Result<(bool, Vec<String>), String> {
    match outcome {
        Ok(commit) => Ok((commit.already_stored, events(&commit.events))),
        Err(error) => Err(refusal(error)),
    }
}

pub(crate) fn refusal(error: &AppendError) -> String {
    match error {
        AppendError::Conflict(conflict) => format!("{conflict:?}"),
        AppendError::Fenced(fenced) => format!("{fenced:?}"),
        AppendError::IdReused(reused) => format!("{reused:?}"),
        AppendError::Invalid(invalid) => format!("{invalid:?}"),
        other => format!("{other:?}"),
    }
}

/// Writes each event as briefly as it can be told from others.
pub(crate) fn events(events: &[RecordedEvent]) -> Vec<String> {
    events.iter().map(|event| brief(event.event())).collect()
}

fn brief(event: &Event) -> String {
    format!("v{} {} {}", event.version(), event.id(), event.raw_data())
}

/// Compares events by all that they hold, and tells the difference briefly.
pub(crate) fn same_events(what: &str, store: &[RecordedEvent], model: &[RecordedEvent]) -> Verdict {
    same(what, &events(store), &events(model))?;
    let differ = |(store, model): &(&RecordedEvent, &RecordedEvent)| store.event() != model.event();
    match store.iter().zip(model).find(differ) {
        Some((store, model)) => same(what, store.event(), model.event()),
        None => Ok(()),
    }
}

/// Asserts that positions grow from event to event.
pub(crate) fn increasing(events: &[RecordedEvent]) -> Verdict {
    let wrong = events.windows(2).find(|pair| match pair {
        [first, second] => first.position() >= second.position(),
        _ => false,
    });
    wrong.map_or(Ok(()), |pair| Err(format!("positions do not increase: {:?}", self::events(pair))))
}
