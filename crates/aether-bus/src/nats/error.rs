//! What the callers of a bus across nodes are told beside what those of a local one are.

/// Says why a bus was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The prefix cannot begin a subject. Use tokens without blanks and wildcards, with dots between them.
    #[error(
        "{prefix:?} cannot begin a subject: expected tokens without blanks and wildcards, with dots between them"
    )]
    InvalidPrefix {
        /// The prefix.
        prefix: String,
    },
    /// The node did not hear itself in time: there is no server, or it does not permit what the bus needs, or the client was told not to
    /// hear itself (`no_echo`). The client goes on connecting, so that trying again may help.
    #[error(
        "the server brought nothing back from {subject:?} in time: no connection, no permission, or no echo"
    )]
    NoRoundTrip {
        /// The subject on which the node tried to hear itself.
        subject: String,
    },
    /// The client is closed. Connect another one.
    #[error("the client is closed")]
    Closed,
}

/// Says why it is not known that everything published has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The server did not confirm it in time. Try again; what is not sent yet is kept, and sent.
    #[error("the server did not confirm in time that it took what was published")]
    NotConfirmed,
    /// The connection was lost since the last flush. What was published before may have gone with it; whoever subscribes is told. Publish
    /// again what must be heard.
    #[error("the connection was lost since the last flush, and what was published may have gone with it")]
    Reconnected,
}
