//! A store so simple that it can be seen to be right: the other side of the [model](crate::model), and what the suite
//! itself is tested with.
//!
//! It is a map of lists behind a mutex. Each [`Mutation`] removes one mechanism from it, so that a test can show that
//! the suite notices.

mod content;
mod history;
mod mutation;
mod snapshots;
mod store;
mod subscribe;
mod under_test;

pub(crate) use history::{Attempt, History};
pub use mutation::Mutation;
pub use store::ReferenceStore;
pub use under_test::ReferenceUnderTest;
