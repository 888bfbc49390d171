//! What the callers of a bus are told.

use aether_core::Namespace;

use crate::Pattern;

/// Says why something was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The bus was stopped. Nobody gets it.
    #[error("the bus was stopped")]
    Stopped,
    /// The bus is restricted to another namespace. Publish through a bus that is not, or correct the namespace.
    #[error("the bus is restricted to the namespace {only:?}, and {namespace:?} is outside of it")]
    Outside {
        /// The namespace that was named.
        namespace: Namespace,
        /// The one that the bus is restricted to.
        only: Namespace,
    },
    /// The event is larger than the server takes. Subscribers of this node have got it, no other node does.
    #[error("as a message it has {bytes} bytes, and the server takes {limit}")]
    TooLarge {
        /// The bytes of the message.
        bytes: usize,
        /// The most that the server takes.
        limit: usize,
    },
}

/// Says why there is no subscription.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The bus was stopped.
    #[error("the bus was stopped")]
    Stopped,
    /// The bus is restricted to a namespace, and the pattern matches others. Subscribe to [`Pattern::exact`] of the
    /// namespace, or through a bus that is not restricted.
    #[error(
        "the bus is restricted to the namespace {only:?}, and the pattern {pattern} reaches outside of it"
    )]
    Outside {
        /// The pattern.
        pattern: Pattern,
        /// The one namespace that the bus is restricted to.
        only: Namespace,
    },
    /// Announcements of what is stored never wait: [`Overflow::Block`](crate::Overflow::Block) would hold up those who append. Choose
    /// another one.
    #[error("a subscription to what is stored cannot block, since it would hold up who appends")]
    WouldHoldUpWriters,
    /// The server did not show in time that it knows of the subscription. Try again; the client goes on connecting.
    #[error("the server did not confirm the subscription to {pattern} in time")]
    Unconfirmed {
        /// The pattern.
        pattern: Pattern,
    },
}
