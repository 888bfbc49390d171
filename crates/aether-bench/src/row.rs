//! Rows: what is measured, against what, and what must hold.

use serde::{Deserialize, Serialize};

use crate::Figures;

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// A ratio of at least the bound: throughput.
    Higher,
    /// A ratio of at most the bound: time, memory.
    Lower,
}

/// A row before it is measured.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    /// What is measured; unique in its suite.
    pub name: &'static str,
    /// The unit of both figures.
    pub unit: &'static str,
    /// What the baseline is.
    pub baseline_is: &'static str,
    /// The ratio that must be reached, if any.
    pub must: Option<f64>,
    /// The ratio that is aimed at, if any.
    pub aim: Option<f64>,
    /// Which way is good.
    pub better: Better,
    /// What the Go original was measured to do, quoted.
    pub go: Option<&'static str>,
}

/// A row as it stands in `target/bench/SUITE.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What is measured.
    pub name: String,
    /// The unit of both figures.
    pub unit: String,
    /// The median of ours.
    pub ours: Option<f64>,
    /// The median of the baseline.
    pub baseline: Option<f64>,
    /// What the baseline is.
    pub baseline_is: String,
    /// Ours divided by the baseline.
    pub ratio: Option<f64>,
    /// The ratio that must be reached.
    pub must: Option<f64>,
    /// The ratio that is aimed at.
    pub aim: Option<f64>,
    /// Whether a higher ratio is better than a lower one.
    pub higher_is_better: bool,
    /// Whether `must` holds; always, of a row without one that was measured.
    pub ok: bool,
    /// Why there are no figures, where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmeasured: Option<String>,
    /// What the Go original was measured to do, quoted from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go: Option<String>,
}

impl Row {
    /// Makes a row of what could not be measured, and says why.
    #[must_use]
    pub fn unmeasured(goal: &Goal, why: impl Into<String>) -> Self {
        Self {
            name: goal.name.to_owned(),
            unit: goal.unit.to_owned(),
            ours: None,
            baseline: None,
            baseline_is: goal.baseline_is.to_owned(),
            ratio: None,
            must: goal.must,
            aim: goal.aim,
            higher_is_better: goal.better == Better::Higher,
            ok: false,
            unmeasured: Some(why.into()),
            go: goal.go.map(str::to_owned),
        }
    }

    /// Makes a row of two medians.
    #[must_use]
    pub fn measured(goal: &Goal, figures: Figures) -> Self {
        Self::unmeasured(goal, "").with(figures)
    }

    /// Returns the row with these figures, and judges it by them.
    #[must_use]
    pub(crate) fn with(self, Figures { ours, baseline }: Figures) -> Self {
        let ratio = ours / baseline;
        if !ratio.is_finite() {
            let unmeasured = Some(format!("{ours} by {baseline} is no ratio"));
            return Self { ours: None, baseline: None, ratio: None, ok: false, unmeasured, ..self };
        }
        let ok = self.must.is_none_or(|must| self.reaches(ratio, must));
        let (ours, baseline, ratio) = (Some(ours), Some(baseline), Some(ratio));
        Self { ours, baseline, ratio, ok, unmeasured: None, ..self }
    }

    /// Says whether the aim is reached too.
    #[must_use]
    pub fn is_aim_reached(&self) -> bool {
        self.ratio.zip(self.aim).is_some_and(|(ratio, aim)| self.reaches(ratio, aim))
    }

    fn reaches(&self, ratio: f64, bound: f64) -> bool {
        if self.higher_is_better { ratio >= bound } else { ratio <= bound }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const GOAL: Goal = Goal {
        name: "append",
        unit: "events/s",
        baseline_is: "raw publishes",
        must: Some(0.9),
        aim: Some(0.97),
        better: Better::Higher,
        go: Some("14,000"),
    };

    #[test]
    fn a_row_is_judged_by_its_bound_and_direction() {
        let figures = |ours| Figures { ours, baseline: 100.0 };
        let ok = |goal: &Goal, ours| Row::measured(goal, figures(ours)).ok;
        assert_eq!((ok(&GOAL, 90.0), ok(&GOAL, 89.0)), (true, false));
        let lower = Goal { better: Better::Lower, ..GOAL };
        assert_eq!((ok(&lower, 90.0), ok(&lower, 91.0)), (true, false));
        assert!(ok(&Goal { must: None, ..GOAL }, 1.0));
        assert!(Row::measured(&GOAL, figures(97.0)).is_aim_reached());
        assert!(!Row::measured(&GOAL, figures(96.0)).is_aim_reached());
    }

    #[test]
    fn a_row_without_figures_says_so_and_is_not_ok() {
        for row in [
            Row::unmeasured(&GOAL, "no server"),
            Row::measured(&Goal { must: None, ..GOAL }, Figures { ours: 1.0, baseline: 0.0 }),
        ] {
            assert!(!row.ok && row.ratio.is_none() && row.unmeasured.is_some(), "{row:?}");
        }
    }

    #[test]
    fn the_json_has_the_members_that_are_promised() {
        let json = serde_json::to_value(Row::measured(&GOAL, Figures { ours: 1.0, baseline: 2.0 })).unwrap();
        let promised = [
            "name",
            "unit",
            "ours",
            "baseline",
            "baseline_is",
            "ratio",
            "must",
            "aim",
            "higher_is_better",
            "ok",
        ];
        for member in promised {
            assert!(json.get(member).is_some(), "{member} in {json}");
        }
    }
}
