//! The names of streams.
//!
//! A store's stream has the name that the Go original gives it: `NAME`, or `NAMESPACE_NAME` with some bytes of the
//! namespace replaced by `_`. Such names collide; so the exact pair stands in the stream's metadata and is checked on
//! open. Streams that Aether adds have a `%` in their names, with what no user's name has after it.

use aether_core::{Namespace, StreamName};

use crate::partition::Partition;

/// The longest name of a store's stream: with what is added to it, below the 255 bytes that the server allows.
pub(crate) const MAX_BYTES: usize = 200;

/// Returns the name of the stream of events, or its length when it is too long.
pub(crate) fn events(namespace: Option<&Namespace>, name: &StreamName) -> Result<String, usize> {
    let full = match namespace {
        Some(namespace) => format!("{}_{name}", part(namespace)),
        None => name.as_str().to_owned(),
    };
    if full.len() > MAX_BYTES { Err(full.len()) } else { Ok(full) }
}

/// The streams of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Streams {
    /// What the stream of events is called, or would be if it were the only one.
    pub(crate) store: String,
    pub(crate) partition: Partition,
    pub(crate) events: String,
    pub(crate) snapshots: String,
}

impl Streams {
    pub(crate) fn new(store: &str, partition: Partition) -> Self {
        let events = partitioned(store, partition);
        Self { store: store.to_owned(), partition, snapshots: snapshots(&events), events }
    }
}

/// Returns the name of the stream of events of a partition.
fn partitioned(store: &str, partition: Partition) -> String {
    if partition.is_whole() { store.to_owned() } else { format!("{store}%p{partition}") }
}

/// Returns the name of the stream of snapshots beside a stream of events.
pub(crate) fn snapshots(events: &str) -> String {
    format!("{events}%snapshots")
}

/// Makes a namespace a part of a stream name: as the Go original does where that gives a name at all, and with `%XX` for
/// the bytes with which it would not.
fn part(namespace: &Namespace) -> String {
    let mut out = String::new();
    for character in namespace.as_str().chars() {
        match u8::try_from(character) {
            Ok(b' ' | b'.' | b'*' | b'>') => out.push('_'),
            Ok(byte @ (0..0x20 | 0x7f | b'/' | b'\\' | b'%')) => out.push_str(&format!("%{byte:02X}")),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn full(namespace: &str, name: &str) -> String {
        events(Some(&Namespace::new(namespace).unwrap()), &StreamName::new(name).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn every_name_is_one_that_nats_takes(namespace in "\\PC{1,12}|[\\x00-\\x20./\\\\*>%]{1,9}", name in "[a-z_]{1,9}") {
            let full = full(&namespace, &name);
            prop_assert!(!full.bytes().any(|b| b <= b' ' || b == 0x7f || b".*>/\\".contains(&b)), "{}", full);
        }

        #[test]
        fn no_store_has_the_name_of_a_stream_that_is_ours(namespace in "\\PC{1,12}|[a-z_]?[%/\\\\](snapshots|p[0-9]of[0-9])", name in "[a-z_]{1,9}", other in "[a-z_]{1,9}", of in 2_u32..9) {
            let full = full(&namespace, &name);
            for partition in Partition::all(of).chain([Partition::WHOLE]) {
                let ours = Streams::new(&other, partition);
                prop_assert_ne!(&full, &ours.snapshots);
                prop_assert!(partition.is_whole() || full != ours.events);
            }
        }
    }

    #[test]
    fn names_are_those_of_the_go_original() {
        assert_eq!(full("acme", "orders"), "acme_orders");
        assert_eq!(full("a.b", "events"), "a_b_events");
        assert_eq!(full("a", "b_events"), "a_b_events");
        assert_eq!(events(None, &StreamName::new("orders").unwrap()), Ok("orders".to_owned()));
        assert_eq!(full("a/b", "x"), "a%2Fb_x");
    }

    #[test]
    fn partitions_have_streams_of_their_own() {
        let names = |partition| {
            let Streams { events, snapshots, .. } = Streams::new("acme_orders", partition);
            (events, snapshots)
        };
        let owned = |(events, snapshots): (&str, &str)| (events.to_owned(), snapshots.to_owned());
        assert_eq!(names(Partition::WHOLE), owned(("acme_orders", "acme_orders%snapshots")));
        let second = names(Partition { index: 1, of: 4 });
        assert_eq!(second, owned(("acme_orders%p1of4", "acme_orders%p1of4%snapshots")));
    }

    #[test]
    fn the_longest_name_is_one_that_the_server_takes() {
        let last = Partition { index: crate::partition::MOST - 1, of: crate::partition::MOST };
        assert!(Streams::new(&"n".repeat(MAX_BYTES), last).snapshots.len() <= 255);
    }

    #[test]
    fn a_name_that_leaves_no_room_is_refused() {
        let (namespace, name) = ("%".repeat(64), "n".repeat(128));
        let result = events(Some(&Namespace::new(namespace).unwrap()), &StreamName::new(name).unwrap());
        assert_eq!(result, Err(321));
    }
}
