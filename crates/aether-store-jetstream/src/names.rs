//! The names of streams.
//!
//! A store's stream has the name that the Go original gives it: `NAME`, or `NAMESPACE_NAME` with some bytes of the
//! namespace replaced by `_`. Such names collide; so the exact pair stands in the stream's metadata and is checked on
//! open. Streams that Aether adds have a `%` in their names, which no user's name can.

use aether_core::{Namespace, StreamName};

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
        fn no_store_has_the_name_of_a_stream_that_is_ours(namespace in "\\PC{1,12}|[%/\\\\]snapshots", name in "[a-z_]{1,9}", other in "[a-z_]{1,9}") {
            let ours = snapshots(&events(None, &StreamName::new(other).unwrap()).unwrap());
            prop_assert_ne!(full(&namespace, &name), ours);
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
    fn a_name_that_leaves_no_room_is_refused() {
        let (namespace, name) = ("%".repeat(64), "n".repeat(128));
        let result = events(Some(&Namespace::new(namespace).unwrap()), &StreamName::new(name).unwrap());
        assert_eq!(result, Err(321));
    }
}
