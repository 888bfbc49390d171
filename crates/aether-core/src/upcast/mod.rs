//! Bringing old events up to date while they are read.

mod store;
mod upcasters;

pub use store::Upcasting;
pub use upcasters::{Upcast, Upcasters};
