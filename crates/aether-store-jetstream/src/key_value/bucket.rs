//! A bucket's stream: as it is made, and whether one that is there will do. Pure.

use aether_core::StreamName;
use serde_json::{Value, json};

use crate::OpenError;

/// A bucket as it should be.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// `KV_` and the bucket's name.
    pub(crate) stream: String,
    /// What the subjects of keys begin with.
    pub(crate) prefix: String,
    pub(crate) replicas: Option<u8>,
}

impl Bucket {
    pub(crate) fn new(name: &StreamName, replicas: Option<u8>) -> Result<Self, OpenError> {
        // `nats.go`, `validBucketRe`.
        if name.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return Ok(Self { stream: format!("KV_{name}"), prefix: format!("$KV.{name}."), replicas });
        }
        Err(OpenError::InvalidBucket { bucket: name.to_string() })
    }

    /// Returns the subjects of all keys.
    pub(crate) fn subjects(&self) -> String {
        format!("{}>", self.prefix)
    }

    /// Returns the configuration to create it with: that of `nats kv add`.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.stream,
            "subjects": [self.subjects()],
            "retention": "limits",
            "discard": "new",
            "storage": "file",
            "num_replicas": self.replicas.unwrap_or(1),
            "max_age": 0,
            "max_msgs": -1,
            "max_bytes": -1,
            "max_msg_size": -1,
            "max_consumers": -1,
            "max_msgs_per_subject": 1,
            "duplicate_window": 120_000_000_000_u64,
            "allow_rollup_hdrs": true,
            "allow_direct": true,
            "deny_delete": true,
        })
    }

    /// Returns the configuration to create it with where it is to change several keys together.
    pub(crate) fn to_atomic_json(&self) -> Value {
        atomic(self.to_json())
    }

    /// Checks that in the bucket that is there, values stay what they are until somebody changes them.
    pub(crate) fn check(&self, found: &Value) -> Result<(), OpenError> {
        let wanted = self.to_json();
        let refuse = |field, wanted: &str, found: &Value| {
            let (wanted, found, stream) = (wanted.to_owned(), found.to_string(), self.stream.clone());
            Err(OpenError::Config { stream, field, wanted, found })
        };
        let same = ["subjects", "retention", "storage", "max_age"];
        let wished = self.replicas.map(|_| "num_replicas");
        for field in same.into_iter().chain(wished) {
            let (want, found) = (field_of(&wanted, field), field_of(found, field));
            if want != found {
                return refuse(field, &want.to_string(), found);
            }
        }
        for field in ["mirror", "sources", "subject_transform", "no_ack", "sealed"] {
            let found = field_of(found, field);
            let is_none = found.is_null() || *found == json!(false) || *found == json!([]);
            if !is_none {
                return refuse(field, "none", found);
            }
        }
        if field_of(found, "max_msgs_per_subject").as_i64().is_some_and(|history| history < 1) {
            return refuse("max_msgs_per_subject", "1 or more", field_of(found, "max_msgs_per_subject"));
        }
        let is_bounded = |field| field_of(found, field).as_i64().is_some_and(|limit| limit > 0);
        // A full bucket refuses new values, or forgets old ones.
        if field_of(found, "discard") != "new" && (is_bounded("max_msgs") || is_bounded("max_bytes")) {
            return refuse("discard", "\"new\"", field_of(found, "discard"));
        }
        Ok(())
    }
}

/// Says whether several keys can be changed together in the bucket that is there.
pub(crate) fn is_atomic(found: &Value) -> bool {
    field_of(found, ATOMIC) == true
}

/// Returns the configuration with which they can.
pub(crate) fn atomic(mut config: Value) -> Value {
    if let Some(fields) = config.as_object_mut() {
        fields.insert(ATOMIC.to_owned(), true.into());
    }
    config
}

/// Of ADR-50 of NATS.
const ATOMIC: &str = "allow_atomic";

fn field_of<'a>(config: &'a Value, field: &str) -> &'a Value {
    config.get(field).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(replicas: Option<u8>) -> Bucket {
        Bucket::new(&StreamName::new("leases").unwrap(), replicas).unwrap()
    }

    #[test]
    fn what_was_created_will_do_and_so_will_what_tools_make() {
        let mut found = bucket(None).to_json();
        bucket(Some(1)).check(&found).unwrap();
        for (field, value) in [
            ("max_msgs_per_subject", json!(64)),
            ("max_bytes", json!(1 << 20)),
            ("num_replicas", json!(3)),
            ("metadata", json!({"a": "b"})),
            ("sources", Value::Null),
            ("republish", json!({"src": ">", "dest": "copy.>"})),
        ] {
            found[field] = value;
            bucket(None).check(&found).unwrap();
        }
    }

    #[test]
    fn a_bucket_whose_values_may_vanish_is_refused() {
        for (field, value) in [
            ("max_age", json!(1)),
            ("storage", json!("memory")),
            ("subjects", json!(["$KV.other.>"])),
            ("mirror", json!({"name": "KV_other"})),
            ("sources", json!([{"name": "KV_other"}])),
            ("sealed", json!(true)),
            ("max_msgs_per_subject", json!(-1)),
            ("num_replicas", json!(3)),
        ] {
            let mut found = bucket(None).to_json();
            found[field] = value;
            let error = bucket(Some(1)).check(&found).unwrap_err();
            assert!(matches!(error, OpenError::Config { field: named, .. } if named == field), "{error}");
        }
        let mut full = bucket(None).to_json();
        (full["discard"], full["max_bytes"]) = (json!("old"), json!(1000));
        assert!(bucket(None).check(&full).is_err());
    }

    #[test]
    fn a_bucket_is_atomic_where_it_says_so() {
        let bucket = bucket(None);
        let found = bucket.to_atomic_json();
        bucket.check(&found).unwrap();
        assert!(is_atomic(&found) && !is_atomic(&bucket.to_json()));
        assert_eq!(atomic(bucket.to_json()), found);
    }

    #[test]
    fn a_name_that_tools_refuse_is_refused() {
        let name = StreamName::new("a b".replace(' ', "é")).unwrap();
        assert!(matches!(Bucket::new(&name, None), Err(OpenError::InvalidBucket { .. })));
    }
}
