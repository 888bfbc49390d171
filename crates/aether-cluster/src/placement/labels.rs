//! What a node says of itself. Pure.

use std::collections::BTreeMap;

use aether_core::id::InvalidText;
use serde::{Deserialize, Serialize};

use crate::text::check;

/// What a node says of itself, as names with values: its `zone`, and whatever else operators want to see.
///
/// Names and values have 1 to 64 bytes without control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// The name of the label that says in which zone a node is: what fails together.
    pub const ZONE: &'static str = "zone";

    /// Returns no labels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the labels of a node in this zone.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when the zone is empty, longer than 64 bytes, or has a control character.
    pub fn in_zone(zone: impl Into<String>) -> Result<Self, InvalidText> {
        Self::new().with(Self::ZONE, zone)
    }

    /// Adds a label, in place of one of that name.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when name or value is empty, longer than 64 bytes, or has a control character.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Result<Self, InvalidText> {
        let (name, value) = (name.into(), value.into());
        check("name of a label", &name, 64, |byte| byte.is_ascii_control())?;
        check("value of a label", &value, 64, |byte| byte.is_ascii_control())?;
        self.0.insert(name, value);
        Ok(self)
    }

    /// Returns the value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the zone, if the node says one.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.get(Self::ZONE)
    }

    /// Says whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl TryFrom<BTreeMap<String, String>> for Labels {
    type Error = InvalidText;

    fn try_from(labels: BTreeMap<String, String>) -> Result<Self, InvalidText> {
        labels.into_iter().try_fold(Self::new(), |labels, (name, value)| labels.with(name, value))
    }
}

impl From<Labels> for BTreeMap<String, String> {
    fn from(labels: Labels) -> Self {
        labels.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_an_object_in_json_and_are_checked_when_they_are_read() {
        let labels = Labels::in_zone("eu-1a").unwrap().with("disk", "fast").unwrap();
        assert_eq!(
            (labels.zone(), labels.get("disk"), labels.get("rack")),
            (Some("eu-1a"), Some("fast"), None)
        );
        let json = serde_json::to_string(&labels).unwrap();
        assert_eq!(json, r#"{"disk":"fast","zone":"eu-1a"}"#);
        assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), labels);
        for bad in [r#"{"":"a"}"#, r#"{"a":""}"#, r#"{"a":"\n"}"#] {
            assert!(serde_json::from_str::<Labels>(bad).is_err(), "{bad}");
        }
    }
}
