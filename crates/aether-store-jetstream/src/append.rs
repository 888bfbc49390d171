//! Appending: the I/O around the outcome table.

use std::time::Duration;

use aether_core::error::{BoxError, Conflict, Fenced, InvalidAppend, Unavailable, UnknownOutcome};
use aether_core::event::wire;
use aether_core::store::{Recognized, check_commit, number, recognize};
use aether_core::{
    ActorId, AppendError, AppendOptions, Commit, Consistency, Epoch, Event, Expected, Head, NewEvent,
    ReadOptions, RecordedEvent, Version,
};
use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::error::{Failure, code};
use crate::frame::Frame;
use crate::head::{Known, Last};
use crate::headers::{self, Body};
use crate::outcome::{Attempt, Found, Outcome, judge};
use crate::store::{Inner, Shared};

/// What there is between two attempts, at first; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// A longer deadline than this is as good as this one, and cannot overflow a clock.
const LONGEST_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);
/// The first line of headers and the empty one after the last.
const HEADER_FRAME: usize = "NATS/1.0\r\n\r\n".len();

impl Inner {
    /// Appends, with one append per actor in flight, and announces what was stored.
    pub(crate) async fn append(
        self: &Shared,
        actor: &ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Commit, AppendError> {
        check_commit(expected, &events)?;
        let mut append = Appending::new(self, actor, expected, events, options);
        let commit = {
            let _lane = self.lanes.enter(actor).await;
            let commit = append.run().await?;
            if !commit.already_stored {
                self.announcer.enqueue(&commit.events);
            }
            commit
        };
        self.announcer.deliver();
        Ok(commit)
    }

    /// Takes the actor over at `epoch`.
    pub(crate) async fn claim(self: &Shared, actor: &ActorId, epoch: Epoch) -> Result<Head, AppendError> {
        let options = AppendOptions::default().epoch(epoch);
        let mut claim = Appending::new(self, actor, Expected::Any, Vec::new(), options);
        let _lane = self.lanes.enter(actor).await;
        claim.run_claim(epoch).await
    }
}

/// One append or claim, from its first attempt to its outcome.
struct Appending<'a> {
    inner: &'a Shared,
    actor: &'a ActorId,
    subject: String,
    asked: Expected,
    /// What is expected of the head that the attempt builds on.
    expected: Expected,
    events: Vec<NewEvent>,
    epoch: Option<Epoch>,
    deadline: Instant,
    pause: Duration,
    /// The head's sequence at the first attempt: whatever of ours is stored comes after it.
    base: Option<u64>,
    /// Whether an attempt had no answer, so that it may have been stored.
    unanswered: bool,
}

/// What to do next.
enum Step {
    Done(Commit),
    /// Build on this head, which the leader showed.
    Again(Known),
}

impl<'a> Appending<'a> {
    fn new(
        inner: &'a Shared,
        actor: &'a ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Self {
        Self {
            inner,
            actor,
            subject: inner.events_subject(actor),
            asked: expected,
            expected,
            events,
            epoch: options.epoch,
            deadline: Instant::now() + options.deadline.unwrap_or(inner.deadline).min(LONGEST_DEADLINE),
            pause: FIRST_PAUSE,
            base: None,
            unanswered: false,
        }
    }

    async fn run(&mut self) -> Result<Commit, AppendError> {
        let (mut head, mut from_leader) = self.first_head().await?;
        loop {
            let first = self.expected.first_version(head.version);
            let Some(first) = first.filter(|_| !self.is_fenced(&head)) else {
                if from_leader {
                    return self.refused(&head).await;
                }
                (head, from_leader) = (self.leader_head().await?, true);
                continue;
            };
            match self.attempt(&head, first).await? {
                Step::Done(commit) => return Ok(commit),
                Step::Again(known) => (head, from_leader) = (known, true),
            }
        }
    }

    /// The head from the cache, else from any replica: never the source of a refusal.
    async fn first_head(&mut self) -> Result<(Known, bool), AppendError> {
        match self.inner.heads.find(&self.inner.api.client, self.actor) {
            Some(known) => Ok((known, false)),
            None => Ok((self.look(Consistency::Any).await?, false)),
        }
    }

    async fn leader_head(&mut self) -> Result<Known, AppendError> {
        self.look(Consistency::Leader).await
    }

    /// Looks where the actor stands, again and again until the deadline while there is no answer.
    async fn look(&mut self, consistency: Consistency) -> Result<Known, AppendError> {
        loop {
            match self.inner.last(self.actor, consistency).await {
                Ok(Last::None) => return Ok(Known::default()),
                Ok(Last::Frame(frame)) => return Ok(Known::of(&frame)),
                Ok(Last::Malformed { error, .. }) => return Err(error.into()),
                Err(failure) if failure.is_unknown() && self.pause().await => {}
                Err(failure) if self.unanswered => return Err(self.unknown(Some(failure.into()))),
                Err(failure) => return Err(failure.append("append")),
            }
        }
    }

    fn is_fenced(&self, head: &Known) -> bool {
        self.epoch.zip(head.epoch).is_some_and(|(ours, there)| ours < there)
    }

    /// Publishes the commit after `head`, and finds out what became of it.
    async fn attempt(&mut self, head: &Known, first: Version) -> Result<Step, AppendError> {
        self.base.get_or_insert(head.sequence);
        if self.expected == Expected::Any {
            self.expected = Expected::Exactly(head.version);
        }
        let events = number(self.actor, first, self.events.clone())?;
        // A writer without an epoch passes on what is there, so that epochs never go back.
        let epoch = self.epoch.max(head.epoch);
        let (headers, payload) = encode(head, epoch, &events);
        self.check_size(&headers, &payload)?;
        match self.publish(headers, payload).await {
            Ok(sequence) => {
                let version = events.last().map_or(first, Event::version);
                self.inner.heads.remember(self.actor, head.after(sequence, version, epoch, false));
                self.stored(sequence, events, false)
            }
            Err(Failure::Api(error)) if error.err_code == code::MESSAGE_TOO_LARGE => {
                Err(Unavailable::because("append", error).into())
            }
            Err(Failure::Api(error)) if error.is_wrong_sequence() => {
                self.resolve(head, first, Failure::Api(error)).await
            }
            Err(failure) if failure.is_unknown() => {
                self.unanswered = true;
                self.resolve(head, first, failure).await
            }
            Err(failure) if self.unanswered => Err(self.unknown(Some(failure.into()))),
            Err(failure) => Err(failure.append("append")),
        }
    }

    async fn publish(&self, headers: HeaderMap, payload: Bytes) -> Result<u64, Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.inner.api.publish(&self.inner.stream, &self.subject, headers, payload, left).await
    }

    /// Asks the log what became of the attempt.
    async fn resolve(&mut self, head: &Known, first: Version, why: Failure) -> Result<Step, AppendError> {
        self.inner.heads.forget(self.actor);
        let base = self.base.unwrap_or(head.sequence);
        let found = match timeout_at(self.deadline, self.after(base)).await {
            Ok(Ok(found)) => found,
            Ok(Err(Reading::Malformed(error))) => return Err(error.into()),
            // What cannot be read now may be later.
            Ok(Err(Reading::Failed(failure))) => return self.wait(head, failure).await,
            Err(_) => return Err(self.unknown(Some(why.into()))),
        };
        if found.base_is_gone && !self.unanswered {
            // The refusal was an answer: nothing of ours is stored, and the head that it built on no longer exists.
            self.base = None;
            return Ok(Step::Again(self.leader_head().await?));
        }
        let attempt = Attempt { actor: self.actor, events: &self.events, epoch: self.epoch };
        match judge(&attempt, &Found { frames: &found.frames, truncated: found.truncated }) {
            Outcome::Stored { sequence } => self.recognized(&found.frames, sequence),
            Outcome::Reused(reused) => Err(Box::new(reused).into()),
            Outcome::Fenced { current } => Err(self.fenced(current)),
            Outcome::Overtaken { current } => self.overtaken(&found.frames, first, current),
            Outcome::Rebase => self.rebase(&found.frames, head),
            Outcome::Retry => self.wait(head, why).await,
            Outcome::Truncated => Err(self.unknown(Some("what would tell has expired".into()))),
        }
    }

    fn overtaken(&mut self, frames: &[Frame], first: Version, current: Version) -> Result<Step, AppendError> {
        let conflict = |expected| {
            let actor = self.actor.clone();
            Box::new(Conflict { actor, expected, attempted: first, current }).into()
        };
        match self.asked {
            Expected::Any => self.expected = Expected::Exactly(current),
            Expected::Below(version) if current < version => {}
            expected => return Err(conflict(expected)),
        }
        self.rebase(frames, &Known::default())
    }

    /// Goes on after the last of the frames.
    fn rebase(&self, frames: &[Frame], head: &Known) -> Result<Step, AppendError> {
        Ok(Step::Again(frames.last().map_or_else(|| head.clone(), Known::of)))
    }

    /// Waits before the same attempt is made again, or ends at the deadline.
    async fn wait(&mut self, head: &Known, why: Failure) -> Result<Step, AppendError> {
        if !self.pause().await {
            return Err(self.unknown(Some(why.into())));
        }
        Ok(Step::Again(head.clone()))
    }

    /// Waits a while, each time longer, and returns whether there is time left.
    async fn pause(&mut self) -> bool {
        let ends = Instant::now() + self.pause;
        if ends >= self.deadline {
            return false;
        }
        sleep_until(ends).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }

    fn unknown(&self, source: Option<BoxError>) -> AppendError {
        self.inner.heads.forget(self.actor);
        let (actor, expected) = (self.actor.clone(), self.expected);
        Box::new(UnknownOutcome { actor, expected, source }).into()
    }

    fn fenced(&self, current: Epoch) -> AppendError {
        let attempted = self.epoch.unwrap_or(current);
        Box::new(Fenced { actor: self.actor.clone(), attempted, current }).into()
    }

    fn check_size(&self, headers: &HeaderMap, payload: &Bytes) -> Result<(), AppendError> {
        let head: usize = headers
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
            .map(|(name, value)| AsRef::<str>::as_ref(name).len() + value.as_str().len() + 4)
            .sum();
        let bytes = (payload.len() + head + HEADER_FRAME) as u64;
        let limit = self.inner.max_message_bytes();
        if bytes > limit {
            return Err(AppendError::TooLarge { actor: self.actor.clone(), bytes, limit });
        }
        Ok(())
    }

    fn stored(&self, sequence: u64, events: Vec<Event>, already_stored: bool) -> Result<Step, AppendError> {
        let recorded = (0..).zip(events).map(|(index, event)| RecordedEvent::new(event, 0, sequence, index));
        let commit = Commit::new(recorded.collect(), already_stored).ok_or(InvalidAppend::Empty)?;
        Ok(Step::Done(commit))
    }

    /// Ours was found in the log. If every attempt of this call was refused, an earlier call had stored it.
    fn recognized(&self, frames: &[Frame], sequence: u64) -> Result<Step, AppendError> {
        if let Some(last) = frames.last() {
            self.inner.heads.remember(self.actor, Known::of(last));
        }
        let ours = frames.iter().find(|frame| frame.sequence == sequence);
        self.stored(sequence, ours.map(|frame| frame.events.clone()).unwrap_or_default(), !self.unanswered)
    }

    /// The leader's head is not what was expected, or has a higher epoch: tells a repeated append from one that came too
    /// late.
    async fn refused(&self, head: &Known) -> Result<Commit, AppendError> {
        let overflow =
            || InvalidAppend::VersionOverflow { after: head.version, events: self.events.len() as u64 };
        let attempted = match self.asked.attempted() {
            Some(attempted) => attempted,
            None if self.is_fenced(head) => head.version,
            None => return Err(overflow().into()),
        };
        if attempted <= head.version
            && self.asked != Expected::Any
            && let Some(frame) = self.commit_at(attempted).await?
        {
            match recognize(self.actor, &frame.events, &self.events) {
                Recognized::Ours => {
                    if let Step::Done(commit) = self.stored(frame.sequence, frame.events, true)? {
                        return Ok(commit);
                    }
                }
                Recognized::Reused(reused) => return Err(Box::new(reused).into()),
                Recognized::Others | Recognized::Nothing => {}
            }
        }
        if let Some(current) = head.epoch.filter(|_| self.is_fenced(head)) {
            return Err(self.fenced(current));
        }
        let (actor, expected, current) = (self.actor.clone(), self.asked, head.version);
        Err(Box::new(Conflict { actor, expected, attempted, current }).into())
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

    /// Reads, at the leader, everything of the subject after `base`.
    async fn after(&self, base: u64) -> Result<After, Reading> {
        let (api, stream) = (&self.inner.api, &self.inner.stream);
        let last = api.leader_last(stream, &self.subject).await?.map_or(0, |message| message.sequence);
        let mut after = After { frames: Vec::new(), truncated: last < base, base_is_gone: last < base };
        let mut next = base + 1;
        while next <= last {
            let Some(message) = api.leader_next(stream, &self.subject, next).await? else {
                break;
            };
            next = message.sequence + 1;
            after.frames.push(Frame::read(&message, self.actor).map_err(Reading::Malformed)?);
        }
        // The first message after the base says what it followed; if that is not the base, what did is gone.
        let followed = after.frames.first().and_then(|frame| frame.said.base);
        after.truncated |= followed.is_some_and(|followed| followed != base);
        Ok(after)
    }

    async fn run_claim(&mut self, epoch: Epoch) -> Result<Head, AppendError> {
        let mut head = self.leader_head().await?;
        loop {
            if self.is_fenced(&head) {
                return Err(self.fenced(head.epoch.unwrap_or(epoch)));
            }
            if head.epoch == Some(epoch) {
                return Ok(head.to_head(None));
            }
            let headers =
                headers::write(head.sequence, head.version, Some(epoch), &head.commits, Body::Claim);
            match self.publish(headers, Bytes::new()).await {
                Ok(sequence) => {
                    let known = head.after(sequence, head.version, Some(epoch), true);
                    self.inner.heads.remember(self.actor, known.clone());
                    return Ok(known.to_head(None));
                }
                // A claim is the same whoever wrote it: looking again tells whether it is there.
                Err(failure) if failure.is_unknown() || is_conflict(&failure) => {
                    self.inner.heads.forget(self.actor);
                    self.wait(&head, failure).await?;
                    head = self.leader_head().await?;
                }
                Err(failure) => return Err(failure.append("claim")),
            }
        }
    }
}

/// What the leader shows after a base.
struct After {
    frames: Vec<Frame>,
    truncated: bool,
    base_is_gone: bool,
}

enum Reading {
    Failed(Failure),
    Malformed(Box<aether_core::ReplayError>),
}

impl From<Failure> for Reading {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn is_conflict(failure: &Failure) -> bool {
    matches!(failure, Failure::Api(error) if error.is_wrong_sequence())
}

fn encode(head: &Known, epoch: Option<Epoch>, events: &[Event]) -> (HeaderMap, Bytes) {
    let mut payload = Vec::new();
    let body = match events {
        [event] => {
            wire::encode(event, &mut payload);
            Body::Single
        }
        events => {
            wire::encode_packed(events, &mut payload);
            Body::Packed(u32::try_from(events.len()).unwrap_or(u32::MAX))
        }
    };
    (headers::write(head.sequence, head.version, epoch, &head.commits, body), payload.into())
}
