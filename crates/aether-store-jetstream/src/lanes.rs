//! One append per actor in flight: appends to one actor queue up, appends to others pass.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot::{self, Receiver, Sender};

use crate::hashed::{ByActor, Hashed};

/// The actors that are being appended to, each with who waits for its turn. Whoever is alone, which is the usual case,
/// costs no allocation.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<ByActor<VecDeque<Sender<()>>>>);

/// The right to append to one actor; given up when dropped.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    lanes: &'a Lanes,
    actor: Hashed,
}

/// A place in the queue of one actor; given up when dropped, and the turn with it if it came meanwhile.
pub(crate) struct Place<'a> {
    lanes: &'a Lanes,
    actor: Hashed,
    turn: Receiver<()>,
}

impl Lanes {
    /// Takes the turn if nobody has it, else a place behind those who wait.
    pub(crate) fn try_enter(&self, actor: &Hashed) -> Result<Lane<'_>, Place<'_>> {
        match self.queues().entry(actor.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(VecDeque::new());
                Ok(Lane { lanes: self, actor: actor.clone() })
            }
            Entry::Occupied(mut entry) => {
                let (sender, turn) = oneshot::channel();
                let queue = entry.get_mut();
                if queue.len() == queue.capacity() {
                    // Who gave up is still in line.
                    queue.retain(|place| !place.is_closed());
                }
                queue.push_back(sender);
                Err(Place { lanes: self, actor: actor.clone(), turn })
            }
        }
    }

    /// Gives the turn to the next one who still wants it.
    fn pass_on(&self, actor: &Hashed) {
        while let Some(next) = self.next(actor) {
            if next.send(()).is_ok() {
                return;
            }
        }
    }

    /// Returns the next in line; where there is none, nobody has the turn any more.
    fn next(&self, actor: &Hashed) -> Option<Sender<()>> {
        let mut queues = self.queues();
        let next = queues.get_mut(actor)?.pop_front();
        if next.is_none() {
            queues.remove(actor);
        }
        next
    }

    fn queues(&self) -> MutexGuard<'_, ByActor<VecDeque<Sender<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Place<'a> {
    /// Waits for the turn.
    pub(crate) async fn turn(mut self) -> Lane<'a> {
        // The sender is dropped by nobody: whoever leaves sends.
        let _ = (&mut self.turn).await;
        Lane { lanes: self.lanes, actor: self.actor.clone() }
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        self.lanes.pass_on(&self.actor);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.turn.close();
        if self.turn.try_recv().is_ok() {
            self.lanes.pass_on(&self.actor);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use aether_core::ActorId;
    use futures_util::FutureExt;
    use tokio::time::timeout;

    use super::*;

    fn actor(id: &str) -> Hashed {
        Hashed::of(&ActorId::new(id).unwrap())
    }

    impl Lanes {
        async fn enter<'a>(&'a self, actor: &'a Hashed) -> Lane<'a> {
            match self.try_enter(actor) {
                Ok(lane) => lane,
                Err(place) => place.turn().await,
            }
        }
    }

    #[tokio::test]
    async fn one_actor_waits_and_others_pass_and_nothing_is_left() {
        let lanes = Lanes::default();
        let (a, b) = (actor("a-1"), actor("b-1"));
        let first = lanes.enter(&a).await;
        assert!(timeout(Duration::from_millis(20), lanes.enter(&a)).await.is_err());
        drop(timeout(Duration::from_secs(5), lanes.enter(&b)).await.unwrap());
        drop(first);
        drop(timeout(Duration::from_secs(5), lanes.enter(&a)).await.unwrap());
        assert!(lanes.queues().is_empty());
    }

    #[test]
    fn turns_are_taken_in_order_and_who_gave_up_is_passed_over() {
        let lanes = Lanes::default();
        let a = actor("a-1");
        let first = lanes.enter(&a).now_or_never().unwrap();
        let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(lanes.enter(&a))).collect();
        assert!(waiting.iter_mut().all(|place| place.now_or_never().is_none()));
        drop(waiting.remove(0));
        drop(first);
        // The turn has come to this one, which gives up before it knows.
        drop(waiting.remove(0));
        assert!(waiting[1].as_mut().now_or_never().is_none());
        let third = waiting[0].as_mut().now_or_never().unwrap();
        assert!(waiting[1].as_mut().now_or_never().is_none());
        drop(third);
        drop(waiting[1].as_mut().now_or_never().unwrap());
        assert!(lanes.queues().is_empty());
    }

    #[test]
    fn those_who_gave_up_do_not_pile_up() {
        let lanes = Lanes::default();
        let a = actor("a-1");
        let _first = lanes.enter(&a).now_or_never().unwrap();
        (0..1_000).for_each(|_| assert!(lanes.enter(&a).now_or_never().is_none()));
        assert!(lanes.queues()[&a].len() <= 8);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_two_have_the_turn_at_a_time() {
        let (lanes, inside) = (Arc::new(Lanes::default()), Arc::new(Mutex::new(())));
        let tasks: Vec<_> = (0u64..200)
            .map(|n| {
                let (lanes, inside) = (Arc::clone(&lanes), Arc::clone(&inside));
                tokio::spawn(async move {
                    let a = actor("a-1");
                    for _ in 0..20 {
                        // Some give up, before or after their turn has come.
                        let patience = Duration::from_micros(n * 50);
                        let Ok(_lane) = timeout(patience, lanes.enter(&a)).await else { continue };
                        assert!(inside.try_lock().map(|_| std::thread::yield_now()).is_ok());
                    }
                })
            })
            .collect();
        for task in tasks {
            timeout(Duration::from_secs(30), task).await.unwrap().unwrap();
        }
        assert!(lanes.queues().is_empty());
    }
}
