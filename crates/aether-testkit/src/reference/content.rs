//! What the mutated reference store does to events before it keeps them.

use aether_core::{NewEvent, RawJson, SchemaVersion, Timestamp};
use serde_json::Value;

use super::Mutation;

/// Returns the event as a store that lacks `removed` keeps it.
pub(super) fn kept(event: NewEvent, removed: Option<Mutation>) -> NewEvent {
    match removed {
        Some(Mutation::NumbersRounded) => {
            let data = rewritten(event.raw_data(), rounded);
            copy(&event, data, true, true)
        }
        Some(Mutation::DataReformatted) => {
            let data = rewritten(event.raw_data(), |value| value);
            copy(&event, data, true, true)
        }
        Some(Mutation::MetadataDropped) => copy(&event, event.raw_data().clone(), false, true),
        Some(Mutation::CommandsDropped) => copy(&event, event.raw_data().clone(), true, false),
        Some(Mutation::SchemaVersionsDropped) => event.with_schema_version(SchemaVersion::FIRST),
        Some(Mutation::TimesRounded) => {
            let time = in_microseconds(event.timestamp());
            event.with_timestamp(time)
        }
        _ => event,
    }
}

fn copy(event: &NewEvent, data: RawJson, metadata: bool, command: bool) -> NewEvent {
    let mut copy = NewEvent::new(event.event_type().clone(), data)
        .with_id(event.id().clone())
        .with_timestamp(event.timestamp())
        .with_schema_version(event.schema_version());
    for (key, value) in event.metadata().iter().filter(|_| metadata) {
        copy = copy.with_metadata(key, value);
    }
    match event.command_id().filter(|_| command) {
        Some(id) => copy.with_command(id.clone()),
        None => copy,
    }
}

fn rewritten(data: &RawJson, change: impl Fn(Value) -> Value) -> RawJson {
    let value = data.decode::<Value>().map(change).unwrap_or_default();
    RawJson::encode(&value).unwrap_or_default()
}

/// What a program does whose only number is a float.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
        Value::Array(items) => items.into_iter().map(rounded).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, rounded(value))).collect(),
        other => other,
    }
}

fn in_microseconds(time: Timestamp) -> Timestamp {
    let exact = time.to_offset_date_time();
    let cut = exact.replace_nanosecond(exact.nanosecond() / 1_000 * 1_000);
    cut.ok().and_then(|cut| Timestamp::try_from(cut).ok()).unwrap_or(time)
}
