//! What can be wrong.

use std::fmt;

/// A kind of violation, and the invariant of ARCHITECTURE.md that it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A version of an actor is stored twice, or after a higher one.
    VersionTwice,
    /// A version is missing where the store counts.
    VersionGap,
    /// An event id is stored twice.
    IdTwice,
    /// A stored event is not what its writer gave.
    Changed,
    /// What is stored is neither a commit nor a claim.
    Malformed,
    /// An acknowledged commit is not there.
    Lost,
    /// An acknowledged commit is not where the acknowledgment said.
    Misplaced,
    /// A commit is there in part, or with others.
    Torn,
    /// What was refused is there.
    Landed,
    /// What nobody wrote is there.
    Stray,
    /// A read did not show what was acknowledged before it.
    StaleRead,
    /// A read showed what is not in the log.
    WrongRead,
    /// An epoch went back along a subject.
    EpochBack,
    /// A writer's commit lies after a higher epoch than its own.
    LateWriter,
}

impl Kind {
    /// The number of the invariant.
    pub(crate) fn invariant(self) -> u8 {
        match self {
            Self::VersionTwice | Self::VersionGap | Self::IdTwice | Self::Malformed => 1,
            Self::Changed | Self::Lost | Self::Misplaced | Self::Torn | Self::StaleRead | Self::WrongRead => {
                2
            }
            Self::Landed | Self::Stray => 3,
            Self::EpochBack | Self::LateWriter => 4,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) kind: Kind,
    pub(crate) what: String,
}

impl Violation {
    pub(crate) fn new(kind: Kind, what: String) -> Self {
        Self { kind, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {}, {:?}: {}", self.kind.invariant(), self.kind, self.what)
    }
}
