//! What each call of a history came to.

use std::collections::BTreeMap;

use crate::history::{Call, Line, Outcome, Seen};

/// What the log must show of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    There { first: u64, last: u64, sequence: u64 },
    NotThere,
    Perhaps,
}

/// A call, with its repetitions.
#[derive(Debug, Clone)]
pub(crate) struct Operation<'a> {
    pub(crate) worker: usize,
    pub(crate) number: u64,
    pub(crate) actor: &'a str,
    pub(crate) call: &'a Call,
    /// When it was first made.
    pub(crate) invoked: u64,
    /// When it last ended.
    pub(crate) ended: u64,
    pub(crate) verdict: Verdict,
    /// What a read showed.
    pub(crate) read: Option<(u64, &'a [Seen])>,
    open: bool,
}

impl<'a> Operation<'a> {
    fn end(&mut self, at: u64, outcome: &'a Outcome) {
        (self.ended, self.open) = (at, false);
        self.verdict = match outcome {
            Outcome::Stored { first, last, sequence, .. } => {
                Verdict::There { first: *first, last: *last, sequence: *sequence }
            }
            Outcome::Conflict { .. } | Outcome::Fenced { .. } | Outcome::Reused => Verdict::NotThere,
            Outcome::Unknown => Verdict::Perhaps,
            // It says nothing of an earlier call whose outcome was not known.
            Outcome::Failed { .. } | Outcome::Claimed { .. } | Outcome::Read { .. } => self.verdict.clone(),
        };
        if let Outcome::Read { version, events } = outcome {
            self.read = Some((*version, events));
        }
    }

    /// Names it for whoever looks for it in the histories.
    pub(crate) fn name(&self) -> String {
        format!("operation {} of worker {} on {}: {:?}", self.number, self.worker, self.actor, self.call)
    }

    pub(crate) fn ids(&self) -> &'a [String] {
        if let Call::Append { ids, .. } = self.call { ids } else { &[] }
    }
}

/// Puts the lines of one worker's history together.
pub(crate) fn of(worker: usize, history: &[Line]) -> Vec<Operation<'_>> {
    let mut operations: BTreeMap<u64, Operation<'_>> = BTreeMap::new();
    for line in history {
        match line {
            Line::Invoked { number, at, actor, call } => {
                let operation = operations.entry(*number).or_insert_with(|| Operation {
                    worker,
                    number: *number,
                    actor,
                    call,
                    invoked: *at,
                    ended: *at,
                    verdict: Verdict::NotThere,
                    read: None,
                    open: true,
                });
                operation.open = true;
            }
            Line::Ended { number, at, outcome } => {
                if let Some(operation) = operations.get_mut(number) {
                    operation.end(*at, outcome);
                }
            }
        }
    }
    let mut operations: Vec<_> = operations.into_values().collect();
    // The worker was killed meanwhile.
    operations.iter_mut().filter(|operation| operation.open).for_each(|open| open.verdict = Verdict::Perhaps);
    operations
}
