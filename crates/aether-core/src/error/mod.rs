//! Errors: one enum per decision that the caller has to take.

mod append;
mod key_value;
mod parts;
mod read;
mod subscription;

pub use append::{AppendError, Conflict, Fenced, IdReused, InvalidAppend, UnknownOutcome};
pub use key_value::KeyValueError;
pub use parts::{BoxError, NotPermitted, Unavailable, Unsupported};
pub use read::{HistoryRewound, HistoryTruncated, ReadError, ReplayError, SnapshotError};
pub use subscription::{LogTruncated, SubscriptionError};
