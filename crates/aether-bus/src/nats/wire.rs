//! The wire form: what stands in a message. Pure; version 1, written down in `docs/bus.md`.
//!
//! ```text
//! aether-bus 1 NODE STREAM FIRST AGE\n    NODE: 32 hexadecimal digits; the others: decimal
//! LENGTH\nJSON\n                          for each: 8 hexadecimal digits, and so many bytes
//! ```
//!
//! A node numbers what it publishes to one subject: that is a *stream*, with a number that the node does not use again. `FIRST` is
//! the number, from 1, of the message's first entry. A message without entries says which number comes next. `AGE` is for how many
//! milliseconds the stream has been there.

use std::ops::Range;

use bytes::Bytes;

/// The name of the form, and its version.
const MAGIC: &str = "aether-bus 1 ";
const NAME: &str = "aether-bus ";

/// Names a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NodeNumber(pub(crate) u128);

/// What the first line of a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) node: NodeNumber,
    pub(crate) stream: u64,
    pub(crate) first: u64,
    /// In milliseconds.
    pub(crate) age: u64,
}

/// A message: its head, and where its entries are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) head: Head,
    pub(crate) entries: Vec<Range<usize>>,
}

/// Why a message is none of a bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it does not begin with `aether-bus`: somebody else published it")]
    Foreign,
    #[error("it is of another version of the bus than 1")]
    Version,
    #[error("its first line is not `aether-bus 1 NODE STREAM FIRST AGE`")]
    Head,
    #[error("its subject is that of no namespace")]
    Subject,
    #[error("its entries are not of the lengths that are said")]
    Entries,
}

/// Begins a message.
pub(crate) fn begin(head: Head, out: &mut Vec<u8>) {
    let Head { node: NodeNumber(node), stream, first, age } = head;
    out.extend_from_slice(format!("{MAGIC}{node:032x} {stream} {first} {age}\n").as_bytes());
}

/// Appends an entry, which `write` writes.
pub(crate) fn entry(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(b"00000000\n");
    let start = out.len();
    write(out);
    let digits = format!("{:08x}", out.len() - start);
    if let Some(place) = out.get_mut(at..at + 8) {
        place.copy_from_slice(digits.as_bytes().get(..8).unwrap_or(b"ffffffff"));
    }
    out.push(b'\n');
}

/// Reads a message's first line, and where the rest begins.
pub(crate) fn head(payload: &[u8]) -> Result<(Head, usize), Fault> {
    let Some(rest) = payload.strip_prefix(MAGIC.as_bytes()) else {
        let is_ours = payload.starts_with(NAME.as_bytes());
        return Err(if is_ours { Fault::Version } else { Fault::Foreign });
    };
    // Longer than any that is written, so that nobody has it searched in vain.
    let line = rest.iter().take(128).position(|byte| *byte == b'\n').ok_or(Fault::Head)?;
    let text = rest.get(..line).and_then(|line| std::str::from_utf8(line).ok()).ok_or(Fault::Head)?;
    let mut words = text.split(' ');
    let mut word = || words.next();
    let head = match (word(), word(), word(), word(), word()) {
        (Some(node), Some(stream), Some(first), Some(age), None) => numbers(node, stream, first, age),
        _ => None,
    };
    Ok((head.ok_or(Fault::Head)?, MAGIC.len() + line + 1))
}

fn numbers(node: &str, stream: &str, first: &str, age: &str) -> Option<Head> {
    let decimal = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let is_node = node.len() == 32 && node.bytes().all(|b| b.is_ascii_hexdigit());
    let node = is_node.then(|| u128::from_str_radix(node, 16).ok()).flatten()?;
    let head =
        Head { node: NodeNumber(node), stream: decimal(stream)?, first: decimal(first)?, age: decimal(age)? };
    (head.first > 0).then_some(head)
}

/// Reads where a message's entries are.
pub(crate) fn frame(payload: &Bytes) -> Result<Frame, Fault> {
    let (head, mut at) = head(payload)?;
    let mut entries = Vec::new();
    while at < payload.len() {
        let start = at + 9;
        let length = payload.get(at..start).and_then(length).ok_or(Fault::Entries)?;
        let end = start.checked_add(length).ok_or(Fault::Entries)?;
        if payload.get(end) != Some(&b'\n') {
            return Err(Fault::Entries);
        }
        entries.push(start..end);
        at = end + 1;
    }
    head.first.checked_add(entries.len() as u64).ok_or(Fault::Entries)?;
    Ok(Frame { head, entries })
}

fn length(digits: &[u8]) -> Option<usize> {
    let digits = std::str::from_utf8(digits.strip_suffix(b"\n")?).ok()?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| usize::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(head: Head, entries: &[Vec<u8>]) -> Bytes {
        let mut out = Vec::new();
        begin(head, &mut out);
        entries.iter().for_each(|bytes| entry(&mut out, |out| out.extend_from_slice(bytes)));
        out.into()
    }

    proptest! {
        #[test]
        fn a_message_is_read_as_it_was_written(
            node in any::<u128>(),
            stream in any::<u64>(),
            first in 1..u64::MAX - 10,
            entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..5),
        ) {
            let head = Head { node: NodeNumber(node), stream, first, age: 5 };
            let payload = written(head, &entries);
            let frame = frame(&payload).unwrap();
            prop_assert_eq!(frame.head, head);
            let read: Vec<_> = frame.entries.into_iter().map(|range| payload[range].to_vec()).collect();
            prop_assert_eq!(read, entries);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
            let _ = frame(&bytes.clone().into());
            let head = Head { node: NodeNumber(1), stream: 2, first: 3, age: 0 };
            let mut damaged = written(head, &[bytes]).to_vec();
            damaged.truncate(cut);
            let _ = frame(&damaged.into());
            let _ = frame(&Bytes::from(format!("{MAGIC}{:032x} 1 {} 0\nffffffff\n", 1, u64::MAX)));
        }
    }

    #[test]
    fn the_form_is_the_one_that_is_written_down() {
        let payload =
            written(Head { node: NodeNumber(0xabc), stream: 7, first: 12, age: 90 }, &[b"{}".to_vec()]);
        let text = "aether-bus 1 00000000000000000000000000000abc 7 12 90\n00000002\n{}\n";
        assert_eq!(payload, text);
    }

    #[test]
    fn what_is_not_of_a_bus_is_told_apart() {
        let fault = |text: &str| frame(&Bytes::copy_from_slice(text.as_bytes())).unwrap_err();
        assert_eq!(fault("{\"nodeId\":1}"), Fault::Foreign);
        assert_eq!(fault(""), Fault::Foreign);
        assert_eq!(fault("aether-bus 2 x"), Fault::Version);
        assert_eq!(fault("aether-bus 1 x"), Fault::Head);
        let head = "aether-bus 1 00000000000000000000000000000abc 7";
        assert_eq!(fault(&format!("{head} 0 1\n")), Fault::Head);
        assert_eq!(fault(&format!("{head} +1 1\n")), Fault::Head);
        assert_eq!(fault(&format!("{head} 1 2 3\n")), Fault::Head);
        assert_eq!(fault(&format!("{head} 1 1\n00000003\n{{}}\n")), Fault::Entries);
        assert_eq!(fault(&format!("{head} 1 1\n+0000002\n{{}}\n")), Fault::Entries);
        assert!(frame(&Bytes::from(format!("{head} 1 1\n"))).unwrap().entries.is_empty());
    }
}
