//! What was measured: printed as it comes, and kept as JSON.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::Result;

#[derive(Default)]
pub(crate) struct Report(Vec<Value>);

impl Report {
    /// Adds what was measured of `what` on so many replicas: name, value and unit of each figure.
    pub(crate) fn row(&mut self, replicas: u8, what: &str, figures: &[(&str, f64, &str)]) {
        let shown: Vec<_> =
            figures.iter().map(|(name, value, unit)| format!("{name} {} {unit}", digits(*value))).collect();
        println!("R{replicas}  {what}: {}", shown.join(", "));
        let figures: Vec<_> = figures
            .iter()
            .map(|(name, value, unit)| json!({ "name": name, "value": value, "unit": unit }))
            .collect();
        self.0.push(json!({ "replicas": replicas, "what": what, "figures": figures }));
    }

    /// Leaves the rows where `AETHER_BENCH_REPORT` says, if it says so.
    pub(crate) fn save(self) -> Result<()> {
        if let Some(path) = std::env::var_os("AETHER_BENCH_REPORT").map(PathBuf::from) {
            std::fs::write(path, format!("{:#}\n", Value::Array(self.0)))?;
        }
        Ok(())
    }
}

/// Three digits, more before the point.
fn digits(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
