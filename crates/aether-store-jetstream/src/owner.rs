//! Whose a stream is: said in its metadata, and in its description for servers that drop metadata. Pure.

use aether_core::Namespace;
use serde_json::{Map, Value};

use crate::OpenError;
use crate::config::{Role, Wanted};
use crate::labels::Labels;
use crate::partition::Partition;

const OWNER: [&str; 5] =
    ["aether.role", "aether.namespace", "aether.name", "aether.partition", "aether.partitions"];

impl Wanted<'_> {
    pub(crate) fn owner(&self) -> Map<String, Value> {
        let role = match self.role {
            Role::Events => "events",
            Role::Snapshots => "snapshots",
            Role::Partitions => "partitions",
        };
        let (partition, count) = match (self.role, self.streams.partition) {
            (_, Partition::WHOLE) => (None, None),
            (Role::Partitions, Partition { of, .. }) => (None, Some(of.to_string())),
            (_, partition) => (Some(partition.to_string()), None),
        };
        let namespace = self.namespace.map(Namespace::as_str);
        let name = Some(self.name.as_str());
        let values = [Some(role), namespace, name, partition.as_deref(), count.as_deref()];
        let pairs = OWNER.iter().zip(values);
        pairs.filter_map(|(key, value)| Some(((*key).to_owned(), value?.into()))).collect()
    }

    /// Says that the store, whose stream this is, has so many partitions.
    pub(crate) fn other_count(&self, found: u32) -> OpenError {
        OpenError::Partitions { stream: self.stream.to_owned(), wanted: self.streams.partition.of, found }
    }

    /// Checks that what is there is this stream, whatever is to be said of its configuration.
    pub(crate) fn check_owner(&self, found: &Value) -> Result<(), OpenError> {
        let said = Labels::of(found);
        let ours = self.owner();
        if OWNER.iter().all(|key| said.get(key) == ours.get(*key)) {
            return Ok(());
        }
        let is_of_same_store =
            ["aether.namespace", "aether.name"].iter().all(|key| said.get(key) == ours.get(*key));
        let count = match said.text("aether.role") {
            Some("events") if self.role == Role::Partitions => Some(1),
            Some("partitions") => said.text("aether.partitions").and_then(|count| count.parse().ok()),
            _ => None,
        };
        if let Some(count) = count.filter(|_| is_of_same_store) {
            return Err(self.other_count(count));
        }
        let by = match (said.text("aether.role"), said.text("aether.name")) {
            (Some(role), Some(name)) => {
                let namespace =
                    said.text("aether.namespace").map(|name| format!(" in the namespace {name:?}"));
                let partition =
                    said.text("aether.partition").map(|partition| format!(", partition {partition}"));
                let (namespace, partition) = (namespace.unwrap_or_default(), partition.unwrap_or_default());
                format!("the {role} of the store {name:?}{namespace}{partition}")
            }
            _ => "something that is no store of Aether".to_owned(),
        };
        Err(OpenError::NameTaken { stream: self.stream.to_owned(), by })
    }
}

#[cfg(test)]
mod tests {
    use aether_core::StreamName;

    use super::*;
    use crate::config::{Wishes, both, named};
    use crate::names::Streams;

    /// The streams of a partition of the store `orders`, and the one that tells how many there are.
    fn orders(partition: Partition, check: impl Fn(&[Wanted<'_>])) {
        let (streams, name) = (Streams::new("orders", partition), StreamName::new("orders").unwrap());
        let both = || both(&streams, None, &name, Wishes::default(), 2);
        check(&both().into_iter().chain([named(both())]).collect::<Vec<_>>());
    }

    #[test]
    fn a_stream_of_another_partition_is_refused_and_named() {
        let partition = |index, of| Partition { index, of };
        for (ours, other, by) in [
            (partition(1, 4), partition(1, 8), ", partition 1of8"),
            (partition(1, 4), partition(2, 4), ", partition 2of4"),
            (partition(0, 4), Partition::WHOLE, "of the store \"orders\""),
            (Partition::WHOLE, partition(0, 4), ", partition 0of4"),
        ] {
            orders(other, |there| {
                orders(ours, |wanted| {
                    for (wanted, there) in wanted.iter().zip(there).take(2) {
                        let Err(OpenError::NameTaken { by: said, .. }) = wanted.check(&there.to_json())
                        else {
                            panic!("{ours}")
                        };
                        assert!(said.ends_with(by), "{said}");
                    }
                });
            });
        }
    }

    #[test]
    fn another_number_of_partitions_is_said_by_the_stream_that_all_of_them_would_have() {
        let of = |count: u32| if count == 1 { Partition::WHOLE } else { Partition { index: 0, of: count } };
        for (ours, theirs) in [(1, 4), (4, 1), (4, 8), (8, 4), (4, 4)] {
            orders(of(theirs), |there| {
                orders(of(ours), |wanted| {
                    assert_eq!(wanted[2].stream, there[2].stream);
                    match wanted[2].check(&there[2].to_json()) {
                        Ok(_) => assert_eq!(ours, theirs),
                        Err(OpenError::Partitions { wanted, found, .. }) => {
                            assert_eq!((wanted, found), (ours, theirs));
                        }
                        Err(error) => panic!("{error}"),
                    }
                });
            });
        }
    }
}
