//! The configurations of streams: what is wanted, and how it differs from what is there. Pure.

use std::time::Duration;

use aether_core::{Namespace, StreamName};
use serde_json::{Map, Value, json};

use crate::error::OpenError;
use crate::labels::{self, ANCHORS, anchors};
use crate::layout::Layout;
use crate::names::Streams;
use crate::{Retention, subject};

/// What a stream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Events,
    Snapshots,
    /// Nothing, but that there are several partitions: it has the name that the stream of events has where there is one, so
    /// that a store has one number of partitions only, by the server's own check of names.
    Partitions,
}

/// What the caller wishes; what is not said is the default on creation, and taken as it is on open.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wishes {
    pub(crate) replicas: Option<u8>,
    pub(crate) retention: Option<Retention>,
    /// How many versions to reserve at a time, if any.
    pub(crate) anchors: Option<u64>,
    /// Whether an existing stream is changed to what is wished, where that is harmless.
    pub(crate) change: bool,
}

/// What can be changed on a stream without harm to what is in it or to who else uses it.
const HARMLESS: [&str; 6] = ["num_replicas", "max_age", "allow_direct", "deny_delete", "deny_purge", ANCHORS];

/// A stream as it should be.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) stream: &'a str,
    /// Both streams of the partition: the subjects of both begin with the name of that of events.
    pub(crate) streams: &'a Streams,
    pub(crate) namespace: Option<&'a Namespace>,
    pub(crate) name: &'a StreamName,
    pub(crate) role: Role,
    pub(crate) wishes: Wishes,
    /// The level of the server's API: what it does not know it would ignore.
    pub(crate) api_level: u64,
}

impl Wanted<'_> {
    /// Returns the configuration to create the stream with.
    pub(crate) fn to_json(&self) -> Value {
        let (subjects, retention, per_subject) = match self.role {
            Role::Events => {
                let subjects = vec![subject::all_events(&self.streams.events)];
                (subjects, self.wishes.retention.unwrap_or_default(), -1)
            }
            // The latest is enough, and must not expire with the events that it covers.
            Role::Snapshots => {
                let events = &self.streams.events;
                let subjects = [subject::all_snapshots(events), subject::all_anchors(events)];
                (subjects.to_vec(), Retention::Forever, 1)
            }
            Role::Partitions => (vec![subject::partitions(&self.streams.store)], Retention::Forever, 1),
        };
        let mut config = json!({
            "name": self.stream,
            "subjects": subjects,
            "retention": "limits",
            "discard": "old",
            "storage": "file",
            "num_replicas": self.wishes.replicas.unwrap_or(1),
            "max_age": retention.nanos(),
            "max_msgs": -1,
            "max_bytes": -1,
            "max_msg_size": -1,
            "max_consumers": -1,
            "max_msgs_per_subject": per_subject,
            "allow_direct": true,
            "no_ack": false,
            "sealed": false,
            "deny_delete": true,
            // Replacing a snapshot is no purge, but being rid of all of them is harmless.
            "deny_purge": self.role != Role::Snapshots,
            "metadata": self.labels(),
            // Servers before 2.10 drop the metadata without a word.
            "description": Value::Object(self.labels()).to_string(),
        });
        if let Some(config) = config.as_object_mut()
            && self.role == Role::Events
            && self.api_level >= 2
        {
            config.insert("allow_atomic".to_owned(), true.into());
        }
        config
    }

    /// The owner, and what else every writer must know.
    fn labels(&self) -> Map<String, Value> {
        let mut labels = self.owner();
        if let Some(anchors) = self.wished_anchors() {
            labels.insert(ANCHORS.to_owned(), anchors.into());
        }
        labels
    }

    /// The wish for anchors, on the stream that says it.
    fn wished_anchors(&self) -> Option<String> {
        let wished = self.wishes.anchors.filter(|_| self.role == Role::Events);
        wished.map(|anchors| anchors.to_string())
    }

    /// Checks that what is there is this stream, and good enough.
    pub(crate) fn check(&self, found: &Value) -> Result<Layout, OpenError> {
        let wished = [
            ("num_replicas", self.wishes.replicas.is_some()),
            ("max_age", self.wishes.retention.is_some() || self.role != Role::Events),
        ];
        let wished = wished.into_iter().filter_map(|(field, said)| said.then_some(field));
        if Layout::is_go(self.stream, found) {
            match (self.role, self.streams.partition.is_whole()) {
                (Role::Events, true) => return self.compare(found, wished).map(|()| Layout::Go),
                (Role::Partitions, _) => return Err(self.other_count(1)),
                // The Go original knows no partitions: what has the name of one is not its.
                _ => {}
            }
        }
        self.check_owner(found)?;
        let always = [
            "subjects",
            "retention",
            "storage",
            "max_msgs",
            "max_bytes",
            "max_msgs_per_subject",
            "allow_direct",
            "deny_delete",
            "deny_purge",
            "no_ack",
            "sealed",
            "mirror",
            "sources",
            "subject_transform",
        ];
        self.compare(found, always.into_iter().chain(wished))?;
        self.check_anchors(found)?;
        Ok(Layout::Aether)
    }

    fn check_anchors(&self, found: &Value) -> Result<(), OpenError> {
        let (said, wished) = (anchors(found), self.wishes.anchors.filter(|_| self.role == Role::Events));
        let found = match said {
            Ok(said) if wished.is_none_or(|wished| said.is_some_and(|said| said.get() == wished)) => {
                return Ok(());
            }
            Ok(said) => said.map_or_else(|| "none".to_owned(), |said| said.to_string()),
            Err(said) => said,
        };
        let wanted = wished.map_or_else(|| "a number above 0".to_owned(), |wished| wished.to_string());
        Err(OpenError::Config { stream: self.stream.to_owned(), field: ANCHORS, wanted, found })
    }

    /// Returns the configuration to change the stream to, if it was asked for and is harmless.
    pub(crate) fn change(&self, found: &Value, error: &OpenError) -> Option<Value> {
        let asked = self.wishes.change && !Layout::is_go(self.stream, found);
        if !asked || !matches!(error, OpenError::Config { field, .. } if HARMLESS.contains(field)) {
            return None;
        }
        let (mut changed, wanted) = (found.clone(), self.to_json());
        let wished = |field: &str| match field {
            "num_replicas" => self.wishes.replicas.is_some(),
            "max_age" => self.wishes.retention.is_some() || self.role != Role::Events,
            _ => true,
        };
        for field in HARMLESS.into_iter().filter(|field| *field != ANCHORS && wished(field)) {
            changed.as_object_mut()?.insert(field.to_owned(), wanted.get(field)?.clone());
        }
        if let Some(anchors) = self.wished_anchors() {
            labels::add(changed.as_object_mut()?, ANCHORS, &anchors);
        }
        Some(changed)
    }

    /// Compares what is there with what is wanted, field by field.
    fn compare(&self, found: &Value, fields: impl Iterator<Item = &'static str>) -> Result<(), OpenError> {
        let wanted = self.to_json();
        for field in fields {
            let (want, found) =
                (wanted.get(field).unwrap_or(&Value::Null), found.get(field).unwrap_or(&Value::Null));
            if want != found && !(found.is_null() && *want == json!(false)) {
                let (wanted, found, stream) =
                    (shown(field, want), shown(field, found), self.stream.to_owned());
                return Err(OpenError::Config { stream, field, wanted, found });
            }
        }
        Ok(())
    }
}

/// Writes a value of a field as people read it.
fn shown(field: &str, value: &Value) -> String {
    match (field, value.as_u64()) {
        ("max_age", Some(0)) => "for ever".to_owned(),
        ("max_age", Some(nanos)) => format!("{:?}", Duration::from_nanos(nanos)),
        _ => value.to_string(),
    }
}

/// Returns both streams of a partition.
pub(crate) fn both<'a>(
    streams: &'a Streams,
    namespace: Option<&'a Namespace>,
    name: &'a StreamName,
    wishes: Wishes,
    api_level: u64,
) -> [Wanted<'a>; 2] {
    let wanted = |stream, role| Wanted { stream, streams, namespace, name, role, wishes, api_level };
    [wanted(&streams.events, Role::Events), wanted(&streams.snapshots, Role::Snapshots)]
}

/// Returns the stream that has the name of the store, and so tells how many partitions there are: that of events, or one
/// that says only this.
pub(crate) fn named<'a>([events, _]: [Wanted<'a>; 2]) -> Wanted<'a> {
    let role = if events.streams.partition.is_whole() { Role::Events } else { Role::Partitions };
    Wanted { stream: &events.streams.store, role, ..events }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::names;
    use crate::partition::Partition;

    fn with(namespace: Option<&str>, name: &str, wishes: Wishes, check: impl Fn(&Wanted<'_>)) {
        let (namespace, name) =
            (namespace.map(|n| Namespace::new(n).unwrap()), StreamName::new(name).unwrap());
        let store = names::events(namespace.as_ref(), &name).unwrap();
        for partition in Partition::all(3).chain([Partition::WHOLE]) {
            let streams = Streams::new(&store, partition);
            both(&streams, namespace.as_ref(), &name, wishes, 2).iter().for_each(&check);
        }
    }

    #[test]
    fn what_was_created_is_good_enough() {
        with(Some("a.b"), "events", Wishes::default(), |wanted| {
            assert!(wanted.check(&wanted.to_json()).is_ok());
        });
    }

    #[test]
    fn the_owner_is_known_where_the_server_drops_metadata() {
        with(Some("a.b"), "events", Wishes::default(), |wanted| {
            let mut there = wanted.to_json();
            there.as_object_mut().unwrap().remove("metadata");
            wanted.check(&there).unwrap();
            there["description"] = json!("orders of the shop");
            assert!(matches!(wanted.check(&there), Err(OpenError::NameTaken { .. })));
        });
    }

    #[test]
    fn a_look_alike_store_is_refused_and_named() {
        with(Some("a"), "b_events", Wishes::default(), |other| {
            let there = other.to_json();
            with(Some("a.b"), "events", Wishes::default(), |wanted| {
                let error = wanted.check(&there).unwrap_err();
                let OpenError::NameTaken { by, .. } = error else { panic!("{error}") };
                assert!(by.contains("\"b_events\"") && by.contains("\"a\""), "{by}");
            });
        });
    }

    #[test]
    fn a_stream_that_drops_or_rewrites_history_is_refused_by_field() {
        for (field, bad) in [
            ("max_msgs", json!(1000)),
            ("max_bytes", json!(1)),
            ("max_msgs_per_subject", json!(5)),
            ("deny_delete", json!(false)),
            ("allow_direct", json!(false)),
            ("retention", json!("workqueue")),
            ("storage", json!("memory")),
            ("subjects", json!(["x.>"])),
        ] {
            with(None, "orders", Wishes::default(), |wanted| {
                let mut there = wanted.to_json();
                there[field] = bad.clone();
                let error = wanted.check(&there).unwrap_err();
                assert!(matches!(error, OpenError::Config { field: named, .. } if named == field), "{error}");
            });
        }
    }

    #[test]
    fn only_what_is_harmless_is_changed_and_only_on_request() {
        let asked = Wishes { retention: Some(Retention::Forever), change: true, ..Wishes::default() };
        for (wishes, field, bad, changes) in [
            (asked, "max_age", json!(7), true),
            (asked, "deny_purge", json!(null), true),
            (asked, "max_msgs", json!(7), false),
            (asked, "storage", json!("memory"), false),
            (Wishes { change: false, ..asked }, "max_age", json!(7), false),
        ] {
            with(None, "orders", wishes, |wanted| {
                let mut there = wanted.to_json();
                there["num_replicas"] = json!(3);
                there[field] = bad.clone();
                let Err(error) = wanted.check(&there) else { return };
                let changed = wanted.change(&there, &error);
                assert_eq!(changed.is_some(), changes, "{field}");
                if let Some(changed) = changed {
                    assert!(wanted.check(&changed).is_ok());
                    assert_eq!(changed["num_replicas"], 3, "not wished for");
                }
            });
        }
    }

    #[test]
    fn anchors_are_said_to_every_writer_and_turned_on_on_request() {
        let wishes = |anchors, change| Wishes { anchors: Some(anchors), change, ..Wishes::default() };
        with(None, "orders", wishes(100, false), |wanted| {
            let there = wanted.to_json();
            let of_events = (wanted.role == Role::Events).then(|| NonZeroU64::new(100).unwrap());
            assert_eq!(anchors(&there), Ok(of_events));
            let mut without_metadata = there.clone();
            without_metadata.as_object_mut().unwrap().remove("metadata");
            assert_eq!(anchors(&without_metadata), Ok(of_events));
            wanted.check(&there).unwrap();
            with(None, "orders", Wishes::default(), |plain| assert!(anchors(&plain.to_json()).is_ok()));
        });
        let theirs = |change| {
            with(None, "orders", wishes(100, change), |wanted| {
                if wanted.role != Role::Events {
                    return;
                }
                for there in [Wishes::default(), wishes(7, false)] {
                    with(None, "orders", there, |there| {
                        if there.stream != wanted.stream {
                            return;
                        }
                        let there = there.to_json();
                        let error = wanted.check(&there).unwrap_err();
                        assert!(matches!(error, OpenError::Config { field: ANCHORS, .. }), "{error}");
                        let changed = wanted.change(&there, &error);
                        assert_eq!(changed.is_some(), change);
                        changed.iter().for_each(|changed| assert!(wanted.check(changed).is_ok()));
                    });
                }
            });
        };
        theirs(true);
        theirs(false);
    }

    #[test]
    fn what_is_no_number_of_anchors_is_refused_whatever_is_wished() {
        with(None, "orders", Wishes::default(), |wanted| {
            for said in [json!("0"), json!("many"), json!(7)] {
                let mut there = wanted.to_json();
                there["metadata"][ANCHORS] = said;
                let error = wanted.check(&there).unwrap_err();
                assert!(matches!(error, OpenError::Config { field: ANCHORS, .. }), "{error}");
            }
        });
    }

    #[test]
    fn only_what_is_wished_for_must_agree() {
        with(None, "orders", Wishes::default(), |wanted| {
            let mut there = wanted.to_json();
            there["num_replicas"] = json!(3);
            wanted.check(&there).unwrap();
        });
        let retention = Some(Retention::For(Duration::from_secs(60)));
        let wishes = Wishes { replicas: Some(1), retention, ..Wishes::default() };
        with(None, "orders", wishes, |wanted| {
            let mut there = wanted.to_json();
            there["num_replicas"] = json!(3);
            assert!(wanted.check(&there).is_err());
        });
    }

    #[test]
    fn what_looks_like_a_stream_of_the_go_original_is_no_partition() {
        let streams = Streams::new("orders", Partition { index: 0, of: 2 });
        let there = json!({
            "subjects": ["orders%p0of2.events.>", "orders%p0of2.snapshots.>"], "retention": "limits"
        });
        let [events, _] = both(&streams, None, &StreamName::new("orders").unwrap(), Wishes::default(), 2)
            .map(|wanted| wanted.check(&there));
        assert!(matches!(events, Err(OpenError::NameTaken { .. })), "{events:?}");
    }
}
