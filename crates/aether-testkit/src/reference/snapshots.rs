//! The reference store's snapshots: one per actor, never an older one.

use aether_core::error::SnapshotError;
use aether_core::{ActorId, SchemaVersion, Snapshot, SnapshotOutcome, SnapshotStore, Version};

use super::{Mutation, ReferenceStore};

impl ReferenceStore {
    fn snapshot_key(&self, actor: &ActorId) -> String {
        if Mutation::SnapshotsLossy.is(self.removed) {
            return actor.as_str().replace(['.', ' ', '*', '>'], "_");
        }
        self.key(actor)
    }

    fn stays(&self, there: &Snapshot, new: &Snapshot) -> bool {
        match self.removed {
            Some(Mutation::SnapshotsLastWins) => false,
            Some(Mutation::SnapshotsFirstStays) => there.version >= new.version,
            _ => there.version > new.version,
        }
    }
}

impl SnapshotStore for ReferenceStore {
    async fn latest_snapshot(&self, actor: &ActorId) -> Result<Option<Snapshot>, SnapshotError> {
        let latest = self.lock().snapshots.get(&self.snapshot_key(actor)).cloned();
        let none_at_zero = Mutation::SnapshotsNotAtZero.is(self.removed);
        Ok(latest.filter(|snapshot| !none_at_zero || snapshot.version > Version::INITIAL))
    }

    async fn save_snapshot(&self, snapshot: Snapshot) -> Result<SnapshotOutcome, SnapshotError> {
        let key = self.snapshot_key(&snapshot.actor);
        let mut data = self.lock();
        match data.snapshots.get(&key) {
            Some(there) if self.stays(there, &snapshot) => {
                Ok(SnapshotOutcome::Superseded { by: there.version })
            }
            _ => {
                let kept = match self.removed {
                    Some(Mutation::SnapshotsPartial) => {
                        snapshot.with_position(None).with_schema_version(SchemaVersion::FIRST)
                    }
                    _ => snapshot,
                };
                data.snapshots.insert(key, kept);
                Ok(SnapshotOutcome::Saved)
            }
        }
    }
}
