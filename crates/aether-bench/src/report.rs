//! Reports: the rows and plots of one program, and of a suite.

use std::fs;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::{Goal, Plot, Program, Result, Row, median};

/// Two medians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// What was measured of ours.
    pub ours: f64,
    /// What was measured of the baseline.
    pub baseline: f64,
}

impl From<[f64; 2]> for Figures {
    fn from([ours, baseline]: [f64; 2]) -> Self {
        Self { ours, baseline }
    }
}

/// The rows and plots of one program.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Report {
    /// The rows, in the order in which they were listed.
    pub rows: Vec<Row>,
    /// The plots.
    #[serde(default)]
    pub plots: Vec<Plot>,
}

impl Report {
    /// Starts a report in which each row that is asked for says that it was not reached.
    #[must_use]
    pub fn new(program: &Program, goals: &[&Goal]) -> Self {
        let wanted = goals.iter().filter(|goal| program.wants(goal.name));
        let rows = wanted.map(|goal| Row::unmeasured(goal, "the program ended before this row")).collect();
        Self { rows, plots: Vec::new() }
    }

    /// Measures rows together, unless none of them is asked for. What keeps them from being measured stands in each.
    pub async fn measure<const N: usize>(
        &mut self,
        program: &Program,
        goals: [&Goal; N],
        figures: impl AsyncFnOnce() -> Result<[Figures; N]>,
    ) {
        if !goals.iter().any(|goal| program.wants(goal.name)) {
            return;
        }
        let started = Instant::now();
        let rows = match figures().await {
            Ok(figures) => goals.iter().zip(figures).map(|(goal, of)| Row::measured(goal, of)).collect(),
            Err(error) => {
                let why = describe(error.as_ref());
                goals.iter().map(|goal| Row::unmeasured(goal, why.as_str())).collect::<Vec<_>>()
            }
        };
        rows.into_iter().for_each(|row| self.put(row));
        if let Some(goal) = goals.first() {
            eprintln!("    {:5.1} s  {}", started.elapsed().as_secs_f64(), goal.name);
        }
        self.save(program);
    }

    /// Measures the points of a plot, if it is asked for. A plot that could not be measured is left out, and said so.
    pub async fn plot(&mut self, program: &Program, name: &str, points: impl AsyncFnOnce() -> Result<Plot>) {
        if !program.wants(name) {
            return;
        }
        let started = Instant::now();
        match points().await {
            Ok(plot) => self.plots.push(plot),
            Err(error) => eprintln!("    the plot {name} is missing: {}", describe(error.as_ref())),
        }
        eprintln!("    {:5.1} s  plot {name}", started.elapsed().as_secs_f64());
        self.save(program);
    }

    fn put(&mut self, row: Row) {
        // Another one was measured along with those that were asked for.
        if let Some(there) = self.rows.iter_mut().find(|there| there.name == row.name) {
            *there = row;
        }
    }

    /// Writes the report; after each row, so that a program that dies leaves what it had.
    fn save(&self, program: &Program) {
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        let Some(path) = &program.report else {
            return;
        };
        if let Err(error) = fs::write(path, json) {
            eprintln!("    cannot write {}: {error}", path.display());
        }
    }

    /// Ends the program: without a place for the report, prints the table.
    pub fn finish(&self, program: &Program) {
        self.save(program);
        if program.report.is_none() {
            print!("{}", crate::text(&self.rows));
        }
    }
}

fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Puts runs of the same rows together: the medians of the figures, and of the ratios. A row that a run could not
/// measure counts as not measured.
#[must_use]
pub fn merge(runs: &[Vec<Row>]) -> Vec<Row> {
    let Some((last, _)) = runs.split_last() else {
        return Vec::new();
    };
    last.iter().map(|row| of_runs(row, runs)).collect()
}

fn of_runs(row: &Row, runs: &[Vec<Row>]) -> Row {
    let of_run = |run: &Vec<Row>| run.iter().find(|other| other.name == row.name).cloned();
    let found: Vec<Row> = runs.iter().filter_map(of_run).collect();
    if let Some(unmeasured) = found.iter().find(|row| row.unmeasured.is_some()) {
        return unmeasured.clone();
    }
    let middle = |of: fn(&Row) -> Option<f64>| median(found.iter().filter_map(of).collect());
    let (ours, ratio) = (middle(|row| row.ours), middle(|row| row.ratio));
    // The ratio is what the runs agree on: the baseline is what belongs to it.
    row.clone().with(Figures { ours, baseline: ours / ratio })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::tests::GOAL;

    fn run(ours: f64, baseline: f64) -> Vec<Row> {
        vec![Row::measured(&GOAL, Figures { ours, baseline })]
    }

    #[test]
    fn runs_are_merged_by_the_median_of_their_ratios() {
        let rows = merge(&[run(100.0, 100.0), run(80.0, 100.0), run(190.0, 200.0)]);
        assert_eq!((rows[0].ours, rows[0].ok), (Some(100.0), true));
        assert!((rows[0].ratio.unwrap() - 0.95).abs() < 1e-9);
    }

    #[test]
    fn a_row_that_one_run_could_not_measure_is_not_measured() {
        let failed = vec![Row::unmeasured(&GOAL, "no server")];
        let rows = merge(&[run(100.0, 100.0), failed, run(100.0, 100.0)]);
        assert_eq!((rows[0].unmeasured.as_deref(), rows[0].ok), (Some("no server"), false));
    }

    #[test]
    fn rows_begin_as_not_reached_and_only_those_asked_for() {
        let program = Program { report: None, quick: false, only: Some("app".to_owned()) };
        let other = Goal { name: "load", ..GOAL };
        let report = Report::new(&program, &[&GOAL, &other]);
        assert_eq!(report.rows.len(), 1);
        assert!(report.rows[0].unmeasured.is_some());
    }
}
