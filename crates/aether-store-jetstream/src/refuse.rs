//! Refusing an append: after telling one that was only repeated from one that came too late.

use aether_core::error::{Conflict, InvalidAppend};
use aether_core::store::{Recognized, recognize};
use aether_core::{AppendError, Commit, Consistency, Expected, ReadOptions, Version};
use futures_util::StreamExt;

use crate::append::{Appending, Step};
use crate::frame::Frame;
use crate::head::Known;

impl Appending<'_> {
    /// The leader's head is not what was expected, or has a higher epoch.
    pub(crate) async fn refused(&self, head: &Known) -> Result<Commit, AppendError> {
        if let Some(attempted) = self.asked.attempted() {
            if let Some(commit) = self.repeated(attempted, head).await? {
                return Ok(commit);
            }
            if !self.is_fenced(head) && self.asked != Expected::Exactly(head.version) {
                let (actor, expected, current) = (self.actor.clone(), self.asked, head.version);
                return Err(Box::new(Conflict { actor, expected, attempted, current }).into());
            }
        }
        match head.epoch.filter(|_| self.is_fenced(head)) {
            Some(current) => Err(self.fenced(current)),
            // What was expected is there, and no version is left after it.
            None => {
                let events = self.events.len() as u64;
                Err(InvalidAppend::VersionOverflow { after: head.version, events }.into())
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
            Recognized::Ours => match self.stored(frame.sequence, frame.events, true)? {
                Step::Done(commit) => Ok(Some(commit)),
                Step::Again(_) => Ok(None),
            },
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
        let frame = found.map(|found| Frame::read(&found.message, self.actor)).transpose();
        frame.map_err(AppendError::Malformed)
    }
}
