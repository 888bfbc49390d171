//! A host that keeps a counter for each actor, in an event store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aether_core::error::BoxError;
use aether_core::{
    ActorId, AppendError, AppendOptions, ClaimOptions, Consistency, Epoch, EventStore, Expected, NewEvent,
    ReadOptions, Version,
};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Serialize;

use super::command::CounterEvent;
use super::counter::{Counter, Decision};
use crate::host::{Handled, Message, Ownership, ShardHost, check_store};
use crate::mechanism::Mechanisms;
use crate::placement::Shard;
use crate::protocol::Held;

/// A host that keeps a counter for each actor in an event store. It is for tests, and it shows what a host has to see to.
///
/// - *Turns.* The messages of one actor are handled one after the other. Those that wait for their turn when the shard is drained are
///   given back.
/// - *Loading.* An actor is loaded at the store's leader when its first message comes, and again after whatever was not as expected.
/// - *The fence.* The head that was loaded is looked at before each append and each answer. A later epoch there ends the ownership.
/// - *Claims.* Where the head is not known to be this ownership's own, it is claimed before an answer that stores nothing, and so it is before
///   each linearizable answer. Otherwise a former owner could store what it prepared long ago, after it was denied.
/// - *Once.* A command's id is stored in its event, so that it is known again, by this owner and by each later one.
#[derive(Debug)]
pub struct Counters<S> {
    store: S,
    bounds: (i64, i64),
    mechanisms: Mechanisms,
    /// By ownership, as all that a host keeps.
    actors: Mutex<HashMap<(Shard, Epoch), Actors>>,
}

type Actors = HashMap<ActorId, Turns>;
/// The right to the next turn, which is had in the order of asking, with what is known of the actor.
type Turns = Arc<tokio::sync::Mutex<Option<Counter>>>;

/// A turn goes no further: its asker is to try again, here or elsewhere.
struct Moved;

impl<S: EventStore> Counters<S> {
    /// Keeps counters in this store, each from 0 to `limit`.
    pub fn new(store: S, limit: i64) -> Self {
        Self { store, bounds: (0, limit), mechanisms: Mechanisms::default(), actors: Mutex::default() }
    }

    /// Takes a mechanism of the [fence](Ownership::fence) away, for this crate's own tests.
    #[must_use]
    pub fn with(self, mechanisms: Mechanisms) -> Self {
        Self { mechanisms, ..self }
    }

    fn turns(&self, ownership: &Ownership, actor: &ActorId) -> Turns {
        let mut all = self.actors.lock().unwrap_or_else(PoisonError::into_inner);
        let actors = all.entry((ownership.shard(), ownership.epoch())).or_default();
        Arc::clone(actors.entry(actor.clone()).or_default())
    }

    async fn turn(
        &self,
        ownership: &Ownership,
        known: &mut Option<Counter>,
        message: &Message,
    ) -> Result<Handled, Moved> {
        let Ok(command) = serde_json::from_slice(&message.payload) else {
            // Nobody of this version asks so.
            return Ok(Handled::Rejected(Bytes::from_static(b"null")));
        };
        let fence = ownership.fence().with(self.mechanisms);
        let mut is_proven = !message.linearizable;
        while !message.left().is_zero() {
            let counter = match known.take() {
                Some(counter) => known.insert(counter),
                None => known.insert(self.load(&message.actor).await?),
            };
            let held = fence.look(counter.head(ownership.incarnation()));
            if let Held::Fenced { current } = held {
                return Err(fenced(ownership, current));
            }
            let decision = counter.decide(&message.command, command, &self.bounds);
            let must_claim = match decision {
                Decision::Known(reply) => return Ok(Handled::Stored(json(&reply))),
                Decision::Append(_) => false,
                Decision::Reject(_) | Decision::Answer(_) => fence.claims_before_answer(held) || !is_proven,
            };
            match decision {
                _ if must_claim => is_proven |= self.claim(ownership, known, message).await?,
                Decision::Append(change) => {
                    let event = added(change, message)?;
                    if let Some(handled) = self.append(ownership, known, message, event).await? {
                        return Ok(handled);
                    }
                }
                Decision::Reject(why) => return Ok(Handled::Rejected(json(&why))),
                Decision::Answer(reply) | Decision::Known(reply) => {
                    return Ok(Handled::Answered(json(&reply)));
                }
            }
        }
        Ok(Handled::Moved)
    }

    /// Reads the actor at the store's leader, and its head behind that: whatever is at the head was read.
    async fn load(&self, actor: &ActorId) -> Result<Counter, Moved> {
        loop {
            let mut counter = Counter::default();
            let leader = ReadOptions::default().consistency(Consistency::Leader);
            let mut events = self.store.read_with(actor, Version::FIRST, leader);
            while let Some(event) = events.next().await {
                let event = event.map_err(unknown)?;
                counter.apply(event.event()).map_err(unknown)?;
            }
            let head = self.store.head(actor, Consistency::Leader).await.map_err(unknown)?;
            if head.version == counter.version {
                counter.found(&head);
                return Ok(counter);
            }
        }
    }

    /// Appends what a command adds. Where another writer was first, nothing is known any more, and the turn begins again.
    async fn append(
        &self,
        ownership: &Ownership,
        known: &mut Option<Counter>,
        message: &Message,
        event: NewEvent,
    ) -> Result<Option<Handled>, Moved> {
        let Some(mut counter) = known.take() else { return Ok(None) };
        let mut expected = Expected::Exactly(counter.version);
        // Until what became of it is known: the same event with the same expectation is stored once.
        while !message.left().is_zero() {
            let options = AppendOptions::default().epoch(ownership.epoch()).deadline(message.left());
            match self.store.append_with(&message.actor, expected, vec![event.clone()], options).await {
                Ok(commit) => {
                    for event in &commit.events {
                        counter.apply(event.event()).map_err(unknown)?;
                    }
                    counter.wrote(ownership.epoch());
                    let reply = counter.reply();
                    *known = Some(counter);
                    return Ok(Some(Handled::Stored(json(&reply))));
                }
                Err(AppendError::Fenced(later)) => return Err(fenced(ownership, later.current)),
                Err(AppendError::Conflict(_)) => return Ok(None),
                Err(AppendError::Unknown(outcome)) => expected = outcome.expected,
                Err(error) => return Err(unknown(error)),
            }
        }
        // It may be stored yet: the next turn loads, and claims before it denies anything.
        Err(Moved)
    }

    /// Writes a claim; says whether it proves that nothing is newer than what is known.
    async fn claim(
        &self,
        ownership: &Ownership,
        known: &mut Option<Counter>,
        message: &Message,
    ) -> Result<bool, Moved> {
        let Some(mut counter) = known.take() else { return Ok(false) };
        let options = ClaimOptions::default().deadline(message.left()).prove();
        match self.store.claim_with(&message.actor, ownership.epoch(), options).await {
            Ok(head) if head.version == counter.version => {
                counter.wrote(ownership.epoch());
                *known = Some(counter);
                Ok(true)
            }
            Err(AppendError::Fenced(later)) => Err(fenced(ownership, later.current)),
            // Somebody has written since it was loaded, or it is not known whether the claim is there.
            Ok(_) | Err(AppendError::Conflict(_) | AppendError::Unknown(_)) => Ok(false),
            Err(error) => Err(unknown(error)),
        }
    }
}

impl<S: EventStore> ShardHost for Counters<S> {
    fn check(&self) -> Result<(), BoxError> {
        Ok(check_store(&self.store)?)
    }

    async fn release(&self, ownership: &Ownership) {
        let mut all = self.actors.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&(ownership.shard(), ownership.epoch()));
    }

    async fn handle(&self, ownership: &Ownership, message: Message) -> Handled {
        let turns = self.turns(ownership, &message.actor);
        let mut known = turns.lock().await;
        if ownership.is_draining() {
            return Handled::NotBegun(message);
        }
        match self.turn(ownership, &mut known, &message).await {
            Ok(handled) => handled,
            Err(Moved) => Handled::Moved,
        }
    }
}

fn fenced(ownership: &Ownership, current: Epoch) -> Moved {
    ownership.fenced(current);
    Moved
}

/// The store cannot say now: the asker tries again.
fn unknown(error: impl std::fmt::Display) -> Moved {
    tracing::debug!(%error, "a counter cannot be read or written now");
    Moved
}

fn added(change: i64, message: &Message) -> Result<NewEvent, Moved> {
    let event = NewEvent::encode(&CounterEvent::Added { change }).map_err(unknown)?;
    Ok(event.with_command(message.command.clone()))
}

fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
