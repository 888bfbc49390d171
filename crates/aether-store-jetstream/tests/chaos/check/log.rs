//! What the stream holds, read by the wire form alone, and what must be true of it whoever was told what.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::operation::Operation;
use super::violation::{Kind, Violation};
use crate::content;
use crate::history::Call;

/// A message of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) sequence: u64,
    pub(crate) actor: String,
    pub(crate) epoch: Option<u64>,
    pub(crate) follows: Option<u64>,
    /// The events of a commit; none for a claim.
    pub(crate) events: Vec<Stored>,
    /// Why it is neither.
    pub(crate) fault: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) version: u64,
    /// Whether everything but the version is as the id says.
    pub(crate) intact: bool,
}

/// Reads a message.
pub(crate) fn parse(
    sequence: u64,
    subject: &str,
    header: impl Fn(&str) -> Option<String>,
    payload: &[u8],
) -> Message {
    let actor = subject.rsplit('.').next().unwrap_or_default().to_owned();
    let number = |name: &str| header(name).and_then(|text| text.parse().ok());
    let (events, fault) = match events(&actor, header("Aether-Count"), payload) {
        Ok(events) => (events, None),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    Message {
        sequence,
        actor,
        epoch: number("Aether-Epoch"),
        follows: number("Aether-Follows"),
        events,
        fault,
    }
}

fn events(actor: &str, count: Option<String>, payload: &[u8]) -> Result<Vec<Stored>, String> {
    if count.as_deref() == Some("0") {
        return if payload.is_empty() { Ok(Vec::new()) } else { Err("a claim with a payload".to_owned()) };
    }
    let value: Value = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    let objects = match (&count, value) {
        (None, object) => vec![object],
        (Some(_), Value::Array(objects)) => objects,
        (Some(_), _) => return Err("a packed commit that is no array".to_owned()),
    };
    if count.is_some_and(|count| count != objects.len().to_string()) {
        return Err(format!("a count that is not that of its {} events", objects.len()));
    }
    objects.iter().map(|object| event(actor, object)).collect()
}

fn event(actor: &str, object: &Value) -> Result<Stored, String> {
    let id = object["id"].as_str().ok_or("an event without id")?;
    let version = object["version"].as_u64().ok_or("an event without version")?;
    let data: Value = serde_json::from_str(&content::data(id)).map_err(|error| error.to_string())?;
    let intact = object["actorId"] == actor
        && object["eventType"] == content::EVENT_TYPE
        && object["timestamp"] == content::TIMESTAMP
        && object["data"] == data;
    Ok(Stored { id: id.to_owned(), version, intact })
}

/// Where each event is: the place of its message.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    messages: &'a [Message],
    places: HashMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(messages: &'a [Message]) -> (Self, Vec<Violation>) {
        let (mut places, mut violations) = (HashMap::new(), Vec::new());
        for (place, message) in messages.iter().enumerate() {
            for event in &message.events {
                if let Some(earlier) = places.insert(event.id.as_str(), place) {
                    let (one, other) = (messages[earlier].sequence, message.sequence);
                    let what = format!("event {} lies at {one} and at {other}", event.id);
                    violations.push(Violation::new(Kind::IdTwice, what));
                }
            }
        }
        (Self { messages, places }, violations)
    }

    pub(crate) fn find(&self, id: &str) -> Option<&'a Message> {
        self.places.get(id).map(|place| &self.messages[*place])
    }
}

/// Checks the messages themselves, actor by actor.
pub(crate) fn check(_: &Index<'_>, messages: &[Message], operations: &[Operation<'_>]) -> Vec<Violation> {
    let writers: HashMap<&str, &Operation<'_>> = operations
        .iter()
        .flat_map(|operation| operation.ids().iter().map(move |id| (id.as_str(), operation)))
        .collect();
    let mut actors: BTreeMap<&str, Line> = BTreeMap::new();
    let mut violations = Vec::new();
    for message in messages {
        let line = actors.entry(&message.actor).or_default();
        let writer = message.events.iter().find_map(|event| writers.get(event.id.as_str()).copied());
        for (kind, what) in line.advance(message, writer) {
            let what = format!("{} at {}: {what}", message.actor, message.sequence);
            violations.push(Violation::new(kind, what));
        }
    }
    violations
}

/// How far an actor's history has come.
#[derive(Debug, Default)]
struct Line {
    version: u64,
    epoch: Option<u64>,
}

impl Line {
    fn advance(&mut self, message: &Message, writer: Option<&Operation<'_>>) -> Vec<(Kind, String)> {
        let mut found = Vec::new();
        if let Some(fault) = &message.fault {
            found.push((Kind::Malformed, fault.clone()));
        }
        if message.follows != Some(self.version) {
            let what = format!("follows {:?}, the version before is {}", message.follows, self.version);
            found.push((Kind::VersionGap, what));
        }
        if message.epoch < self.epoch {
            found.push((Kind::EpochBack, format!("epoch {:?} after {:?}", message.epoch, self.epoch)));
        }
        if !message.events.is_empty() {
            found.extend(self.late(writer));
        }
        self.epoch = self.epoch.max(message.epoch);
        for (index, event) in message.events.iter().enumerate() {
            found.extend(self.count(event, index == 0 && may_skip(writer)));
            if !event.intact {
                found.push((Kind::Changed, format!("event {} is not what was written", event.id)));
            }
        }
        found
    }

    fn late(&self, writer: Option<&Operation<'_>>) -> Option<(Kind, String)> {
        let Some(writer) = writer else {
            return Some((Kind::Stray, "nobody wrote this".to_owned()));
        };
        let Call::Append { epoch: Some(said), .. } = *writer.call else { return None };
        let higher = self.epoch.filter(|epoch| *epoch > said)?;
        Some((Kind::LateWriter, format!("after epoch {higher}, written at {said}: {}", writer.name())))
    }

    fn count(&mut self, event: &Stored, may_skip: bool) -> Option<(Kind, String)> {
        let (before, found) = (self.version, event.version);
        self.version = before.max(found);
        if found <= before {
            return Some((Kind::VersionTwice, format!("version {found} after version {before}")));
        }
        (found > before + 1 && !may_skip)
            .then(|| (Kind::VersionGap, format!("version {found} after {before}")))
    }
}

/// Who numbers the events itself may leave versions out.
fn may_skip(writer: Option<&Operation<'_>>) -> bool {
    matches!(writer.map(|writer| writer.call), Some(Call::Append { expected, .. }) if expected.starts_with("a version below"))
}
