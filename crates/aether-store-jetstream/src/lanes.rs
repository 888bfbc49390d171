//! One append per actor in flight: appends to one actor queue up, appends to others pass.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aether_core::ActorId;
use tokio::sync::OwnedMutexGuard;

type Turn = Arc<tokio::sync::Mutex<()>>;

/// The queues of the actors that are being appended to.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<HashMap<ActorId, Turn>>);

/// The right to append to one actor; given up when dropped.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    lanes: &'a Lanes,
    actor: ActorId,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Lanes {
    /// Waits for the actor's turn.
    pub(crate) async fn enter(&self, actor: &ActorId) -> Lane<'_> {
        let turn = Arc::clone(self.turns().entry(actor.clone()).or_default());
        // Made before the wait, so that giving up the wait cleans up too.
        let mut lane = Lane { lanes: self, actor: actor.clone(), turn: None };
        lane.turn = Some(turn.lock_owned().await);
        lane
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<ActorId, Turn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        self.turn = None;
        let mut turns = self.lanes.turns();
        // Whoever waits holds a second reference, and takes it under this lock.
        if turns.get(&self.actor).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(&self.actor);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn one_actor_waits_and_others_pass_and_nothing_is_left() {
        let lanes = Lanes::default();
        let (a, b) = (ActorId::new("a-1").unwrap(), ActorId::new("b-1").unwrap());
        let first = lanes.enter(&a).await;
        assert!(timeout(Duration::from_millis(20), lanes.enter(&a)).await.is_err());
        drop(timeout(Duration::from_secs(5), lanes.enter(&b)).await.unwrap());
        drop(first);
        drop(timeout(Duration::from_secs(5), lanes.enter(&a)).await.unwrap());
        assert!(lanes.turns().is_empty());
    }
}
