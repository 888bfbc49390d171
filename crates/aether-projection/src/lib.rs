//! Projections and consumer groups.

pub mod group;
