//! Faults of snapshots.

use aether_core::error::SnapshotError;
use aether_core::{ActorId, Snapshot, SnapshotOutcome, SnapshotStore};

use super::store::unavailable;
use super::{Fault, FaultyStore, InjectedFault, Operation};

impl<S: SnapshotStore> SnapshotStore for FaultyStore<S> {
    async fn latest_snapshot(&self, actor: &ActorId) -> Result<Option<Snapshot>, SnapshotError> {
        match self.fault(Operation::LatestSnapshot) {
            Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(_) => return Err(unavailable(Operation::LatestSnapshot).into()),
            None => {}
        }
        self.inner().latest_snapshot(actor).await
    }

    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotOutcome, SnapshotError> {
        let unknown = SnapshotError::Unknown {
            actor: snapshot.actor.clone(),
            version: snapshot.version,
            source: Some(InjectedFault.into()),
        };
        match self.fault(Operation::SaveSnapshot) {
            None => {}
            Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(Fault::Lose) => return Err(unknown),
            Some(Fault::DropAck) => {
                self.inner().save_snapshot(snapshot).await?;
                return Err(unknown);
            }
            Some(_) => return Err(unavailable(Operation::SaveSnapshot).into()),
        }
        self.inner().save_snapshot(snapshot).await
    }
}
