//! The facts, by theme.

pub mod ending;
pub mod harm;
pub mod matching;
pub mod order;
pub mod overflow;
pub mod stored;
