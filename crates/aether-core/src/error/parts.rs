//! What several errors carry.

/// Any error, as a cause.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Says that the store, as it is, cannot do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} is not supported: it needs {needed}, found {found}")]
pub struct Unsupported {
    /// What was asked.
    pub operation: &'static str,
    /// What it would need.
    pub needed: String,
    /// What there is.
    pub found: String,
}

/// Says that the store could not be reached, or not in time, and that nothing was changed by the call.
#[derive(Debug, thiserror::Error)]
#[error("the store is not available for {operation}")]
pub struct Unavailable {
    /// What was asked.
    pub operation: &'static str,
    /// Why it failed.
    #[source]
    pub source: Option<BoxError>,
}

impl Unavailable {
    /// Says that `operation` failed because of `source`.
    pub fn because(operation: &'static str, source: impl Into<BoxError>) -> Self {
        Self { operation, source: Some(source.into()) }
    }
}

/// Says that the connection's user may not use a subject. The permissions of the account must grant it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not permitted on subject {subject:?}, grant it in the server's permissions for this user")]
pub struct NotPermitted {
    /// The subject.
    pub subject: String,
}
