//! Finding out what became of an attempt that had no answer: the I/O around the outcome table.

use aether_core::error::Conflict;
use aether_core::{AppendError, Consistency, Expected, ReplayError, Version};
use tokio::time::timeout_at;

use crate::append::{Appending, Step};
use crate::error::Failure;
use crate::frame::Frame;
use crate::head::Known;
use crate::mechanism::Mechanism;
use crate::outcome::{Attempt, Found, Outcome, judge};

/// What the leader shows after a base.
struct After {
    frames: Vec<Frame>,
    /// Whether there is anything of other actors, on a subject that they share.
    others: bool,
    truncated: bool,
    malformed: Option<Box<ReplayError>>,
}

impl Appending<'_> {
    /// Asks the log what became of this call's attempts, the last of which built on `head`.
    pub(crate) async fn settle(
        &mut self,
        head: &Known,
        first: Version,
        why: Failure,
    ) -> Result<Step, AppendError> {
        self.inner.heads.forget(&self.key);
        let base = self.unanswered.unwrap_or(head.sequence);
        let found = match timeout_at(self.deadline.at, self.after(base)).await {
            Ok(Ok(found)) => found,
            // What cannot be read now may be later.
            Ok(Err(failure)) => return self.wait(head, failure).await,
            Err(_) => return Err(self.unknown(Some(why.into()))),
        };
        let recognizes = self.inner.has(Mechanism::OwnWriteRecognition);
        let ours = if recognizes { self.events.as_slice() } else { &[] };
        let attempt = Attempt { actor: self.actor, events: ours, epoch: self.epoch };
        let outcome = judge(&attempt, &Found { frames: &found.frames, truncated: found.truncated });
        if self.inner.is_go() && !matches!(outcome, Outcome::Stored { .. } | Outcome::Reused(_)) {
            return self.settle_by_actor(head, &found, why).await;
        }
        // What the last attempt itself was built on says nothing of that attempt.
        let is_new = found.frames.last().is_some_and(|frame| frame.sequence > head.sequence);
        match (outcome, found.malformed) {
            (Outcome::Stored { sequence }, _) => self.recognized(&found.frames, sequence),
            (Outcome::Reused(reused), _) => Err(Box::new(reused).into()),
            (Outcome::Truncated, _) => Err(self.unknown(Some("what would tell has expired".into()))),
            // It came after the base, so ours never will.
            (_, Some(malformed)) => Err(malformed.into()),
            (Outcome::Fenced { current }, _) => Err(self.fenced(current)),
            (Outcome::Overtaken { current }, _) if is_new => self.overtaken(&found.frames, first, current),
            (Outcome::Rebase, _) if is_new => Ok(Self::after_last(&found.frames)),
            (Outcome::Retry | Outcome::Overtaken { .. } | Outcome::Rebase, _) => self.wait(head, why).await,
        }
    }

    /// On a shared subject any message after the base means that ours never lands there, whoever's it is; the next attempt,
    /// or the refusal, builds on where the actor stands now.
    async fn settle_by_actor(
        &mut self,
        head: &Known,
        found: &After,
        why: Failure,
    ) -> Result<Step, AppendError> {
        if found.truncated {
            return Err(self.unknown(Some("what would tell has expired".into())));
        }
        let now = self.look(Consistency::Leader).await?;
        if now.sequence == head.sequence
            || !(found.others || !found.frames.is_empty() || found.malformed.is_some())
        {
            return self.wait(head, why).await;
        }
        (self.expected, self.unanswered) = (self.asked, None);
        Ok(Step::Again(now))
    }

    /// Others were first: an end for who expects a version, a new base for who does not.
    fn overtaken(&mut self, frames: &[Frame], first: Version, current: Version) -> Result<Step, AppendError> {
        match self.asked {
            Expected::Any => self.expected = Expected::Exactly(current),
            Expected::Below(version) if current < version => {}
            expected => {
                let actor = self.actor.clone();
                return Err(Box::new(Conflict { actor, expected, attempted: first, current }).into());
            }
        }
        Ok(Self::after_last(frames))
    }

    fn after_last(frames: &[Frame]) -> Step {
        Step::Again(frames.last().map(Known::of).unwrap_or_default())
    }

    /// Ours was found in the log.
    fn recognized(&self, frames: &[Frame], sequence: u64) -> Result<Step, AppendError> {
        if let Some(last) = frames.last() {
            let known = Known { anchor: self.anchor, ..Known::of(last) };
            self.inner.heads.remember(self.inner.connection(), &self.key, known);
        }
        let ours = frames.iter().find(|frame| frame.sequence == sequence);
        self.inner
            .stored(sequence, ours.map(|frame| frame.events.clone()).unwrap_or_default(), false)
            .map(Step::Done)
    }

    /// Reads, at the leader, everything of the subject after `base`.
    async fn after(&self, base: u64) -> Result<After, Failure> {
        let (api, stream) = (&self.inner.api, &self.inner.stream);
        let last = api.leader_last(stream, &self.subject).await?.map_or(0, |message| message.sequence);
        let mut after = After { frames: Vec::new(), others: false, truncated: last < base, malformed: None };
        let mut next = base.saturating_add(1);
        while next <= last {
            let Some(message) = api.leader_next(stream, &self.subject, next).await? else {
                break;
            };
            next = message.sequence.saturating_add(1);
            match self.inner.own(Frame::read(&message, self.actor, self.inner.partition)) {
                Some(Ok(frame)) => after.frames.push(frame),
                Some(Err(error)) => after.malformed = Some(error),
                None => after.others = true,
            }
        }
        // The first message after the base says what it followed; if that is not the base, what did is gone.
        let followed = after.frames.first().and_then(|frame| frame.said.base);
        let all_seen = after.malformed.is_none() && !after.others;
        after.truncated |= all_seen && followed.is_some_and(|followed| followed != base);
        Ok(after)
    }
}
