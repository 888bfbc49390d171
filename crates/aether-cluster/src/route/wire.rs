//! The form of messages on the wire. Pure.
//!
//! A question is the payload of a message with a reply subject. Numbers are little-endian.
//!
//! | bytes | |
//! | --- | --- |
//! | 1 | `0xa1`: a question, version 1 |
//! | 1 | flags: 1 linearizable, 2 with a trace |
//! | 4 | milliseconds that are left until the deadline |
//! | 2, 2 | length of the actor's id, of the command's |
//! | 25 | with a trace: its id, the span's id, flags |
//! | | the actor's id, the command's id, what is said |
//!
//! An answer is `0xb1`, one byte for its kind, and what is said. Kinds with `0x80` have a size of 8 bytes in place of an answer that is
//! larger than the server takes.

use std::time::Duration;

use aether_core::{ActorId, CommandId};
use bytes::{BufMut, Bytes, BytesMut};

use crate::host::Message;
use crate::protocol::Reply;
use aether_core::TraceParent;

const QUESTION: u8 = 0xa1;
const ANSWER: u8 = 0xb1;
const LINEARIZABLE: u8 = 1;
const TRACE: u8 = 2;
const OMITTED: u8 = 0x80;
const FIXED: usize = 10;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Whole(Bytes),
    /// It has so many bytes, which is more than the server takes.
    TooLarge(u64),
}

/// What makes a payload no question and no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no message of version 1 of this form")]
pub(crate) struct Malformed;

/// What was read of a question: the deadline is still to be set by the reader's own clock.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) message: Message,
    pub(crate) left: Duration,
}

/// How many bytes a question has at the most.
pub(crate) fn size(actor: &ActorId, command: &CommandId, payload: &[u8]) -> usize {
    FIXED + 25 + actor.as_str().len() + command.as_str().len() + payload.len()
}

pub(crate) fn question(message: &Message) -> Bytes {
    let (actor, command) = (message.actor.as_str(), message.command.as_str());
    let mut bytes = BytesMut::with_capacity(size(&message.actor, &message.command, &message.payload));
    let linearizable = if message.linearizable { LINEARIZABLE } else { 0 };
    let trace = if message.trace.is_some() { TRACE } else { 0 };
    bytes.put_u8(QUESTION);
    bytes.put_u8(linearizable | trace);
    bytes.put_u32_le(u32::try_from(message.left().as_millis()).unwrap_or(u32::MAX));
    // Actor ids have at most 512 bytes and command ids that are written 256.
    bytes.put_u16_le(u16::try_from(actor.len()).unwrap_or(u16::MAX));
    bytes.put_u16_le(u16::try_from(command.len()).unwrap_or(u16::MAX));
    if let Some(trace) = message.trace {
        bytes.put_slice(&trace.to_bytes());
    }
    bytes.put_slice(actor.as_bytes());
    bytes.put_slice(command.as_bytes());
    bytes.put_slice(&message.payload);
    bytes.freeze()
}

pub(crate) fn read_question(mut bytes: Bytes) -> Result<Question, Malformed> {
    let fixed = take(&mut bytes, FIXED)?;
    let [QUESTION, flags, a, b, c, d, e, f, g, h] = fixed[..] else { return Err(Malformed) };
    let left = Duration::from_millis(u32::from_le_bytes([a, b, c, d]).into());
    let trace = match flags & TRACE {
        0 => None,
        _ => Some(TraceParent::from_bytes(&take(&mut bytes, 25)?).ok_or(Malformed)?),
    };
    let actor = text(&take(&mut bytes, u16::from_le_bytes([e, f]).into())?, |text| ActorId::new(text))?;
    let command = text(&take(&mut bytes, u16::from_le_bytes([g, h]).into())?, |text| CommandId::new(text))?;
    let message = Message::made(actor, command, bytes).in_trace(trace);
    Ok(Question { message: message.linearizable(flags & LINEARIZABLE != 0), left })
}

pub(crate) fn answer(reply: &Reply<Answer>) -> Bytes {
    let (kind, said) = match reply {
        Reply::Stored(said) => (1, Some(said)),
        Reply::Answer(said) => (2, Some(said)),
        Reply::Rejected(said) => (3, Some(said)),
        Reply::Overloaded => (4, None),
        Reply::Moved => (5, None),
    };
    match said {
        None if kind == 4 => Bytes::from_static(&[ANSWER, 4]),
        None => Bytes::from_static(&[ANSWER, 5]),
        Some(Answer::TooLarge(size)) => [&[ANSWER, kind | OMITTED][..], &size.to_le_bytes()].concat().into(),
        Some(Answer::Whole(said)) => {
            let mut bytes = BytesMut::with_capacity(2 + said.len());
            bytes.put_slice(&[ANSWER, kind]);
            bytes.put_slice(said);
            bytes.freeze()
        }
    }
}

pub(crate) fn read_answer(mut bytes: Bytes) -> Result<Reply<Answer>, Malformed> {
    let fixed = take(&mut bytes, 2)?;
    let [ANSWER, kind] = fixed[..] else { return Err(Malformed) };
    let said = match kind & OMITTED {
        0 => Answer::Whole(bytes),
        _ => Answer::TooLarge(u64::from_le_bytes(bytes.as_ref().try_into().map_err(|_| Malformed)?)),
    };
    match kind & !OMITTED {
        1 => Ok(Reply::Stored(said)),
        2 => Ok(Reply::Answer(said)),
        3 => Ok(Reply::Rejected(said)),
        4 if kind == 4 => Ok(Reply::Overloaded),
        5 if kind == 5 => Ok(Reply::Moved),
        _ => Err(Malformed),
    }
}

fn take(bytes: &mut Bytes, count: usize) -> Result<Bytes, Malformed> {
    if bytes.len() < count { Err(Malformed) } else { Ok(bytes.split_to(count)) }
}

fn text<T, E>(bytes: &[u8], parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
    parse(text).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_question_is_read_as_it_was_written(
            actor in "\\PC{1,40}", command in "\\PC{1,40}", said in vec(any::<u8>(), 0..100), linearizable: bool, trace: bool,
            left in 0u64..10_000_000,
        ) {
            let (actor, command) = (ActorId::new(actor).unwrap(), CommandId::new(command).unwrap());
            let trace = trace.then(|| TraceParent::begin(None));
            let message = Message::new(actor, command, said.into(), Duration::from_millis(left + 500))
                .linearizable(linearizable)
                .in_trace(trace);
            let read = read_question(question(&message)).unwrap();
            prop_assert_eq!(&read.message.actor, &message.actor);
            prop_assert_eq!(&read.message.command, &message.command);
            prop_assert_eq!(&read.message.payload, &message.payload);
            prop_assert_eq!(read.message.linearizable, linearizable);
            prop_assert_eq!(read.message.trace, trace);
            prop_assert!(read.left <= Duration::from_millis(left + 500));
        }

        #[test]
        fn an_answer_is_read_as_it_was_written(kind in 0..5, said in vec(any::<u8>(), 0..100), size: u64, whole: bool) {
            let said = if whole { Answer::Whole(said.into()) } else { Answer::TooLarge(size) };
            let reply = match kind {
                0 => Reply::Stored(said),
                1 => Reply::Answer(said),
                2 => Reply::Rejected(said),
                3 => Reply::Overloaded,
                _ => Reply::Moved,
            };
            prop_assert_eq!(read_answer(answer(&reply)), Ok(reply));
        }

        #[test]
        fn no_bytes_are_a_panic(mut bytes in vec(any::<u8>(), 0..80), first in 0u8..3) {
            if let (Some(byte), 1..) = (bytes.first_mut(), first) {
                *byte = if first == 1 { QUESTION } else { ANSWER };
            }
            if let Ok(read) = read_question(bytes.clone().into()) {
                prop_assert!(read_question(question(&read.message)).is_ok());
            }
            if let Ok(read) = read_answer(bytes.into()) {
                prop_assert_eq!(read_answer(answer(&read)), Ok(read));
            }
        }

        #[test]
        fn what_was_cut_off_in_its_head_is_refused(cut in 0usize..20) {
            let message = Message::new(ActorId::new("order-1").unwrap(), CommandId::new("c").unwrap(), Bytes::new(), Duration::ZERO);
            let whole = question(&message);
            prop_assert!(read_question(whole.slice(..cut.min(whole.len() - 1))).is_err());
        }
    }
}
