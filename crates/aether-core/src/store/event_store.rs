//! The contract of an event store.

use std::future::Future;

use futures_core::Stream;

use super::{AppendOptions, Capabilities, ClaimOptions, Commit, Expected};
use crate::error::{AppendError, ReadError};
use crate::{ActorId, Epoch, NewEvent, Position, RecordedEvent, Version};

/// How fresh an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consistency {
    /// At least what this handle has written itself; a replica may answer.
    #[default]
    Any,
    /// What the leader of the store's replicas has. Only an append or a claim *proves* that nothing is newer.
    Leader,
}

/// What may be said with a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ReadOptions {
    /// How fresh the answer must be.
    pub consistency: Consistency,
}

impl ReadOptions {
    /// Reads as fresh as `consistency` says.
    #[must_use]
    pub fn consistency(self, consistency: Consistency) -> Self {
        Self { consistency }
    }
}

/// Where an actor's history stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Head {
    /// The latest version; [`Version::INITIAL`] without events.
    pub version: Version,
    /// The highest epoch in the history, if it has any.
    pub epoch: Option<Epoch>,
    /// Where the latest commit or claim lies, if there is one.
    pub position: Option<Position>,
}

impl Head {
    /// Makes a head. For stores.
    #[must_use]
    pub fn new(version: Version, epoch: Option<Epoch>, position: Option<Position>) -> Self {
        Self { version, epoch, position }
    }
}

/// Keeps the histories of actors: appended to, read, and never changed.
///
/// There is no way to update or delete an event. A mistake is corrected by a further event that says so.
///
/// The conveniences are in [`EventStoreExt`](crate::EventStoreExt); `SharedStore` makes any store usable at run time.
/// Every implementation passes `event_store_conformance!` of `aether-testkit`, which states this contract as tests.
///
/// # Appending
///
/// - A commit is stored whole or not at all, and its events get consecutive versions.
/// - What [`Expected`] says is checked where the events are stored, at one moment for all writers everywhere: of several
///   writers with the same expectation one wins.
/// - After `Conflict`, the events are not in the log and never will be. After `Unknown`, they are there once or not at
///   all.
/// - Repeating an append with the same expectation and the same events stores them once, and says so in
///   [`Commit::already_stored`]. Only [`Expected::Any`] cannot be recognized.
/// - The same ids with other content, in the place where the expectation puts them, are `IdReused`.
/// - Epochs along an actor's history never go back.
///
/// # Reading
///
/// - Events come in the order of versions, from the given version on, itself included.
/// - What an append returned is in every later read of the same handle.
/// - A read is complete, or says why not. A stored message that is no event is an item of its own, with its bytes, and
///   its neighbors come as if it were not there.
/// - Reading copies no event: what is returned is shared with whoever else reads it, and cannot be changed.
///
/// # Actors
///
/// Two actors whose ids differ in any byte have nothing in common, and appends to different actors do not wait for each
/// other.
///
/// # Cancel safety
///
/// Dropping the future of an append or a claim leaves it stored or not, never half. Repeat it to know.
pub trait EventStore: Send + Sync + 'static {
    /// Appends `events` to `actor`, all of them or none, and returns where they were stored.
    ///
    /// # Errors
    ///
    /// See [`AppendError`], whose variants say what to do. In short: reload after a `Conflict`, repeat after an
    /// `Unknown`, stop after `Fenced`.
    fn append_with(
        &self,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> impl Future<Output = Result<Commit, AppendError>> + Send;

    /// Takes the actor over at `epoch`: whatever a lower epoch prepared before, and has not stored by now, will be
    /// refused. Repeating it changes nothing, unless it is to [prove](ClaimOptions::prove) something.
    ///
    /// A claim stores no event and no reader sees it.
    ///
    /// # Errors
    ///
    /// [`AppendError::Fenced`] when a higher epoch is there already; `Unsupported` in stores that keep no epochs; the
    /// rest as with appends.
    fn claim_with(
        &self,
        actor: &ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> impl Future<Output = Result<Head, AppendError>> + Send;

    /// Returns where the actor's history stands; [`Head::default`] for an actor without one.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. [`ReadError::Malformed`] when the latest message is no event.
    fn head(
        &self,
        actor: &ActorId,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Head, ReadError>> + Send;

    /// Reads the actor's events from version `from` on, itself included, to what is the latest one when the read begins:
    /// between the call and the first poll.
    ///
    /// The memory that it takes does not grow with the history. The stream borrows nothing; dropping it ends the read.
    ///
    /// # Errors
    ///
    /// Errors are items. After [`ReadError::Malformed`] the stream goes on, after any other it ends.
    fn read_with(
        &self,
        actor: &ActorId,
        from: Version,
        options: ReadOptions,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<Self> + 'static;

    /// Says what the store can do.
    fn capabilities(&self) -> Capabilities;
}
