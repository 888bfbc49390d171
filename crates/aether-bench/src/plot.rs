//! Plots: points by name, before they are drawn.

use serde::{Deserialize, Serialize};

use crate::svg;

/// How an axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Evenly, from zero.
    Linear,
    /// By powers of ten.
    Log,
}

/// Points with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What it is the measure of.
    pub name: String,
    /// The points, by rising x.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// Names points.
    #[must_use]
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points }
    }
}

/// A picture of some series over one x.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    /// The name of its file, without ending.
    pub file: String,
    /// What stands above it.
    pub title: String,
    /// What x is, with its unit.
    pub x: String,
    /// What y is, with its unit.
    pub y: String,
    /// How y is divided; x is always divided by powers of ten.
    pub y_scale: Scale,
    /// What is drawn.
    pub series: Vec<Series>,
}

impl Plot {
    /// Draws it as SVG.
    #[must_use]
    pub fn draw(&self) -> String {
        svg::draw(self)
    }
}
