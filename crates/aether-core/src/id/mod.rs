//! Ids, versions and positions: parsed once, proofs after that.
//!
//! | type | bounds | forbidden |
//! | --- | --- | --- |
//! | [`ActorId`] | 1 to 512 bytes | nothing: any UTF-8 |
//! | [`ActorType`] | 1 to 512 bytes | `-`, except as the first byte |
//! | [`EventId`], [`EventType`], [`CommandId`] | 1 to 256 bytes when written, any string when read | nothing |
//! | [`Namespace`] | 1 to 64 bytes | the reserved `__internal__` |
//! | [`StreamName`] | 1 to 128 bytes | blanks, control characters, `.` `*` `>` `/` `\` `%` |
//! | [`Version`] | 0 to `i64::MAX` | |

mod actor;
mod checkpoint;
mod epoch;
mod name;
mod position;
mod tag;
mod text;
mod version;

pub use actor::{ActorId, ActorType};
pub use checkpoint::Checkpoint;
pub use epoch::Epoch;
pub use name::{Namespace, StreamName};
pub use position::{InvalidPosition, Position};
pub use tag::{CommandId, EventId, EventType};
pub use text::{InvalidText, TextFault};
pub use version::{InvalidVersion, SchemaVersion, Version};
