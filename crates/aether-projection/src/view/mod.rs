//! Views: read models kept by key in a key-value store, each event in them once.

mod cache;
mod contract;
mod cut;
mod entry;
mod error;
mod fold;
mod names;
mod projection;
mod views;

pub use contract::View;
pub use error::ViewError;
pub(crate) use names::PREFIX;
pub use projection::ViewProjection;
pub use views::Views;
