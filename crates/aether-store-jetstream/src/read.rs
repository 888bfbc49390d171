//! Reading: along the trail where that is short, through a consumer where it is long.

use std::collections::VecDeque;

use aether_core::error::{HistoryTruncated, Unavailable};
use aether_core::{ActorId, ReadError, ReadOptions, RecordedEvent, Version};
use futures_util::{Stream, StreamExt, stream};

use crate::assemble::Assembly;
use crate::consumer::{Consumer, End};
use crate::error::Failure;
use crate::frame::{Frame, Stored};
use crate::head::Last;
use crate::mechanism::Mechanism;
use crate::plan::{self, Plan};
use crate::store::{Inner, Shared};
use crate::trail::milestone_by;

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

/// So many events are taken off the client at once, if they are there.
const BATCH: usize = 256;

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
                State::Consuming(_) => self.receive().await,
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
            return Ok(end.map_or(State::End, |end| self.consume(1, end)));
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
                self.fail(self.inner.lost(sequence));
                return Ok(State::End);
            }
            // The version is not known, but everything before it can be read all the same.
            Last::Malformed { sequence, .. } => sequence,
            Last::Frame(head) => return self.start_from(*head).await,
        };
        Ok(self.consume(1, end))
    }

    /// Chooses how to get what leads to `head`.
    async fn start_from(&mut self, head: Frame) -> Result<State, Failure> {
        let end = head.sequence;
        let (trail, events) = (&head.said.trail, head.events.len() as u64);
        let since = head.version.number().saturating_sub(milestone_by(head.version)) / events.max(1);
        let mut known = plan::Known {
            from: self.from,
            head: head.version,
            events,
            trail: trail.commits().len() as u64,
            apart: trail.apart(end, since),
            pages: self.inner.pages,
            replicas: self.inner.replicas,
        };
        let mut plan = plan::plan(known);
        if !self.inner.has(Mechanism::ShortReads) {
            return Ok(self.consume(1, end));
        }
        if plan == Plan::Trail {
            if let Some(frames) = self.inner.follow(&self.actor, self.from, head.clone()).await? {
                frames.into_iter().for_each(|frame| self.take(Ok(frame)));
                return Ok(State::End);
            }
            known.trail = 0;
            plan = plan::plan(known);
        }
        if plan == Plan::Page
            && let Some(messages) = self.page(end).await
        {
            messages.iter().for_each(|message| self.take_message(message));
            return Ok(State::End);
        }
        Ok(match plan {
            Plan::Nothing => State::End,
            Plan::Seek => self.consume(self.inner.seek(&self.actor, self.from, &head).await, end),
            Plan::Trail | Plan::Page | Plan::Consumer => self.consume(1, end),
        })
    }

    /// Returns the messages of the subject up to `end`, if a replica that has all of them sends them at once.
    async fn page(&self, end: u64) -> Option<Vec<Stored>> {
        let subject = self.inner.events_subject(&self.actor);
        let page = self.inner.api.direct_page(&self.inner.stream, &subject, plan::PAGE).await.ok()?;
        let mut messages = page.messages;
        messages.retain(|message| message.sequence <= end);
        messages.last().is_some_and(|last| last.sequence == end).then_some(messages)
    }

    fn consume(&self, start: u64, end: u64) -> State {
        let subject = self.inner.events_subject(&self.actor);
        State::Consuming(Box::new(Consumer::new(Shared::clone(&self.inner), subject, start, end)))
    }

    /// Asks the leader for the first version that is still there.
    async fn first_available(&self) -> Option<Version> {
        let subject = self.inner.events_subject(&self.actor);
        let first = self.inner.api.leader_next(&self.inner.stream, &subject, 1).await.ok()??;
        Some(Frame::read(&first, &self.actor, self.inner.partition).ok()?.first_version())
    }

    fn take_message(&mut self, message: &Stored) {
        if let Some(frame) =
            self.inner.own(Frame::read_without_trail(message, &self.actor, self.inner.partition))
        {
            self.take(frame);
        }
    }

    fn truncated(&self, first_available: Version) -> ReadError {
        let (actor, wanted) = (self.actor.clone(), self.assembly.wanted());
        ReadError::Truncated(Box::new(HistoryTruncated { actor, wanted, first_available }))
    }

    /// Takes the next message of the consumer, and those that are there with it.
    async fn receive(&mut self) {
        let State::Consuming(consumer) = &mut self.state else {
            return;
        };
        match consumer.next().await {
            Ok(message) => {
                self.take_message(&message);
                while self.ready.len() < BATCH
                    && let State::Consuming(consumer) = &mut self.state
                    && let Some(message) = consumer.next_ready()
                {
                    self.take_message(&message);
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
