//! The bucket's stream: as it is made, and whether one that is there will do. Pure.

use serde_json::{Value, json};

use super::error::BucketError;
use crate::name::ClusterName;

/// The bucket of a cluster as it should be.
#[derive(Debug)]
pub(crate) struct Config {
    /// `KV_` and the bucket's name.
    pub(crate) stream: String,
    prefix: String,
    replicas: Option<u8>,
}

impl Config {
    /// The bucket `aether-cluster-NAME`; with so many replicas, or as many as there are.
    pub(crate) fn new(cluster: &ClusterName, replicas: Option<u8>) -> Self {
        let bucket = format!("aether-cluster-{cluster}");
        Self { stream: format!("KV_{bucket}"), prefix: format!("$KV.{bucket}."), replicas }
    }

    /// The subject of a key, or of a pattern of keys.
    pub(crate) fn subject(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The key of a subject.
    pub(crate) fn key<'a>(&self, subject: &'a str) -> Option<&'a str> {
        subject.strip_prefix(self.prefix.as_str())
    }

    /// The configuration to create it with: that of `nats kv add`.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.stream,
            "subjects": [self.subject(">")],
            "retention": "limits",
            "discard": "new",
            "storage": "file",
            "num_replicas": self.replicas.unwrap_or(1),
            "max_age": 0,
            "max_msgs": -1,
            "max_bytes": -1,
            "max_msg_size": -1,
            "max_consumers": -1,
            // The latest is all that anybody decides by.
            "max_msgs_per_subject": 1,
            "duplicate_window": 120_000_000_000_u64,
            "allow_rollup_hdrs": true,
            // For tools: this crate decides by what the leader says alone.
            "allow_direct": true,
            "deny_delete": true,
        })
    }

    /// Checks that in the bucket that is there, values stay what they are until somebody changes them.
    pub(crate) fn check(&self, found: &Value) -> Result<(), BucketError> {
        let wanted = self.to_json();
        let same = ["subjects", "retention", "storage", "max_age"];
        let wished = self.replicas.map(|_| "num_replicas");
        for field in same.into_iter().chain(wished) {
            if field_of(&wanted, field) != field_of(found, field) {
                return self.refuse(field, &field_of(&wanted, field).to_string(), found);
            }
        }
        for field in ["mirror", "sources", "subject_transform", "no_ack", "sealed"] {
            let found_here = field_of(found, field);
            if !(found_here.is_null() || *found_here == json!(false) || *found_here == json!([])) {
                return self.refuse(field, "none", found);
            }
        }
        let is_bounded = |field| field_of(found, field).as_i64().is_some_and(|limit| limit > 0);
        // A full bucket refuses new values, or forgets old ones.
        if field_of(found, "discard") != "new" && (is_bounded("max_msgs") || is_bounded("max_bytes")) {
            return self.refuse("discard", "\"new\"", found);
        }
        Ok(())
    }

    fn refuse(&self, field: &'static str, wanted: &str, found: &Value) -> Result<(), BucketError> {
        let (wanted, found) = (wanted.to_owned(), field_of(found, field).to_string());
        Err(BucketError::Config { stream: self.stream.clone(), field, wanted, found })
    }
}

fn field_of<'a>(config: &'a Value, field: &str) -> &'a Value {
    config.get(field).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(replicas: Option<u8>) -> Config {
        Config::new(&ClusterName::new("orders").unwrap(), replicas)
    }

    #[test]
    fn keys_are_subjects_and_back() {
        let config = config(None);
        assert_eq!(config.stream, "KV_aether-cluster-orders");
        assert_eq!(config.subject("node.a"), "$KV.aether-cluster-orders.node.a");
        assert_eq!(config.key(&config.subject("node.a")), Some("node.a"));
        assert_eq!(config.key("$KV.other.node.a"), None);
    }

    #[test]
    fn what_was_created_will_do_and_so_will_what_tools_make() {
        let mut found = config(None).to_json();
        config(Some(1)).check(&found).unwrap();
        for (field, value) in [
            ("max_msgs_per_subject", json!(64)),
            ("max_bytes", json!(1 << 20)),
            ("num_replicas", json!(3)),
            ("metadata", json!({"a": "b"})),
            ("sources", Value::Null),
        ] {
            found[field] = value;
            config(None).check(&found).unwrap();
        }
    }

    #[test]
    fn a_bucket_whose_values_may_vanish_is_refused_by_field() {
        for (field, value) in [
            ("max_age", json!(1)),
            ("storage", json!("memory")),
            ("subjects", json!(["$KV.other.>"])),
            ("mirror", json!({"name": "KV_other"})),
            ("sealed", json!(true)),
            ("num_replicas", json!(3)),
        ] {
            let mut found = config(None).to_json();
            found[field] = value;
            let error = config(Some(1)).check(&found).unwrap_err();
            assert!(matches!(error, BucketError::Config { field: named, .. } if named == field), "{error}");
        }
        let mut full = config(None).to_json();
        (full["discard"], full["max_bytes"]) = (json!("old"), json!(1000));
        assert!(config(None).check(&full).is_err());
    }
}
