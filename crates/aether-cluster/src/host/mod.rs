//! What runs in the shards of a node: the trait that it implements, and what it is given.

mod check;
mod message;
mod none;
mod ownership;

use std::future::Future;

use aether_core::error::BoxError;
use bytes::Bytes;

pub use check::check_store;
pub use message::Message;
pub use none::NoHost;
pub use ownership::Ownership;

/// Whatever runs in a node's shards and handles the messages that are routed to its actors.
///
/// # What is called when
///
/// | | |
/// | --- | --- |
/// | [`prepare`](Self::prepare) | the shard will probably come here. Messages for it are kept meanwhile |
/// | [`serve`](Self::serve) | the shard is owned from now on; when this returns, messages follow |
/// | [`handle`](Self::handle) | for each message, in a task of its own and many at a time |
/// | [`drain`](Self::drain) | the shard goes elsewhere: no message is begun any more, and those under way have ended |
/// | [`release`](Self::release) | it is over. Whatever is kept for this ownership is to be forgotten |
///
/// The first, second, fourth and last come one after the other for one shard at one epoch; `serve` follows `drain` where a move was called
/// off. Calls for other shards, and for other epochs of the same shard, are independent and may overlap: what a host keeps, it keeps
/// by [`Ownership`]. `release` comes once for each ownership, also without `serve` (the shard went elsewhere) or without `drain` (the node lost its lease, or
/// another owner was [found](Ownership::fenced)).
///
/// # What the host has to see to
///
/// One writer per actor is a property of the log: before each append and each answer, and after each reload, the host looks at the
/// actor's head through [`Ownership::fence`], appends with the epoch, and claims the actor before its first answer that stores nothing.
/// A command's id stands in its events, so that it is known again when it comes a second time. The feature `testing` has `Counters`, which shows all of it.
///
/// # What is seen to for it
///
/// - An answer that stored nothing leaves the node only while the shard is owned and the lease lasts; otherwise the asker is told
///   to look elsewhere.
/// - A copy of a command that is under way waits for the outcome, and gets the same. A copy of one that was rejected is rejected
///   again, without the host. So a host has no command twice at a time.
/// - No more messages come than the node's settings allow, and none past its deadline.
///
/// # Panics and cancellation
///
/// A panic in `handle` is logged, and ends the turn without an answer: the asker tries again a little later, with the same command id, as it does when an
/// answer is lost. It is not told to come back at once, so that a message that always panics does so seldom. A panic in `serve`
/// leaves the shard unserved until it moves; one in the others counts as their end. A `handle` that has not
/// ended several seconds after the ownership did is dropped where it waits.
pub trait ShardHost: Send + Sync + 'static {
    /// Says before the node joins whether the host can do its work here: whether its store [keeps epochs](check_store), first of all. Unless told,
    /// it can.
    ///
    /// # Errors
    ///
    /// Whatever is in its way; the node does not join, and says so as [`JoinError::Host`](crate::JoinError::Host).
    fn check(&self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Prepares for a shard that will probably come, such as by reading what it will need. It may take its time; if it is longer than the move,
    /// serving waits for it.
    fn prepare(&self, ownership: &Ownership) -> impl Future<Output = ()> + Send {
        let _ = ownership;
        async {}
    }

    /// Takes the shard over. Messages are kept until this returns.
    fn serve(&self, ownership: &Ownership) -> impl Future<Output = ()> + Send {
        let _ = ownership;
        async {}
    }

    /// Writes down what the next owner is glad of: snapshots, caches. The shard is released when this returns, or when it has taken
    /// too long.
    fn drain(&self, ownership: &Ownership) -> impl Future<Output = ()> + Send {
        let _ = ownership;
        async {}
    }

    /// Forgets all that is kept for the ownership.
    fn release(&self, ownership: &Ownership) -> impl Future<Output = ()> + Send {
        let _ = ownership;
        async {}
    }

    /// Handles a message.
    ///
    /// It is called for many messages at a time, also of one actor: whoever takes turns gives them in the order of these calls.
    fn handle(&self, ownership: &Ownership, message: Message) -> impl Future<Output = Handled> + Send;
}

/// How a message was handled.
#[derive(Debug, Clone)]
pub enum Handled {
    /// The command's events are stored, now or by an earlier attempt. This always reaches the asker.
    Stored(Bytes),
    /// An answer that stored nothing.
    Answered(Bytes),
    /// The command is refused: it had no effect, and never will.
    Rejected(Bytes),
    /// There are too many messages. Nothing was stored.
    Overloaded,
    /// The actor is not owned here any more, or what became of the command is not known: the asker tries again with the same id.
    Moved,
    /// The message was waiting for its turn when the drain [began](Ownership::is_draining): nothing was done for it, and it goes to the next owner as
    /// it is.
    NotBegun(Message),
}
