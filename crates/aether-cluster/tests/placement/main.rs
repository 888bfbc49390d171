//! Placement, held against what can be worked out without it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod changes;
mod minimum;
mod oracle;
mod pace;
mod reasons;
mod same;
mod site;
