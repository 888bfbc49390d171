//! The wire form of events: what stands in the payload of a stored message.
//!
//! A single event is a JSON object with `id`, `eventType`, `actorId`, `commandId` (where there is one), `version`,
//! `data`, `metadata` (where there is any), `timestamp`, and `schemaVersion` (where it is not 1): the form of the Go
//! original, which ignores the last. A packed commit is a JSON array of such objects. The two are told apart by whoever
//! carries them (in JetStream by a header), never by looking.
//!
//! Reading is strict where history would be misread otherwise: a missing id, actor or version is an error, an empty
//! event id or type is not.

use std::borrow::Cow;

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::shared::{Content, Shared};
use super::{Event, Metadata, NewEvent};
use crate::id::{InvalidText, InvalidVersion};
use crate::json::push_string;
use crate::{ActorId, CommandId, EventId, EventType, InvalidTimestamp, RawJson, SchemaVersion, Version};

/// Says why a payload is no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The payload is not UTF-8.
    #[error("the payload is not UTF-8 from byte {offset} on")]
    NotUtf8 {
        /// The offset of the first byte that is not.
        offset: usize,
    },
    /// The payload is not the JSON of an event: a member is missing, doubled or of another type.
    #[error("the payload is not the JSON of an event")]
    Json(#[from] serde_json::Error),
    /// `actorId` is no actor id.
    #[error("the member actorId is no actor id")]
    Actor(#[from] InvalidText),
    /// `version` is no version.
    #[error("the member version is no version")]
    Version(#[from] InvalidVersion),
    /// `version` is 0, which no event has.
    #[error("the member version is 0, expected 1 or more")]
    VersionZero,
    /// `timestamp` is no timestamp.
    #[error("the member timestamp is no timestamp")]
    Timestamp(#[from] InvalidTimestamp),
}

/// Text that borrows where nothing had to be unescaped.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    actor_id: Cow<'a, str>,
    #[serde(borrow)]
    command_id: Option<Text<'a>>,
    version: u64,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    metadata: Option<Metadata>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    schema_version: Option<SchemaVersion>,
}

/// Appends the JSON object of `event` to `out`.
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    push_string(out, event.id().as_str());
    out.extend_from_slice(b",\"eventType\":");
    push_string(out, event.event_type().as_str());
    out.extend_from_slice(b",\"actorId\":");
    push_string(out, event.actor().as_str());
    if let Some(command) = event.command_id() {
        out.extend_from_slice(b",\"commandId\":");
        push_string(out, command.as_str());
    }
    out.extend_from_slice(b",\"version\":");
    out.extend_from_slice(event.version().number().to_string().as_bytes());
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(event.raw_data().as_str().as_bytes());
    encode_metadata(event.metadata(), out);
    out.extend_from_slice(b",\"timestamp\":\"");
    event.timestamp().push_to(out);
    out.push(b'"');
    if event.schema_version() != SchemaVersion::FIRST {
        out.extend_from_slice(format!(",\"schemaVersion\":{}", event.schema_version()).as_bytes());
    }
    out.push(b'}');
}

fn encode_metadata(metadata: &Metadata, out: &mut Vec<u8>) {
    for (n, (key, value)) in metadata.iter().enumerate() {
        out.extend_from_slice(if n == 0 { b",\"metadata\":{" } else { b"," });
        push_string(out, key);
        out.push(b':');
        push_string(out, value);
    }
    if !metadata.is_empty() {
        out.push(b'}');
    }
}

/// Appends the JSON array of a packed commit to `out`.
pub fn encode_packed(events: &[Event], out: &mut Vec<u8>) {
    out.push(b'[');
    for (n, event) in events.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        encode(event, out);
    }
    out.push(b']');
}

/// Reads the payload of a single event. `asked` is the actor it is expected to belong to: if it does, the id is shared;
/// if it does not, that is for the caller to see.
///
/// The event's data is a part of `payload`, not a copy: the event keeps the payload's memory as long as it lives.
///
/// # Errors
///
/// [`WireError`] says what is not an event's.
pub fn decode(payload: Bytes, asked: Option<&ActorId>) -> Result<Event, WireError> {
    let text = utf8(payload)?;
    let wire = match usual::read(&text) {
        Some(wire) => wire,
        None => serde_json::from_str(&text)?,
    };
    to_event(wire, asked, |raw| RawJson::part_of(&text, raw))
}

/// Reads the payload of a packed commit, as [`decode`] reads a single event.
///
/// # Errors
///
/// [`WireError`] of the first event that is none.
pub fn decode_packed(payload: Bytes, asked: Option<&ActorId>) -> Result<Vec<Event>, WireError> {
    let text = utf8(payload)?;
    let wires: Vec<Wire<'_>> = serde_json::from_str(&text)?;
    wires.into_iter().map(|wire| to_event(wire, asked, |raw| RawJson::part_of(&text, raw))).collect()
}

fn utf8(payload: Bytes) -> Result<ByteString, WireError> {
    let bytes = payload.clone();
    ByteString::try_from(payload).map_err(|_| {
        let fault = std::str::from_utf8(&bytes).err();
        WireError::NotUtf8 { offset: fault.map_or(bytes.len(), |fault| fault.valid_up_to()) }
    })
}

fn to_event(
    wire: Wire<'_>,
    asked: Option<&ActorId>,
    raw: impl Fn(&RawValue) -> RawJson,
) -> Result<Event, WireError> {
    let actor = match asked {
        Some(asked) if asked.as_str() == wire.actor_id => asked.clone(),
        _ => ActorId::new(wire.actor_id.as_ref())?,
    };
    let version = Version::new(wire.version)?;
    if version == Version::INITIAL {
        return Err(WireError::VersionZero);
    }
    // The Go original leaves an empty one out, and reads an absent one as empty.
    let command = wire.command_id.filter(|text| !text.0.is_empty());
    let content = Content {
        id: EventId::as_read(wire.id.as_ref()),
        event_type: EventType::as_read(wire.event_type.as_ref()),
        command_id: command.map(|Text(command)| CommandId::as_read(command.as_ref())),
        data: wire.data.map_or(RawJson::NULL, raw),
        metadata: wire.metadata.unwrap_or_default(),
        timestamp: wire.timestamp.parse()?,
        schema_version: wire.schema_version.unwrap_or_default(),
    };
    Ok(Event::new(actor, version, NewEvent(Shared::new(content))))
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = Vec::new();
        encode(self, &mut out);
        let raw: &RawValue = serde_json::from_slice(&out).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Through `serde_json` only, since the data is kept as its text.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = String::from(Box::<str>::from(raw));
        decode(text.into(), None).map_err(serde::de::Error::custom)
    }
}

mod usual;

#[cfg(test)]
mod tests;
