//! Whether reads showed what had been acknowledged, and nothing else.

use std::collections::HashMap;

use super::log::{Index, Message};
use super::operation::{Operation, Verdict};
use super::violation::{Kind, Violation};
use crate::content;
use crate::history::Call;

pub(crate) fn check(index: &Index<'_>, _: &[Message], operations: &[Operation<'_>]) -> Vec<Violation> {
    let mut violations = stale(operations);
    for operation in operations {
        for seen in operation.read.iter().flat_map(|(_, events)| *events) {
            let message = index.find(&seen.id);
            let event = message.and_then(|message| message.events.iter().find(|event| event.id == seen.id));
            let right = event.is_some_and(|event| event.version == seen.version)
                && seen.content == content::hash(&content::data(&seen.id));
            if !right {
                let what = format!("{seen:?} is not in the log so: {}", operation.name());
                violations.push(Violation::new(Kind::WrongRead, what));
            }
        }
    }
    violations
}

/// The highest version that was acknowledged so far: by anybody, and by each worker.
#[derive(Debug, Default)]
struct Acknowledged<'a> {
    by_anybody: HashMap<&'a str, u64>,
    by_worker: HashMap<(usize, &'a str), u64>,
}

/// Goes through acknowledgments and reads in the order of the machine's clock: a read that was begun after an
/// acknowledgment had arrived shows it, where the leader was asked or the handle had written it.
fn stale(operations: &[Operation<'_>]) -> Vec<Violation> {
    let mut events: Vec<(u64, &Operation<'_>)> = Vec::new();
    for operation in operations {
        match (&operation.verdict, &operation.read) {
            (Verdict::There { .. }, _) => events.push((operation.ended, operation)),
            (_, Some(_)) => events.push((operation.invoked, operation)),
            _ => {}
        }
    }
    events.sort_by_key(|(at, _)| *at);
    let (mut known, mut violations) = (Acknowledged::default(), Vec::new());
    for (_, operation) in events {
        match (&operation.verdict, &operation.read) {
            (Verdict::There { last, .. }, _) => known.add(operation, *last),
            (_, Some((version, _))) if *version < known.to_show(operation) => {
                let wanted = known.to_show(operation);
                let what =
                    format!("showed {version}, {wanted} was acknowledged before: {}", operation.name());
                violations.push(Violation::new(Kind::StaleRead, what));
            }
            _ => {}
        }
    }
    violations
}

impl<'a> Acknowledged<'a> {
    fn add(&mut self, operation: &Operation<'a>, version: u64) {
        let anybody = self.by_anybody.entry(operation.actor).or_default();
        *anybody = version.max(*anybody);
        let own = self.by_worker.entry((operation.worker, operation.actor)).or_default();
        *own = version.max(*own);
    }

    fn to_show(&self, read: &Operation<'_>) -> u64 {
        let own = self.by_worker.get(&(read.worker, read.actor));
        let found = match read.call {
            Call::Read { leader: true } => self.by_anybody.get(read.actor),
            _ => own,
        };
        found.copied().unwrap_or_default()
    }
}
