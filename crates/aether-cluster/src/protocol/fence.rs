//! The fence in the log: what an owner looks at before it writes to an actor or answers for it.
//!
//! Each message in an actor's log carries the epoch and the incarnation that wrote it. Each append and each claim names the last
//! message that its writer has seen, so that nothing lands after what it did not see. An owner looks at the head before each of
//! them and after each reload. So what an older owner has prepared fails at the log once a newer one has written, and what it
//! prepares later it does not send: one writer per actor is a property of the log, and of no clock.

use aether_core::Epoch;

use super::identity::Incarnation;
use crate::mechanism::{Mechanism, Mechanisms};

/// Who wrote the latest message of an actor's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadMark {
    /// The highest epoch up to there.
    pub epoch: Epoch,
    /// The owner that wrote it; nobody where a writer without an epoch did.
    pub incarnation: Option<Incarnation>,
}

/// How an owner stands to an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The head is its own: whatever an older owner has prepared fails.
    Claimed,
    /// The head is older. Its first append is the claim; before it answers what stores nothing, it writes a claim.
    Unclaimed,
    /// A later owner has written. It answers `Moved`, never `Rejected`, and stops the shard.
    Fenced {
        /// The later owner's epoch.
        current: Epoch,
    },
}

/// One ownership of a shard, as the log knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    /// The epoch.
    pub epoch: Epoch,
    /// The owner.
    pub incarnation: Incarnation,
    mechanisms: Mechanisms,
}

impl Fence {
    /// The fence of an ownership.
    #[must_use]
    pub fn new(epoch: Epoch, incarnation: Incarnation) -> Self {
        Self { epoch, incarnation, mechanisms: Mechanisms::default() }
    }

    /// Takes a mechanism away.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with(self, mechanisms: Mechanisms) -> Self {
        Self { mechanisms, ..self }
    }

    /// Looks at an actor's head; `None` for an actor without messages.
    #[must_use]
    pub fn look(&self, head: Option<HeadMark>) -> Held {
        match head {
            Some(head) if head.epoch > self.epoch => {
                if self.mechanisms.has(Mechanism::HeadEpoch) {
                    Held::Fenced { current: head.epoch }
                } else {
                    Held::Unclaimed
                }
            }
            Some(head) if head.epoch == self.epoch && head.incarnation == Some(self.incarnation) => {
                Held::Claimed
            }
            _ => Held::Unclaimed,
        }
    }

    /// Whether a claim is to be written before an answer that stores nothing.
    #[must_use]
    pub fn claims_before_answer(&self, held: Held) -> bool {
        held == Held::Unclaimed && self.mechanisms.has(Mechanism::Claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_heads() {
        let fence = Fence::new(Epoch::new(5), Incarnation::new(1));
        let head = |epoch, incarnation: Option<u128>| {
            Some(HeadMark { epoch: Epoch::new(epoch), incarnation: incarnation.map(Incarnation::new) })
        };
        for (name, head, wanted) in [
            ("no messages", None, Held::Unclaimed),
            ("an older owner's", head(4, Some(2)), Held::Unclaimed),
            ("its own", head(5, Some(1)), Held::Claimed),
            ("of a writer without an epoch", head(5, None), Held::Unclaimed),
            ("a later owner's", head(6, Some(2)), Held::Fenced { current: Epoch::new(6) }),
        ] {
            assert_eq!(fence.look(head), wanted, "{name}");
        }
    }

    #[test]
    fn only_what_is_not_claimed_is_claimed_before_an_answer() {
        let fence = Fence::new(Epoch::new(5), Incarnation::new(1));
        assert!(fence.claims_before_answer(Held::Unclaimed));
        assert!(!fence.claims_before_answer(Held::Claimed));
    }
}
