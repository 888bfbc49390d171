//! Tables of rows: for the terminal, and for the documentation.

use crate::Row;

const HEADINGS: [&str; 8] = ["what", "unit", "ours", "baseline", "ratio", "must", "aim", "Go"];

/// Draws the rows for a terminal.
#[must_use]
pub fn text(rows: &[Row]) -> String {
    let cells: Vec<Vec<String>> =
        std::iter::once(HEADINGS.map(str::to_owned).to_vec()).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let mut out = String::new();
    for (index, line) in cells.iter().enumerate() {
        let padded = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 | 1 | 7 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        let verdict = index.checked_sub(1).and_then(|at| rows.get(at)).map_or("", verdict);
        let line = format!("{}  {verdict}", padded.collect::<Vec<_>>().join("  "));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for row in rows {
        if let Some(why) = &row.unmeasured {
            out.push_str(&format!("not measured: {}: {why}\n", row.name));
        }
    }
    out
}

/// Draws the rows for a page of documentation.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::from("| what | ours | baseline | ratio | must | aim | |\n");
    out.push_str("| --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
    for row in rows {
        let [name, unit, ours, baseline, ratio, must, aim, _] = array(row);
        let baseline = format!("{baseline} {unit}: {}", row.baseline_is);
        let ours = if row.ours.is_some() { format!("{ours} {unit}") } else { ours };
        let verdict = verdict(row);
        out.push_str(&format!("| {name} | {ours} | {baseline} | {ratio} | {must} | {aim} | {verdict} |\n"));
    }
    out
}

fn verdict(row: &Row) -> &'static str {
    match row.ok {
        _ if row.unmeasured.is_some() => "not measured",
        true if row.is_aim_reached() => "aim",
        true => "ok",
        false => "MISSED",
    }
}

fn cells(row: &Row) -> Vec<String> {
    array(row).to_vec()
}

fn array(row: &Row) -> [String; 8] {
    let sign = if row.higher_is_better { ">=" } else { "<=" };
    // A third is 0.333, and 4 is 4.
    let short = |bound: f64| (bound * 1e3).round() / 1e3;
    let bound = |bound: Option<f64>| bound.map_or(String::new(), |bound| format!("{sign} {}", short(bound)));
    [
        row.name.clone(),
        row.unit.clone(),
        number(row.ours),
        number(row.baseline),
        row.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.3}")),
        bound(row.must),
        bound(row.aim),
        row.go.clone().unwrap_or_default(),
    ]
}

/// Writes a figure with as many digits as it is worth, and commas between thousands.
fn number(figure: Option<f64>) -> String {
    let Some(figure) = figure else {
        return "-".to_owned();
    };
    match figure.abs() {
        ..10.0 => format!("{figure:.3}"),
        ..1000.0 => format!("{figure:.1}"),
        _ => thousands(&format!("{figure:.0}")),
    }
}

pub(crate) fn thousands(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::tests::GOAL;
    use crate::{Figures, Goal};

    #[test]
    fn a_table_shows_figures_verdicts_and_why_there_are_none() {
        let rows = [
            Row::measured(&GOAL, Figures { ours: 18_000.0, baseline: 20_000.0 }),
            Row::measured(&GOAL, Figures { ours: 10.0, baseline: 20.0 }),
            Row::unmeasured(&GOAL, "no server"),
        ];
        let table = text(&rows);
        for part in ["18,000", "0.900  >= 0.9", "ok", "MISSED", "not measured: append: no server", "14,000"] {
            assert!(table.contains(part), "{part} in\n{table}");
        }
        let third = Row::unmeasured(&Goal { must: Some(1.0 / 3.0), ..GOAL }, "");
        assert!(text(&[third]).contains(">= 0.333  "));
        let table = markdown(&rows);
        assert!(table.contains("| 18,000 events/s | 20,000 events/s: raw publishes | 0.900 |"), "{table}");
    }

    #[test]
    fn numbers_are_short_and_readable() {
        let texts = [0.1234, 12.34, 123.4, 1_234_567.0].map(|figure| number(Some(figure)));
        assert_eq!(texts, ["0.123", "12.3", "123.4", "1,234,567"]);
    }
}
