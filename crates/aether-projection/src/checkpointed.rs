//! Handlers whose checkpoint is kept for them.

use std::fmt;

use aether_core::error::BoxError;
use aether_core::{Checkpoint, Position};

use crate::checkpoint::{Keeper, is_superseded};
use crate::{Batch, CheckpointError, CheckpointStore, Handler, Projection, batch};

/// Makes a [`Projection`] of a [`Handler`] and a [`CheckpointStore`]: events are handled, then recorded. So each is
/// handled at least once; after a crash, those since the last record again.
///
/// The first look at the checkpoint takes the name over: an earlier runner of the same name fails with
/// [`Superseded`](crate::Superseded) at its next record, and handles no batch after that.
pub struct Checkpointed<H, C> {
    handler: H,
    keeper: Keeper<C>,
}

/// Says why a batch was not handled, or not recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointedError {
    /// The handler failed.
    #[error("the event at position {position} could not be handled")]
    Handler {
        /// Where the event lies.
        position: Position,
        /// What the handler says.
        #[source]
        source: BoxError,
    },
    /// The checkpoint could not be loaded or saved.
    #[error("the checkpoint is not at hand")]
    Checkpoint(#[from] CheckpointError),
}

impl<H: Handler, C: CheckpointStore> Checkpointed<H, C> {
    /// Has `handler` follow the checkpoint that `store` keeps under `name`.
    pub fn new(handler: H, store: C, name: impl Into<String>) -> Self {
        Self { handler, keeper: Keeper::new(store, name.into()) }
    }
}

impl<H: Handler, C: CheckpointStore> Projection for Checkpointed<H, C> {
    type Error = CheckpointedError;

    async fn checkpoint(&mut self) -> Result<Option<Checkpoint>, CheckpointedError> {
        let checkpoint = self.keeper.look().await?;
        Ok((checkpoint != Checkpoint::default()).then_some(checkpoint))
    }

    async fn apply(&mut self, batch: &Batch) -> Result<(), CheckpointedError> {
        let (_, before) = self.keeper.stand().await?;
        for (index, event) in batch.events().iter().enumerate() {
            let Err(error) = self.handler.handle(event, batch.mode()).await else {
                continue;
            };
            let handled = batch.events().get(..index).unwrap_or_default();
            // What was handled need not be handled again. That this failed is nothing beside the error, but for one.
            if !handled.is_empty()
                && let Err(error) = self.keeper.record(&batch::after(&before, handled)).await
                && is_superseded(&error)
            {
                return Err(error.into());
            }
            return Err(CheckpointedError::Handler { position: event.position(), source: error.into() });
        }
        Ok(self.keeper.record(batch.checkpoint()).await?)
    }
}

impl<H, C> fmt::Debug for Checkpointed<H, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpointed")
            .field("name", &self.keeper.name)
            .field("at", &self.keeper.at)
            .finish_non_exhaustive()
    }
}
