//! What Aether says on a stream: whose it is, and what every writer must know. In the stream's metadata, and for servers
//! that drop that without a word (before 2.10) in its description.

use std::num::NonZeroU64;

use serde_json::{Map, Value};

/// How many versions each writer reserves at a time: said on the stream of events, so that every writer does.
pub(crate) const ANCHORS: &str = "aether.anchors";

/// The labels of a stream: its metadata's, where they are, else those of its description.
pub(crate) struct Labels<'a> {
    metadata: Option<&'a Value>,
    description: Value,
}

impl<'a> Labels<'a> {
    pub(crate) fn of(config: &'a Value) -> Self {
        let described = config.get("description").and_then(Value::as_str);
        let description = described.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let metadata = config.get("metadata").filter(|metadata| metadata.get("aether.role").is_some());
        Self { metadata, description }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.unwrap_or(&self.description).get(key)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }
}

/// Returns how many versions the writers of a stream reserve at a time, if they do; or what is said instead of a number.
pub(crate) fn anchors(config: &Value) -> Result<Option<NonZeroU64>, String> {
    let labels = Labels::of(config);
    let said = labels.get(ANCHORS);
    let number = |said: &Value| said.as_str()?.parse().ok();
    said.map(|said| number(said).ok_or_else(|| said.to_string())).transpose()
}

/// Adds a label to a stream's configuration.
pub(crate) fn add(config: &mut Map<String, Value>, key: &str, value: &str) {
    let described = config.get("description").and_then(Value::as_str);
    let described = described.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let mut described = described.unwrap_or_default();
    described.insert(key.to_owned(), value.into());
    config.insert("description".to_owned(), Value::Object(described).to_string().into());
    if let Some(metadata) = config.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert(key.to_owned(), value.into());
    }
}
