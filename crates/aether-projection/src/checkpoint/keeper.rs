//! The record of one runner.

use aether_core::Checkpoint;
use aether_core::key_value::{Change, KeyValue, Revision};

use super::{CheckpointError, CheckpointRecord, CheckpointStore, KeyValueCheckpoints, RunnerId, Superseded};

/// Keeps one runner's checkpoint, as long as no other runner takes the name over.
pub(crate) struct Keeper<C> {
    store: C,
    pub(crate) name: String,
    runner: RunnerId,
    /// Whether the name was taken over.
    has_claimed: bool,
    /// Where the record stands; `None` where that has to be looked up.
    pub(crate) at: Option<(Revision, Checkpoint)>,
}

/// How often others may take over at the same moment before one gives up.
const CLAIMS: usize = 16;

impl<C: CheckpointStore> Keeper<C> {
    pub(crate) fn new(store: C, name: String) -> Self {
        Self { store, name, runner: RunnerId::generate(), has_claimed: false, at: None }
    }

    /// Looks the record up, and returns how far it is.
    pub(crate) async fn look(&mut self) -> Result<Checkpoint, CheckpointError> {
        self.at = None;
        Ok(self.stand().await?.1)
    }

    /// Returns where the record stands, taking the name over the first time.
    pub(crate) async fn stand(&mut self) -> Result<(Revision, Checkpoint), CheckpointError> {
        if let Some(at) = &self.at {
            return Ok(at.clone());
        }
        let at = if self.has_claimed { self.own().await? } else { self.claim().await? };
        self.has_claimed = true;
        self.at = Some(at.clone());
        Ok(at)
    }

    /// Looks up the record, which must be this runner's.
    async fn own(&self) -> Result<(Revision, Checkpoint), CheckpointError> {
        match self.store.load(&self.name).await? {
            Some(saved) if saved.record.runner == self.runner => {
                Ok((saved.revision, saved.record.checkpoint))
            }
            _ => Err(self.superseded().into()),
        }
    }

    /// Records that this runner goes on from where the last one was.
    async fn claim(&self) -> Result<(Revision, Checkpoint), CheckpointError> {
        for _ in 0..CLAIMS {
            let (revision, checkpoint) = match self.store.load(&self.name).await? {
                // An attempt whose answer was lost.
                Some(saved) if saved.record.runner == self.runner => {
                    return Ok((saved.revision, saved.record.checkpoint));
                }
                Some(saved) => (saved.revision, saved.record.checkpoint),
                None => (Revision::NONE, Checkpoint::default()),
            };
            match self.save(&checkpoint, revision).await {
                Err(CheckpointError::Superseded(_)) => {}
                saved => return Ok((saved?, checkpoint)),
            }
        }
        Err(self.superseded().into())
    }

    async fn save(&self, checkpoint: &Checkpoint, expected: Revision) -> Result<Revision, CheckpointError> {
        self.store.save(&self.name, &self.record_of(checkpoint), expected).await
    }

    fn record_of(&self, checkpoint: &Checkpoint) -> CheckpointRecord {
        CheckpointRecord { checkpoint: checkpoint.clone(), runner: self.runner.clone() }
    }

    /// Records how far the runner has come.
    pub(crate) async fn record(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let (revision, _) = self.stand().await?;
        // Until it is known to be saved, where it stands is not known.
        self.at = None;
        let revision = self.save(checkpoint, revision).await?;
        self.at = Some((revision, checkpoint.clone()));
        Ok(())
    }

    fn superseded(&self) -> Superseded {
        Superseded { name: self.name.clone() }
    }
}

impl<K: KeyValue> Keeper<KeyValueCheckpoints<K>> {
    /// Returns the change that records how far the runner has come, to be made together with others.
    pub(crate) async fn change(&mut self, checkpoint: &Checkpoint) -> Result<Change, CheckpointError> {
        let (revision, _) = self.stand().await?;
        // Until it is known to be made, where the record stands is not known.
        self.at = None;
        self.store.change(&self.name, &self.record_of(checkpoint), revision)
    }

    /// Notes that it was made.
    pub(crate) fn changed(&mut self, revision: Revision, checkpoint: &Checkpoint) {
        self.at = Some((revision, checkpoint.clone()));
    }
}
