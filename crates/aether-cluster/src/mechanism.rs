//! What the cluster's guarantees rest on, by name: so that tests can take one away and see it missed.

/// What one of the cluster's guarantees rests on. For this crate's own tests, never in production: a cluster without one of
/// them loses events, doubles them, or answers with what is no longer so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "testing"),
    allow(unreachable_pub, dead_code, reason = "public, and used in whole, with the feature `testing` only")
)]
pub enum Mechanism {
    /// Each append names the sequence that must be its actor's last. Without: it is stored wherever the actor is.
    ExpectedSequence,
    /// An owner looks for a higher epoch at the head. Without: it does not.
    HeadEpoch,
    /// An owner claims an actor before it answers what stores nothing. Without: it answers at once.
    Claim,
    /// Messages are addressed to an ownership. Without: to a shard, so that everybody who listens for it hears them.
    OwnerInSubject,
    /// A node stops at 0.8 of its lease. Without: it goes on until it learns that it is dead.
    LeaseStop,
    /// A renewal changes the record that the node wrote last. Without: it overwrites whatever is there.
    RenewalCas,
    /// Silence counts only while the observer sees its own renewals. Without: it always counts.
    OwnRenewalsSeen,
    /// A leader takes the plan over with its term, and changes it no more once it has a higher one. Without: it writes over
    /// whatever is there.
    PlanByTerm,
    /// A shard is taken from a living owner only after that one has released it. Without: at once.
    RevokeBeforeAssign,
    /// Each attempt has its own reply subject. Without: an answer counts whichever attempt it belongs to.
    ReplyPerAttempt,
}

/// Which mechanisms there are: all of them, but in tests that take one away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    not(feature = "testing"),
    allow(unreachable_pub, reason = "public with the feature `testing` only")
)]
pub struct Mechanisms {
    #[cfg(feature = "testing")]
    without: Option<Mechanism>,
}

impl Mechanisms {
    #[cfg(not(feature = "testing"))]
    pub(crate) fn has(self, _: Mechanism) -> bool {
        true
    }

    /// Says whether the mechanism is there.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn has(self, mechanism: Mechanism) -> bool {
        self.without != Some(mechanism)
    }

    /// All but one.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn all_but(mechanism: Mechanism) -> Self {
        Self { without: Some(mechanism) }
    }
}
