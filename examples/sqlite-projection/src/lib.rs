//! A read model in SQLite that counts each event exactly once, whatever crashes in between.

mod events;
mod sales;

pub use events::{OrderEvent, fill, plain_fold};
pub use sales::{Sales, SalesRow};
