//! What users write: a message to an actor, how it is to be sent, and what is wanted back.

use std::fmt;
use std::time::Duration;

use aether_core::{ActorId, CommandId};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use super::codec::{Codec, Json};
use super::drive::{drive, name};
use super::error::{Rejection, RouteError};
use super::router::Inner;
use super::settings::LONGEST;
use super::{span, wire};
use crate::host::Message;
use crate::meter::AskMeter;
use crate::protocol::End;
use aether_core::TraceParent;
use wire::Answer;

/// A message to an actor, which goes to the node that owns it, wherever that is: nothing happens before [`ask`](Self::ask) or
/// [`tell`](Self::tell).
///
/// It is sent again, with the same command id, whenever the owner has moved, is not there, or does not answer; hosts know a command by
/// its id, so that it takes effect once.
#[must_use = "nothing is sent before `ask` or `tell`"]
pub struct Route<'a, M: ?Sized, C = Json> {
    router: &'a Inner,
    actor: &'a ActorId,
    message: &'a M,
    id: Option<CommandId>,
    within: Duration,
    linearizable: bool,
    trace: Option<TraceParent>,
    codec: C,
}

impl<'a, M: ?Sized> Route<'a, M> {
    pub(super) fn new(router: &'a Inner, actor: &'a ActorId, message: &'a M) -> Self {
        let within = router.settings.within;
        let codec = Json;
        Self { router, actor, message, id: None, within, linearizable: false, trace: None, codec }
    }
}

impl<'a, M: ?Sized, C> Route<'a, M, C> {
    /// Waits so long for the answer, 30 seconds at the most. Unless told: five leases, which is longer than a dead owner's place is vacant.
    pub fn within(self, within: Duration) -> Self {
        Self { within: within.min(LONGEST), ..self }
    }

    /// Sends it under this command id: to ask again after [`RouteError::Deadline`], or after a crash, without a second effect.
    /// Unless told, a fresh one. Questions that change nothing want a fresh one each time: one that joins an earlier one still under way
    /// gets that one's answer.
    pub fn id(self, id: CommandId) -> Self {
        Self { id: Some(id), ..self }
    }

    /// Wants an answer that has seen everything that was acknowledged before, whatever clocks do. It costs a write to the log;
    /// without it, the same holds as long as no clock runs a quarter faster than another.
    pub fn linearizable(self) -> Self {
        Self { linearizable: true, ..self }
    }

    /// Makes it a part of a trace: in the span that `parent` names. The trace goes with it to the owner.
    pub fn in_trace(self, parent: TraceParent) -> Self {
        Self { trace: Some(parent), ..self }
    }

    /// Writes it, and reads the answer, with another codec than JSON.
    pub fn codec<D: Codec>(self, codec: D) -> Route<'a, M, D> {
        let Self { router, actor, message, id, within, linearizable, trace, codec: _ } = self;
        Route { router, actor, message, id, within, linearizable, trace, codec }
    }
}

impl<M: ?Sized, C> fmt::Debug for Route<'_, M, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, id, within, linearizable, .. } = self;
        f.debug_struct("Route")
            .field("actor", actor)
            .field("id", id)
            .field("within", within)
            .field("linearizable", linearizable)
            .finish_non_exhaustive()
    }
}

impl<M: Serialize + ?Sized + Sync, C: Codec> Route<'_, M, C> {
    /// Asks, and reads the answer.
    ///
    /// # Errors
    ///
    /// See [`RouteError`], whose variants say what is known and what to do.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves it open whether the message takes effect, as [`RouteError::Deadline`] does: asking again with the same
    /// [`id`](Self::id) settles it. Nothing is sent after the drop.
    pub async fn ask<T: DeserializeOwned>(self) -> Result<T, RouteError> {
        let (stored, said) = self.send().await?;
        let (actor, codec) = (self.actor, &self.codec);
        codec.decode(&said).map_err(|source| RouteError::Decode { actor: actor.clone(), stored, source })
    }

    /// Sends it, and returns when the owner has answered; whatever the answer is, but a rejection.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask), without those of decoding.
    ///
    /// # Cancel safety
    ///
    /// As [`ask`](Self::ask).
    pub async fn tell(self) -> Result<(), RouteError> {
        match self.send().await {
            Ok(_) | Err(RouteError::AnswerTooLarge { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn send(&self) -> Result<(bool, Bytes), RouteError> {
        let Self { router, actor, .. } = *self;
        let shard = router.shards.shard_of(actor);
        let deadline = router.clock.now().plus(self.within);
        let (span, trace) = span::ask(shard, self.trace);
        let message = self.message()?.by(deadline, router.clock).in_trace(trace);
        let start = AskMeter::start();
        let (end, attempts) = drive(router, shard, &message, deadline).instrument(span.clone()).await;
        let name = end.as_ref().map_or("stopped", name);
        router.meter.ended(name, attempts, start);
        span::ended(&span, attempts, name);
        self.ended(end.map_err(|_| RouteError::Stopped)?, attempts)
    }

    fn message(&self) -> Result<Message, RouteError> {
        let actor = self.actor.clone();
        let id = self.id.clone().unwrap_or_else(CommandId::generate);
        id.check_writable()?;
        let payload = self.codec.encode(self.message);
        let payload = payload.map_err(|source| RouteError::Encode { actor: self.actor.clone(), source })?;
        let bytes = wire::size(&actor, &id, &payload);
        let limit = self.router.client.max_payload();
        if bytes > limit {
            return Err(RouteError::TooLarge { actor, bytes, limit });
        }
        Ok(Message::made(actor, id, payload).linearizable(self.linearizable))
    }

    fn ended(&self, end: End<Answer>, attempts: u32) -> Result<(bool, Bytes), RouteError> {
        let actor = self.actor.clone();
        let (stored, said) = match end {
            End::Stored(said) => (true, said),
            End::Answer(said) => (false, said),
            End::Rejected(Answer::Whole(said)) => return Err(RouteError::Rejected(Rejection::new(said))),
            // Its reason is too large: it is refused all the same.
            End::Rejected(Answer::TooLarge(_)) => {
                return Err(RouteError::Rejected(Rejection::new(Bytes::new())));
            }
            End::Overloaded => return Err(RouteError::Overloaded { actor, attempts }),
            End::NoOwner(lasting) => return Err(RouteError::NoOwner { actor, lasting }),
            End::Deadline => return Err(RouteError::Deadline { actor, within: self.within, attempts }),
        };
        match said {
            Answer::Whole(said) => Ok((stored, said)),
            Answer::TooLarge(bytes) => Err(RouteError::AnswerTooLarge { actor, stored, bytes }),
        }
    }
}
