//! Reading: along the trail where that is short, through a consumer where it is long.

use std::collections::VecDeque;

use aether_core::error::{HistoryTruncated, Unavailable};
use aether_core::{ActorId, ReadError, ReadOptions, RecordedEvent, Version};
use futures_util::future::join_all;
use futures_util::{Stream, StreamExt, stream};

use crate::assemble::Assembly;
use crate::consumer::{Consumer, End};
use crate::error::Failure;
use crate::frame::Frame;
use crate::head::{Last, lost};
use crate::plan::{self, Plan};
use crate::store::{Inner, Shared};

impl Inner {
    /// Reads the actor's events from `from` on.
    pub(crate) fn read(
        self: &Shared,
        actor: &ActorId,
        from: Version,
        options: ReadOptions,
    ) -> impl Stream<Item = Result<RecordedEvent, ReadError>> + Send + Unpin + use<> + 'static {
        let reader = Reader {
            inner: Shared::clone(self),
            actor: actor.clone(),
            from,
            options,
            state: State::Start,
            ready: VecDeque::new(),
            assembly: Assembly::new(actor.clone(), from),
        };
        stream::unfold(reader, |mut reader| async { reader.next().await.map(|item| (item, reader)) }).boxed()
    }
}

/// Says whether `frame` is the commit right before `later`. Both may lie: sequences and versions must fall.
fn is_before(frame: &Frame, later: &Frame) -> bool {
    frame.sequence < later.sequence
        && later.said.follows == Some(frame.version)
        && frame.said.follows.is_none_or(|follows| follows < frame.first_version())
}

struct Reader {
    inner: Shared,
    actor: ActorId,
    from: Version,
    options: ReadOptions,
    state: State,
    ready: VecDeque<Result<RecordedEvent, ReadError>>,
    assembly: Assembly,
}

enum State {
    Start,
    Consuming(Box<Consumer>),
    End,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<RecordedEvent, ReadError>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                if item.as_ref().is_err_and(|error| !error.is_malformed()) {
                    self.ready.clear();
                    self.state = State::End;
                }
                return Some(item);
            }
            match &mut self.state {
                State::Start => match self.start().await {
                    Ok(state) => self.state = state,
                    Err(failure) => self.fail(failure.read("read")),
                },
                State::Consuming(_) => self.consume().await,
                State::End => return None,
            }
        }
    }

    fn fail(&mut self, error: ReadError) {
        self.ready.push_back(Err(error));
    }

    fn take(&mut self, frame: Result<Frame, Box<aether_core::ReplayError>>) {
        match self.assembly.take(frame) {
            Ok(events) => self.ready.extend(events.into_iter().map(Ok)),
            Err(error) => self.fail(error),
        }
    }

    /// Looks at the head and chooses how to go on.
    async fn start(&mut self) -> Result<State, Failure> {
        if self.inner.is_go() {
            let end = self.inner.end_of_subject(&self.actor).await?;
            return Ok(end.map_or(State::End, |end| self.consume_to(end)));
        }
        let end = match self.inner.last(&self.actor, self.options.consistency).await? {
            Last::None { version } => {
                // Expired, all of them.
                if let Some(first_available) =
                    version.next().filter(|_| self.from <= version && version > Version::INITIAL)
                {
                    self.fail(self.truncated(first_available));
                }
                return Ok(State::End);
            }
            Last::Lost { sequence } => {
                self.fail(lost(sequence));
                return Ok(State::End);
            }
            // The version is not known, but everything before it can be read all the same.
            Last::Malformed { sequence, .. } => sequence,
            Last::Frame(head) => {
                let trail = head.said.trail.len();
                match plan::plan(plan::Known { from: self.from, head: head.version, trail }) {
                    Plan::Nothing => return Ok(State::End),
                    Plan::Consumer => head.sequence,
                    Plan::Trail => {
                        let end = head.sequence;
                        if let Some(frames) = self.follow(*head).await? {
                            frames.into_iter().rev().for_each(|frame| self.take(Ok(frame)));
                            return Ok(State::End);
                        }
                        end
                    }
                }
            }
        };
        Ok(self.consume_to(end))
    }

    fn consume_to(&self, end: u64) -> State {
        let subject = self.inner.events_subject(&self.actor);
        State::Consuming(Box::new(Consumer::new(Shared::clone(&self.inner), subject, end)))
    }

    /// Follows trails back from the head until everything wanted is there, newest first; or finds that they do not lead
    /// there.
    async fn follow(&self, head: Frame) -> Result<Option<Vec<Frame>>, Failure> {
        let mut frames = vec![head];
        while let Some(oldest) = frames.last().filter(|oldest| self.lacks_more(oldest)) {
            let (trail, mut later) = (oldest.said.trail.clone(), oldest.clone());
            if trail.is_empty() {
                return Ok(None);
            }
            let Some(follows) = later.said.follows else {
                return Ok(None);
            };
            let wanted = (follows.number() + 1).saturating_sub(self.from.number().max(1));
            let fetched = trail.iter().take(usize::try_from(wanted).unwrap_or(usize::MAX));
            for frame in join_all(fetched.map(|sequence| self.commit(*sequence))).await {
                match frame?.filter(|frame| is_before(frame, &later)) {
                    Some(frame) if self.lacks_more(&later) => {
                        later = frame.clone();
                        frames.push(frame);
                    }
                    Some(_) => break,
                    None => return Ok(None),
                }
            }
        }
        Ok(Some(frames))
    }

    /// Says whether versions before `frame` are wanted.
    fn lacks_more(&self, frame: &Frame) -> bool {
        frame.said.follows.is_none_or(|follows| follows >= self.from && follows > Version::INITIAL)
    }

    /// Fetches a commit that a trail names; whatever is not one of this actor is nothing.
    async fn commit(&self, sequence: u64) -> Result<Option<Frame>, Failure> {
        let (api, stream) = (&self.inner.api, &self.inner.stream);
        let found = match api.direct_at(stream, sequence).await? {
            // A replica that lags behind has not seen it yet.
            None => api.leader_at(stream, sequence).await?,
            found => found,
        };
        let subject = self.inner.events_subject(&self.actor);
        let found = found.filter(|found| found.subject == subject);
        Ok(found
            .and_then(|found| Frame::read(&found.message, &self.actor).ok())
            .filter(|frame| !frame.is_claim()))
    }

    /// Asks the leader for the first version that is still there.
    async fn first_available(&self) -> Option<Version> {
        let subject = self.inner.events_subject(&self.actor);
        let first = self.inner.api.leader_next(&self.inner.stream, &subject, 1).await.ok()??;
        Some(Frame::read(&first, &self.actor).ok()?.first_version())
    }

    fn truncated(&self, first_available: Version) -> ReadError {
        let (actor, wanted) = (self.actor.clone(), self.assembly.wanted());
        ReadError::Truncated(Box::new(HistoryTruncated { actor, wanted, first_available }))
    }

    /// Takes the next message of the consumer.
    async fn consume(&mut self) {
        let State::Consuming(consumer) = &mut self.state else {
            return;
        };
        match consumer.next().await {
            Ok(message) => {
                if let Some(frame) = self.inner.own_frame(&message, &self.actor) {
                    self.take(frame);
                }
            }
            Err(End::Complete) => self.state = State::End,
            Err(End::Failed(failure)) => self.fail(Unavailable::because("read", failure).into()),
            Err(End::Expired) => {
                let first_available = self.first_available().await.unwrap_or(self.assembly.wanted());
                self.fail(self.truncated(first_available));
            }
        }
    }
}
