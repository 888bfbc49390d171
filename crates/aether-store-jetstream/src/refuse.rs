//! Refusing an append: after telling one that was only repeated from one that came too late.

use aether_core::error::{Conflict, InvalidAppend, Unavailable};
use aether_core::store::{Recognized, recognize};
use aether_core::{AppendError, Commit, Consistency, Expected, ReadOptions, Version};
use futures_util::StreamExt;
use tokio::time::timeout_at;

use crate::append::Appending;
use crate::frame::Frame;
use crate::head::Known;

impl Appending<'_> {
    /// Makes sure that a head which lies *below* what is expected is the newest, or returns where to look on. What lies
    /// above it cannot go away; but a leader that was cut off from its followers, and has not noticed, may not have seen
    /// what others appended, an earlier call of this caller included. Only a write shows that it still leads: a claim,
    /// which moves nothing but the sequence.
    pub(crate) async fn prove(&mut self, head: &Known) -> Result<Option<Known>, AppendError> {
        let is_below = self.asked.attempted().is_some_and(|attempted| attempted > head.version);
        let can_lag = self.inner.replicas > 1 && !self.inner.is_go();
        if !is_below || !can_lag || self.is_fenced(head) || self.asked.overflows(head.version) {
            return Ok(None);
        }
        match self.publish_claim(head, head.epoch).await {
            Ok(_) => Ok(None),
            Err(failure) if failure.is_passing() || failure.is_conflict() => {
                self.inner.heads.forget(&self.key);
                self.wait(head, failure).await?;
                self.look(Consistency::Leader).await.map(Some)
            }
            Err(failure) => Err(self.failed(failure)),
        }
    }

    /// The leader's head is not what was expected, or has a higher epoch.
    pub(crate) async fn refused(&self, head: &Known) -> Result<Commit, AppendError> {
        if self.asked.overflows(head.version) {
            let events = self.events.len() as u64;
            return Err(InvalidAppend::VersionOverflow { after: head.version, events }.into());
        }
        // Nothing is refused of `Any` but for its epoch.
        let attempted = self.asked.attempted().unwrap_or(head.version);
        if self.asked != Expected::Any {
            let repeated = timeout_at(self.deadline.at, self.repeated(attempted, head)).await;
            let late = || Unavailable::because("append", "the deadline passed while a repeat was looked for");
            if let Some(commit) = repeated.map_err(|_| late())?? {
                return Ok(commit);
            }
        }
        match head.epoch.filter(|_| self.is_fenced(head)) {
            Some(current) => Err(self.fenced(current)),
            None => {
                let (actor, expected, current) = (self.actor.clone(), self.asked, head.version);
                Err(Box::new(Conflict { actor, expected, attempted, current }).into())
            }
        }
    }

    /// Returns the commit, if an earlier call has stored exactly this append.
    async fn repeated(&self, attempted: Version, head: &Known) -> Result<Option<Commit>, AppendError> {
        if attempted > head.version {
            return Ok(None);
        }
        let Some(frame) = self.commit_at(attempted).await? else {
            return Ok(None);
        };
        match recognize(self.actor, Some(attempted), &frame.events, &self.events) {
            Recognized::Ours => self.inner.stored(frame.sequence, frame.events, true).map(Some),
            Recognized::Reused(reused) => Err(Box::new(reused).into()),
            Recognized::Others | Recognized::Nothing => Ok(None),
        }
    }

    /// Returns the commit that holds the first event from `version` on.
    async fn commit_at(&self, version: Version) -> Result<Option<Frame>, AppendError> {
        let options = ReadOptions::default().consistency(Consistency::Leader);
        let mut events = self.inner.read(self.actor, version, options);
        let Some(event) = events.next().await else {
            return Ok(None);
        };
        let sequence = event?.position().sequence();
        let found = self.inner.api.leader_at(&self.inner.stream, sequence).await;
        let found = found.map_err(|failure| failure.append("append"))?;
        let frame =
            found.map(|found| Frame::read(&found.message, self.actor, self.inner.partition)).transpose();
        frame.map_err(AppendError::Malformed)
    }
}
