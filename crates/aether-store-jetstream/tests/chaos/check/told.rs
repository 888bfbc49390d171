//! Whether the log is what the writers were told.

use super::log::{Index, Message};
use super::operation::{Operation, Verdict};
use super::violation::{Kind, Violation};

pub(crate) fn check(index: &Index<'_>, operations: &[Operation<'_>]) -> Vec<Violation> {
    let found = operations.iter().filter_map(|operation| {
        let (kind, what) = judge(index, operation)?;
        Some(Violation::new(kind, format!("{what}: {}", operation.name())))
    });
    found.collect()
}

fn judge(index: &Index<'_>, operation: &Operation<'_>) -> Option<(Kind, String)> {
    let there = operation.ids().iter().find_map(|id| index.find(id));
    match (&operation.verdict, there) {
        (Verdict::There { sequence, .. }, None) if !operation.ids().is_empty() => {
            Some((Kind::Lost, format!("acknowledged at {sequence}, and not there")))
        }
        (Verdict::There { first, last, sequence }, Some(message)) => {
            placed(message, *first, *last, *sequence).or_else(|| whole(message, operation))
        }
        (Verdict::NotThere, Some(message)) => {
            Some((Kind::Landed, format!("refused, and at {}", message.sequence)))
        }
        (Verdict::Perhaps, Some(message)) => whole(message, operation),
        (_, None) => None,
    }
}

fn placed(message: &Message, first: u64, last: u64, sequence: u64) -> Option<(Kind, String)> {
    let ends = message.events.first().zip(message.events.last());
    let found = ends.map(|(first, last)| (first.version, last.version));
    let right = message.sequence == sequence && found == Some((first, last));
    let what =
        format!("acknowledged as {first}..={last} at {sequence}, it is {found:?} at {}", message.sequence);
    (!right).then_some((Kind::Misplaced, what))
}

fn whole(message: &Message, operation: &Operation<'_>) -> Option<(Kind, String)> {
    let same = message.events.iter().map(|event| &event.id).eq(operation.ids());
    let what = format!("the message at {} is not this commit", message.sequence);
    (!same || message.actor != operation.actor).then_some((Kind::Torn, what))
}
