//! What is recorded of the generations of a projection. Pure.

use std::fmt;

use aether_core::Checkpoint;
use serde::{Deserialize, Serialize};

/// Numbers the generations of a projection: whoever changes what a projection makes of events raises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(u64);

impl Generation {
    /// The first one.
    pub const FIRST: Self = Self(1);

    /// Makes a generation of its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a change of generations has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Stage {
    /// The active generation runs alone.
    Settled,
    /// The next one is built, quietly, beside the active one.
    Building {
        /// The next one.
        next: Generation,
    },
    /// The active one ended and never runs again. The next one is quiet up to where that was, and then no more.
    HandedOver {
        /// The next one.
        next: Generation,
        /// How far the active one came.
        until: Checkpoint,
    },
}

/// Which generation readers use, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GenerationRecord {
    /// The one that readers use.
    pub active: Generation,
    /// How far the generation before it came: what lies before that is a replay.
    pub quiet_until: Checkpoint,
    /// What becomes of it.
    #[serde(flatten)]
    pub stage: Stage,
}

impl GenerationRecord {
    /// The record of a projection that never ran.
    #[must_use]
    pub fn first(active: Generation) -> Self {
        Self { active, quiet_until: Checkpoint::default(), stage: Stage::Settled }
    }

    /// Returns the record with which `wanted` begins to run.
    pub(crate) fn want(self, wanted: Generation) -> Self {
        match &self.stage {
            Stage::HandedOver { next, .. } if *next == wanted => self,
            // The active one never runs again: the next one is what comes before the one that is wanted.
            Stage::HandedOver { .. } => self.switch().want(wanted),
            _ if self.active == wanted => Self { stage: Stage::Settled, ..self },
            _ => Self { stage: Stage::Building { next: wanted }, ..self },
        }
    }

    /// Returns the record after the active one ended at `until`.
    pub(crate) fn hand_over(self, until: Checkpoint) -> Self {
        match self.stage {
            Stage::Building { next } => Self { stage: Stage::HandedOver { next, until }, ..self },
            stage => Self { stage, ..self },
        }
    }

    /// Returns the record after the next one passed where the active one ended.
    pub(crate) fn switch(self) -> Self {
        match self.stage {
            Stage::HandedOver { next, until } => {
                Self { active: next, quiet_until: until, stage: Stage::Settled }
            }
            stage => Self { stage, ..self },
        }
    }
}

#[cfg(test)]
mod tests {
    use aether_core::Position;

    use super::*;

    const SECOND: Generation = Generation::new(2);
    const THIRD: Generation = Generation::new(3);

    fn at(sequence: u64) -> Checkpoint {
        vec![Position::new(0, sequence, 0, None)].into()
    }

    #[test]
    fn a_generation_is_built_handed_over_to_and_active() {
        let building = GenerationRecord::first(Generation::FIRST).want(SECOND);
        assert_eq!(
            (building.active, &building.stage),
            (Generation::FIRST, &Stage::Building { next: SECOND })
        );
        assert_eq!(building.clone().want(SECOND), building, "a crash resumes it");
        let handed = building.hand_over(at(7));
        assert_eq!(handed.clone().want(SECOND), handed, "and so it does here");
        let json = serde_json::to_string(&handed).unwrap();
        assert_eq!(serde_json::from_str::<GenerationRecord>(&json).unwrap(), handed);
        let active = handed.switch();
        assert_eq!((active.active, &active.quiet_until, &active.stage), (SECOND, &at(7), &Stage::Settled));
        assert_eq!(active.clone().want(SECOND), active);
    }

    #[test]
    fn whoever_changes_their_mind_goes_back_until_it_was_handed_over() {
        let building = GenerationRecord::first(Generation::FIRST).want(SECOND);
        assert_eq!(building.clone().want(Generation::FIRST), GenerationRecord::first(Generation::FIRST));
        let back = building.hand_over(at(7)).want(Generation::FIRST);
        assert_eq!(
            (back.active, &back.quiet_until),
            (SECOND, &at(7)),
            "the first never runs as it was again"
        );
        assert_eq!(back.stage, Stage::Building { next: Generation::FIRST });
        assert_eq!(back.want(THIRD).stage, Stage::Building { next: THIRD });
    }
}
