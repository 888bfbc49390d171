//! Subjects that several actors may share, as on streams of the Go original.

use aether_core::{ActorId, ReplayError, Version};

use crate::consumer::{Consumer, End};
use crate::error::Failure;
use crate::frame::{Frame, Stored};
use crate::head::{Known, Last};
use crate::store::{Inner, Shared};
use crate::trail::Trail;

impl Inner {
    /// Returns the last message of the actor's subject at the leader, whoever's it is.
    async fn last_of_subject(&self, actor: &ActorId) -> Result<Option<Stored>, Failure> {
        self.api.leader_last(&self.stream, &self.events_subject(actor)).await
    }

    /// Returns where the actor stands. The last message tells only if it is one of ours, which was written with the latest
    /// version in view; otherwise the latest version is the highest one there is, since writers of the Go original did not
    /// check each other.
    pub(crate) async fn known_by_actor(self: &Shared, actor: &ActorId) -> Result<Known, Failure> {
        let Some(last) = self.last_of_subject(actor).await? else {
            return Ok(Known::default());
        };
        if let Ok(frame) = Frame::read(&last, actor, self.partition)
            && frame.said.follows.is_some()
        {
            return Ok(Known { trail: Trail::default(), ..Known::of(&frame) });
        }
        let mut version = Version::INITIAL;
        let mut messages = Consumer::new(Shared::clone(self), self.events_subject(actor), 1, last.sequence);
        loop {
            match messages.next().await {
                Ok(message) => {
                    let read = Frame::read(&message, actor, self.partition);
                    version = version.max(read.map_or(Version::INITIAL, |frame| frame.version));
                }
                Err(End::Failed(failure)) => return Err(failure),
                Err(End::Complete | End::Expired) => {
                    return Ok(Known { version, sequence: last.sequence, ..Known::default() });
                }
            }
        }
    }

    /// Returns the sequence at which a read of the actor's subject ends.
    pub(crate) async fn end_of_subject(&self, actor: &ActorId) -> Result<Option<u64>, Failure> {
        Ok(self.last_of_subject(actor).await?.map(|last| last.sequence))
    }

    /// Returns what was read of a subject that others may share: theirs is nothing.
    pub(crate) fn own(
        &self,
        read: Result<Frame, Box<ReplayError>>,
    ) -> Option<Result<Frame, Box<ReplayError>>> {
        match read {
            Err(error) if self.is_go() && Frame::is_of_other(&error) => None,
            read => Some(read),
        }
    }

    /// Returns what the last message means, where one actor has the subject for itself.
    pub(crate) fn understand(&self, message: Option<Stored>, actor: &ActorId) -> Option<Last> {
        let message = message?;
        Some(match Frame::read(&message, actor, self.partition) {
            Ok(frame) => Last::Frame(Box::new(frame)),
            Err(error) => Last::Malformed { sequence: message.sequence, error },
        })
    }
}
