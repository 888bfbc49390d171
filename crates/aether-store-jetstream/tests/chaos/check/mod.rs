//! The checker: a pure function of what is in the stream and what the workers were told.

mod log;
mod operation;
mod reads;
#[cfg(test)]
mod tests;
mod told;
mod violation;

use crate::history::Line;

pub(crate) use log::{Message, parse};
pub(crate) use violation::{Kind, Violation};

use log::Index;
use operation::Operation;

/// Checks everything. The messages are all of the stream's, in its order.
pub(crate) fn check(messages: &[Message], histories: &[Vec<Line>]) -> Vec<Violation> {
    let operations: Vec<Operation<'_>> =
        (0..).zip(histories).flat_map(|(worker, history)| operation::of(worker, history)).collect();
    let (index, mut violations) = Index::new(messages);
    violations.extend(told::check(&index, &operations));
    violations.extend(log::check(&index, messages, &operations));
    violations.extend(reads::check(&index, messages, &operations));
    violations
}
