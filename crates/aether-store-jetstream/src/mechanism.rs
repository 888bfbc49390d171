//! What the store's guarantees rest on, by name: so that tests can take one away and see it missed.

/// What one of the store's guarantees rests on. For this crate's own tests, never in production: a store without one of
/// them loses or doubles events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "testing"),
    allow(unreachable_pub, reason = "public with the feature `testing` only")
)]
pub enum Mechanism {
    /// Each message says which sequence must be its subject's last. Without: the header is not sent.
    ExpectedSequence,
    /// After no answer, one's own commit is known by its event ids. Without: it counts as somebody else's.
    OwnWriteRecognition,
    /// Outcomes and `Consistency::Leader` are judged by what the leader shows. Without: by any replica.
    LeaderReads,
    /// An attempt without an answer is repeated as it was. Without: with new event ids.
    SameBytesOnRetry,
    /// `Expected::Any` becomes a version at the first attempt. Without: at each attempt, whatever became of the last.
    AnyResolvedOnce,
    /// A writer looks for a higher epoch at the head before it appends. Without: it does not.
    HeadEpochCheck,
    /// Short histories are read along trails, or by pages. Without: through a consumer, as long ones are. No guarantee rests
    /// on it; what both ways read must be the same.
    ShortReads,
}

/// Which mechanisms a store has: all of them, but in tests that take one away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mechanisms {
    #[cfg(feature = "testing")]
    without: Option<Mechanism>,
}

impl Mechanisms {
    #[cfg(not(feature = "testing"))]
    pub(crate) fn has(self, _: Mechanism) -> bool {
        true
    }

    #[cfg(feature = "testing")]
    pub(crate) fn has(self, mechanism: Mechanism) -> bool {
        self.without != Some(mechanism)
    }

    #[cfg(feature = "testing")]
    pub(crate) fn all_but(mechanism: Mechanism) -> Self {
        Self { without: Some(mechanism) }
    }
}
