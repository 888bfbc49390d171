//! Routing: from an actor's id and a message at any node to the owner's answer.

mod codec;
mod drive;
mod error;
mod inbox;
mod message;
mod router;
mod settings;
pub(crate) mod span;
pub(crate) mod wire;

pub use codec::{Codec, Json};
pub use error::{Rejection, RejectionError, RouteError};
pub(crate) use inbox::Place;
pub use message::Route;
pub(crate) use router::Router;
pub(crate) use settings::{LONGEST, RouteSettings};
pub(crate) use wire::Answer;

#[cfg(all(test, feature = "testing"))]
mod tests;
