//! Appending: attempts, one after the other, until there is an outcome.

use aether_core::error::{BoxError, Fenced, InvalidAppend, Unavailable, UnknownOutcome};
use aether_core::store::{check_commit, number};
use aether_core::{
    ActorId, AppendError, AppendOptions, Commit, Consistency, Epoch, Event, EventId, Expected, NewEvent,
    RecordedEvent, Version,
};
use async_nats::HeaderMap;
use bytes::Bytes;
use tokio::time::timeout_at;

use crate::anchor::Anchor;
use crate::deadline::Deadline;
use crate::encode::{encode, message_bytes};
use crate::error::Failure;
use crate::hashed::Hashed;
use crate::head::{Known, Last};
use crate::headers;
use crate::lanes::Lane;
use crate::mechanism::Mechanism;
use crate::store::{Inner, Shared};

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
        self.layout.check_append(actor, &events, options)?;
        let mut append = Appending::new(self, "append", actor, expected, events, options);
        let commit = {
            let _lane = append.enter_lane().await?;
            let commit = append.run().await?;
            if !commit.already_stored {
                self.announcer.enqueue(&commit.events);
            }
            commit
        };
        self.announcer.deliver();
        Ok(commit)
    }

    /// Says what is stored at `sequence`.
    pub(crate) fn stored(
        &self,
        sequence: u64,
        events: Vec<Event>,
        already_stored: bool,
    ) -> Result<Commit, AppendError> {
        let recorded = RecordedEvent::of_commit(events, self.partition, sequence).collect();
        Commit::new(recorded, already_stored).ok_or_else(|| InvalidAppend::Empty.into())
    }
}

/// One append or claim, from its first attempt to its outcome.
pub(crate) struct Appending<'a> {
    pub(crate) inner: &'a Shared,
    /// What errors call it.
    operation: &'static str,
    pub(crate) actor: &'a ActorId,
    pub(crate) key: Hashed,
    pub(crate) subject: String,
    /// What the caller expects.
    pub(crate) asked: Expected,
    /// What is expected of the head that the attempt builds on: what was asked, with `Any` resolved.
    pub(crate) expected: Expected,
    /// None while an attempt has them.
    pub(crate) events: Vec<NewEvent>,
    pub(crate) epoch: Option<Epoch>,
    pub(crate) deadline: Deadline,
    /// The head's sequence at the first attempt that had no answer: if it was stored, then after this.
    pub(crate) unanswered: Option<u64>,
    /// The latest reservation of versions that is known.
    pub(crate) anchor: Option<Anchor>,
    /// What the stream of events had reached before the last look.
    pub(crate) seen: u64,
    /// Whether nobody has looked yet where the actor stands.
    pub(crate) is_guess: bool,
}

/// What to do next.
pub(crate) enum Step {
    Done(Commit),
    /// Build on this head, which the leader showed.
    Again(Known),
}

impl<'a> Appending<'a> {
    pub(crate) fn new(
        inner: &'a Shared,
        operation: &'static str,
        actor: &'a ActorId,
        expected: Expected,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Self {
        Self {
            inner,
            operation,
            actor,
            key: Hashed::of(actor),
            subject: inner.events_subject(actor),
            asked: expected,
            expected,
            events,
            epoch: options.epoch,
            deadline: Deadline::after(options.deadline.unwrap_or(inner.deadline)),
            unanswered: None,
            anchor: None,
            seen: 0,
            is_guess: false,
        }
    }

    /// Waits for the actor's turn, but not beyond the deadline.
    pub(crate) async fn enter_lane(&self) -> Result<Lane<'a>, AppendError> {
        match self.inner.lanes.try_enter(&self.key) {
            Ok(lane) => Ok(lane),
            Err(place) => timeout_at(self.deadline.at, place.turn()).await.map_err(|_| too_late()),
        }
    }

    async fn run(&mut self) -> Result<Commit, AppendError> {
        let (mut head, mut from_leader) = self.first_head().await?;
        loop {
            let first = self.expected.first_version(head.version);
            let Some(first) = first.filter(|_| !self.is_fenced(&head)) else {
                // Never refused by what a cache or a replica says.
                if !from_leader {
                    (head, from_leader) = (Box::pin(self.look(Consistency::Leader)).await?, true);
                    continue;
                }
                match Box::pin(self.prove(&head)).await? {
                    Some(newer) => head = newer,
                    None => return Box::pin(self.refused(&head)).await,
                }
                continue;
            };
            match self.attempt(&head, first).await? {
                Step::Done(commit) => return Ok(commit),
                Step::Again(known) => (head, from_leader) = (known, true),
            }
        }
    }

    /// The head from the cache; a guess, where the caller says what it is; else from any replica.
    async fn first_head(&mut self) -> Result<(Known, bool), AppendError> {
        match self.inner.heads.find(self.inner.connection(), &self.key) {
            Some(known) => {
                self.anchor = known.anchor;
                Ok((known, false))
            }
            // If it is wrong the server refuses it, and who knows that nothing was there saves a round trip.
            None if self.may_guess() => {
                (self.seen, self.is_guess) = (self.inner.seen(), true);
                Ok((Known::default(), false))
            }
            // Boxed, as all that is seldom: an append that waits for its acknowledgment is then much smaller.
            None => {
                let hinted = self.inner.heads.take_hinted(&self.key);
                let known = Box::pin(self.look(Consistency::Any)).await?;
                self.inner.hints.looked(hinted, known.sequence);
                Ok((known, false))
            }
        }
    }

    /// Says whether the actor may be taken for new: the caller says so, and this handle knows of nothing that was lost since.
    fn may_guess(&self) -> bool {
        let is_new = self.expected.first_version(Version::INITIAL) == Some(Version::FIRST);
        let names_it = self.expected != Expected::Any && is_new;
        names_it && !self.inner.is_go() && self.inner.heads.least(&self.key).is_nothing()
    }

    /// Looks where the actor stands, again and again until the deadline while there is no answer.
    pub(crate) async fn look(&mut self, consistency: Consistency) -> Result<Known, AppendError> {
        self.is_guess = false;
        loop {
            self.seen = self.inner.seen();
            let last = match self.inner.is_go() {
                true => match self.inner.known_by_actor(self.actor).await {
                    Ok(known) => return Ok(known),
                    Err(failure) => Err(failure),
                },
                false => self.last_and_anchor(consistency).await,
            };
            let last = last.map(|(last, anchor)| {
                self.anchor = anchor;
                last
            });
            match last {
                Ok(Last::None { version }) => return Ok(Known { version, ..Known::default() }),
                Ok(Last::Frame(frame)) => return Ok(Known::of(&frame)),
                Ok(Last::Malformed { error, .. }) => return Err(error.into()),
                Ok(Last::Lost { sequence }) => return Err(self.inner.lost(sequence).into()),
                Err(failure) if failure.is_passing() && self.deadline.pause().await => {}
                Err(failure) => return Err(self.failed(failure)),
            }
        }
    }

    async fn last_and_anchor(&self, consistency: Consistency) -> Result<(Last, Option<Anchor>), Failure> {
        let looked = self.inner.last_and_anchor(self.actor, consistency);
        let late = |_| Failure::garbled(&self.subject, "the leader does not show what it acknowledged");
        timeout_at(self.deadline.at, looked).await.map_err(late)?
    }

    pub(crate) fn is_fenced(&self, head: &Known) -> bool {
        let looks = self.inner.has(Mechanism::HeadEpochCheck);
        looks && self.epoch.zip(head.epoch).is_some_and(|(ours, there)| ours < there)
    }

    /// Publishes the commit after `head`, and finds out what became of it.
    async fn attempt(&mut self, head: &Known, first: Version) -> Result<Step, AppendError> {
        if self.expected == Expected::Any {
            self.expected = Expected::Exactly(head.version);
        }
        // Not a clone, of which every event would be copied to be numbered.
        let events = number(self.actor, first, std::mem::take(&mut self.events))?;
        // A writer without an epoch passes on what is there, so that epochs never go back.
        let epoch = self.epoch.max(head.epoch);
        if self.deadline.has_passed() {
            let nothing_sent = self.unanswered.is_none();
            return Err(if nothing_sent { too_late() } else { self.unknown(None) });
        }
        let version = events.last().map_or(first, Event::version);
        if self.inner.anchors.is_some() && !Box::pin(self.reserve(head, version)).await? {
            self.take_back(events);
            return Ok(Step::Again(Box::pin(self.look(Consistency::Leader)).await?));
        }
        let (said, payload) = encode(head, epoch, &events, self.inner.audit);
        let (payload_bytes, connection) = (payload.len(), self.inner.connection());
        match self.publish(headers::write(&said), payload).await {
            Ok(sequence) => {
                let known = Known { anchor: self.anchor, ..Known::after(sequence, version, &said) };
                self.inner.see(sequence);
                self.inner.heads.remember(connection, &self.key, known);
                self.inner.stored(sequence, events, false).map(Step::Done)
            }
            // The client says so of what the connection does not take, and the server of what the stream does not.
            Err(failure) if failure.is_too_large() => {
                Err(self.too_large(message_bytes(&headers::write(&said), payload_bytes)))
            }
            Err(failure) => {
                self.take_back(events);
                Box::pin(self.not_stored(head, first, failure)).await
            }
        }
    }

    /// Takes back the events of an attempt that came to nothing, for the next one.
    fn take_back(&mut self, events: Vec<Event>) {
        self.events = events.into_iter().map(|event| event.to_new()).collect();
    }

    /// Goes on after an attempt that was refused, or had no answer.
    async fn not_stored(&mut self, head: &Known, first: Version, why: Failure) -> Result<Step, AppendError> {
        match why {
            why if why.is_unknown() && self.resolves_anew() => self.conflicted(head, why).await,
            why if why.is_unknown() => {
                self.unanswered.get_or_insert(head.sequence);
                self.settle(head, first, why).await
            }
            why if why.is_conflict() && self.unanswered.is_some() => self.settle(head, first, why).await,
            why if why.is_conflict() => self.conflicted(head, why).await,
            // Nobody was there to take it: a server that starts, or a leader that is being elected.
            why if why.is_passing() => self.wait(head, why).await,
            why => Err(self.failed(why)),
        }
    }

    /// Says whether no answer is taken for a conflict: whether `Any` means what is there at each attempt.
    fn resolves_anew(&self) -> bool {
        self.asked == Expected::Any && !self.inner.has(Mechanism::AnyResolvedOnce)
    }

    pub(crate) fn publish(
        &self,
        headers: HeaderMap,
        payload: Bytes,
    ) -> impl Future<Output = Result<u64, Failure>> + Send {
        let headers = match self.inner.has(Mechanism::ExpectedSequence) {
            true => headers,
            false => headers::without_expectation(&headers),
        };
        self.inner.api.publish(&self.inner.stream, &self.subject, headers, payload, self.deadline.at)
    }

    /// Goes on from the leader's head after a refusal: nothing of this call is in the log, and the loop finds out whether
    /// what is there is somebody else's, an earlier call's, or only claims.
    async fn conflicted(&mut self, head: &Known, why: Failure) -> Result<Step, AppendError> {
        self.inner.heads.forget(&self.key);
        let now = self.look(Consistency::Leader).await?;
        // A replicated stream may refuse before the leader shows what it refuses for.
        if now.sequence == head.sequence {
            return self.wait(head, why).await;
        }
        self.expected = self.asked;
        Ok(Step::Again(now))
    }

    /// Waits before the same attempt is made again, or ends at the deadline.
    pub(crate) async fn wait(&mut self, head: &Known, why: Failure) -> Result<Step, AppendError> {
        if self.deadline.pause().await {
            if self.unanswered.is_some() && !self.inner.has(Mechanism::SameBytesOnRetry) {
                self.events = self.events.drain(..).map(|event| event.with_id(EventId::generate())).collect();
            }
            return Ok(Step::Again(head.clone()));
        }
        // A conflict that nothing was found for is no answer either.
        Err(if why.is_conflict() { self.unknown(Some(why.into())) } else { self.failed(why) })
    }

    /// Ends in a failure that is no outcome: of an attempt without an answer, that is not known either.
    pub(crate) fn failed(&self, failure: Failure) -> AppendError {
        match self.unanswered {
            Some(_) => self.unknown(Some(failure.into())),
            None => failure.append(self.operation),
        }
    }

    pub(crate) fn unknown(&self, source: Option<BoxError>) -> AppendError {
        self.inner.heads.forget(&self.key);
        let (actor, expected) = (self.actor.clone(), self.expected);
        Box::new(UnknownOutcome { actor, expected, source }).into()
    }

    pub(crate) fn fenced(&self, current: Epoch) -> AppendError {
        let attempted = self.epoch.unwrap_or(current);
        Box::new(Fenced { actor: self.actor.clone(), attempted, current }).into()
    }

    fn too_large(&self, bytes: u64) -> AppendError {
        AppendError::TooLarge { actor: self.actor.clone(), bytes, limit: self.inner.max_message_bytes() }
    }
}

/// Nothing was sent when the deadline passed.
fn too_late() -> AppendError {
    Unavailable::because("append", "the deadline passed before anything was sent").into()
}
