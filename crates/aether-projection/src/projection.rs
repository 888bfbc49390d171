//! The contract of projections.

use std::future::Future;

use aether_core::Checkpoint;
use aether_core::error::BoxError;

use crate::Batch;

/// Derives something from events: a read model, an export, or side effects.
///
/// Whoever writes what events mean and [`Batch::checkpoint`] in *one transaction* of a database of their own implements
/// both methods, and each event has its effect exactly once, whatever crashes in between. For everything else,
/// [`Checkpointed`](crate::Checkpointed) makes a projection of a [`Handler`](crate::Handler): at least once.
///
/// # Contract
///
/// - After `apply` returned, its batch is durable, and `checkpoint` returns that of the batch.
/// - After `apply` failed, none, some or all of the batch was applied; `checkpoint` says how far, and it is asked before
///   anything is applied again. What it covers is not given again.
/// - Of two that run at once over the same data, the later one goes on, and the earlier one's `apply` fails with
///   [`Superseded`](crate::Superseded), as its error or one of the sources; the projector then stops, whatever its policy.
///   In a database that takes a number beside the checkpoint, which each one raises when it is first asked for its
///   checkpoint, and which each transaction finds unchanged.
pub trait Projection: Send + 'static {
    /// Why it failed.
    type Error: Into<BoxError> + Send;

    /// Returns how far it has come, or `None` where it has not begun.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from knowing. The projector asks again, as its policy says.
    fn checkpoint(&mut self) -> impl Future<Output = Result<Option<Checkpoint>, Self::Error>> + Send;

    /// Applies a batch, and records its checkpoint.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from that. What follows is the projector's [policy](crate::ErrorPolicy).
    ///
    /// # Cancel safety
    ///
    /// The projector does not drop the future before it ends, but a process may end at any moment: see the contract.
    fn apply(&mut self, batch: &Batch) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
