//! One partition's part of a subscription: history, then live, through one consumer after another.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aether_core::error::{LogTruncated, Unavailable};
use aether_core::subscription::Step;
use aether_core::{Event, Position, ReadError, RecordedEvent, ReplayError, SubscriptionError};
use futures_util::Stream;
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::error::Failure;
use crate::frame::{Frame, malformed};
use crate::head::Connection;
use crate::push::{From, Heard, Push, Pushed, SILENCE};
use crate::store::Shared;
use crate::subject;

/// So long a subscription tries to go on before it says that it cannot.
const PATIENCE: Duration = Duration::from_secs(60);
/// So often it is looked at whether the connection is another one.
const TICK: Duration = Duration::from_millis(200);
/// So many steps are taken off the client at once, if they are there.
const BATCH: usize = 256;
/// So often a subscription that hears nothing looks how far the log has come without it.
const LOOK: Duration = Duration::from_secs(5);
/// So long a reader may stay away without a look whether the log was cut meanwhile.
const AWAY: Duration = Duration::from_secs(1);

/// Where a subscription stands in a partition.
pub(crate) struct Feed {
    inner: Shared,
    /// What the server is asked for.
    subject: String,
    /// Everything up to this sequence was said.
    received: u64,
    /// The latest event that was said.
    last: Option<RecordedEvent>,
    /// What has to be said before the mark.
    history: Option<History>,
    push: Option<Open>,
    /// When the consumer had nothing to send, or the log was looked at, after the latest message.
    looked: Instant,
    /// Whether the consumer seemed to hold back a message at the last look.
    held_back: bool,
    /// When the reader last asked, and whether it had stayed away since the server was last answered.
    asked: Instant,
    was_away: bool,
    ready: VecDeque<Result<Step, SubscriptionError>>,
    over: bool,
}

/// What was there when somebody subscribed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct History {
    /// The sequence before the log's first message.
    pub(crate) before: u64,
    /// The sequence of its last message that is asked for; 0 for none.
    pub(crate) last: u64,
    /// The log's end.
    pub(crate) end: u64,
}

/// A consumer, the connection that it was made on, and when there was a sign of it.
struct Open {
    push: Push,
    connection: Connection,
    heard: Instant,
}

impl Feed {
    /// Goes on after the message at `received`, with a consumer that does.
    pub(crate) fn new(inner: Shared, subject: String, received: u64, history: History, push: Push) -> Self {
        let (connection, now) = (inner.connection(), Instant::now());
        Self {
            inner,
            subject,
            received,
            last: None,
            history: Some(history),
            push: Some(Open { push, connection, heard: now }),
            looked: now,
            held_back: false,
            asked: now,
            was_away: false,
            ready: VecDeque::new(),
            over: false,
        }
    }

    /// Gets the next steps ready.
    async fn fill(mut self: Box<Self>) -> Box<Self> {
        self.was_away |= self.asked.elapsed() > AWAY;
        while self.ready.is_empty() && !self.over {
            if let Err(error) = self.advance().await {
                self.ready.push_back(Err(error));
                self.over = true;
            }
        }
        self.asked = Instant::now();
        self
    }

    async fn advance(&mut self) -> Result<(), SubscriptionError> {
        if let Some(history) = self.history.take_if(|history| history.last <= self.received) {
            self.pass_to(history.end);
            self.ready.push_back(Ok(Step::CaughtUp));
            return Ok(());
        }
        let Some(open) = &mut self.push else {
            return self.reopen().await;
        };
        if open.push.owes() && std::mem::take(&mut self.was_away) {
            check_floor(&self.inner, self.received).await?;
        }
        let heard = open.push.hear(TICK).await;
        let is_cut = open.connection != self.inner.connection();
        if !matches!(heard, Ok(Heard::Silence)) {
            open.heard = Instant::now();
        }
        match heard {
            Ok(Heard::Message(pushed)) => {
                self.looked = open.heard;
                self.take(&pushed);
                self.take_ready();
            }
            Ok(Heard::Idle) if !is_cut => self.look().await?,
            Ok(Heard::Silence) if !is_cut && open.heard.elapsed() < SILENCE => {}
            Ok(Heard::Idle | Heard::Silence | Heard::Gap) | Err(_) => self.lose(),
        }
        Ok(())
    }

    /// Takes what is there already.
    fn take_ready(&mut self) {
        while self.ready.len() < BATCH
            && self.history.is_none_or(|history| self.received < history.last)
            && let Some(heard) = self.push.as_mut().and_then(|open| open.push.hear_ready())
        {
            match heard {
                Heard::Message(pushed) => self.take(&pushed),
                Heard::Idle | Heard::Silence => {}
                Heard::Gap => self.lose(),
            }
        }
    }

    fn take(&mut self, pushed: &Pushed) {
        let sequence = pushed.stored.sequence;
        // From a replica that lags behind where this one began.
        if sequence <= self.received {
            return;
        }
        (self.received, self.held_back) = (sequence, false);
        self.inner.see(sequence.saturating_add(pushed.left));
        match self.read(pushed) {
            Ok(frame) if frame.is_claim() => {
                self.ready.push_back(Ok(Step::Passed(self.place(sequence))));
            }
            Ok(frame) => {
                let events = RecordedEvent::of_commit(frame.events, frame.partition, sequence);
                self.ready.extend(events.map(|event| Ok(Step::Event(event))));
                if let Some(Ok(Step::Event(last))) = self.ready.back() {
                    self.last = Some(last.clone());
                }
            }
            Err(error) => self.ready.push_back(Err(error.into())),
        }
    }

    /// Reads a message, which has to be one of the actor that its subject is of.
    fn read(&self, pushed: &Pushed) -> Result<Frame, Box<ReplayError>> {
        let (inner, stored, subject) = (&self.inner, &pushed.stored, &pushed.subject);
        let likely = self.last.as_ref().map(|event| event.actor());
        let frame = Frame::read_any(stored, likely, inner.partition)?;
        match frame.events.first().map(Event::actor) {
            Some(actor) if !subject::is_events(inner.layout, &inner.stream, actor, subject) => {
                let why = format!("it lies at {subject}, which is not the subject of its actor");
                Err(malformed(stored, Some(actor), inner.partition, why))
            }
            _ => Ok(frame),
        }
    }

    /// Says how far there is nothing to say.
    fn pass_to(&mut self, sequence: u64) {
        if sequence > self.received {
            self.received = sequence;
            self.ready.push_back(Ok(Step::Passed(self.place(sequence))));
        }
    }

    /// The place after all that lies at `sequence`.
    fn place(&self, sequence: u64) -> Position {
        Position::new(self.inner.partition, sequence, u32::MAX, None)
    }

    /// Looks how far the log has come, when nothing was heard for a while: what others wrote that was not asked for is
    /// passed over, so that a checkpoint does not stay where it will expire.
    async fn look(&mut self) -> Result<(), SubscriptionError> {
        if self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        let Ok(history) = look(&self.inner, &self.subject).await else {
            // Whoever is away is found out by its silence.
            return Ok(());
        };
        if history.last <= self.received {
            self.held_back = false;
            self.pass_to(history.end);
        } else if std::mem::replace(&mut self.held_back, true) {
            self.lose();
        }
        Ok(())
    }

    fn lose(&mut self) {
        self.push = None;
    }

    /// Makes another consumer, after one was lost.
    async fn reopen(&mut self) -> Result<(), SubscriptionError> {
        let mut deadline = Deadline::after(PATIENCE);
        loop {
            let connection = self.inner.connection();
            match self.try_reopen().await {
                Ok(push) => {
                    let now = Instant::now();
                    self.push = Some(Open { push, connection, heard: now });
                    (self.looked, self.held_back, self.was_away) = (now, false, false);
                    self.ready.push_back(Ok(Step::Restarted));
                    return Ok(());
                }
                Err(SubscriptionError::Unavailable(_)) if deadline.pause().await => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_reopen(&self) -> Result<Push, SubscriptionError> {
        let push = Push::open(&self.inner, &self.subject, From::Sequence(self.received + 1), None).await;
        let push = push.map_err(unavailable)?;
        // After it was made, so that nothing that it sends is of another lineage than what was looked at.
        let last = self.last.as_ref().map_or_else(|| self.place(self.received), RecordedEvent::position);
        if self.received > 0 {
            self.inner.verify(&last).await.map_err(of_read)?;
        }
        check_floor(&self.inner, self.received).await?;
        Ok(push)
    }
}

/// Returns what there is of a subject, as the leader says.
pub(crate) async fn look(inner: &Shared, subject: &str) -> Result<History, Failure> {
    let state = inner.state().await?;
    let (before, end) = (state.first_seq.saturating_sub(1), state.last_seq);
    inner.see(end);
    // Looked for after the end, so that nothing up to the end is behind it.
    let last = inner.api.leader_last(&inner.stream, subject).await?.map_or(0, |message| message.sequence);
    Ok(History { before, last, end })
}

/// Checks that nothing after `received` has expired.
async fn check_floor(inner: &Shared, received: u64) -> Result<(), SubscriptionError> {
    let first = inner.state().await.map_err(unavailable)?.first_seq;
    if first <= received.saturating_add(1) {
        return Ok(());
    }
    let at = |sequence| Position::new(inner.partition, sequence, 0, None);
    Err(Box::new(LogTruncated { wanted: at(received), first_available: at(first) }).into())
}

pub(crate) fn unavailable(failure: Failure) -> SubscriptionError {
    Unavailable::because("subscribe", failure).into()
}

pub(crate) fn of_read(error: ReadError) -> SubscriptionError {
    match error {
        ReadError::Malformed(error) => error.into(),
        ReadError::Rewound(error) => error.into(),
        ReadError::Unsupported(error) => error.into(),
        ReadError::Unavailable(error) => error.into(),
        ReadError::NotPermitted(error) => error.into(),
        other => Unavailable::because("subscribe", other).into(),
    }
}

/// The steps of a feed, made ready many at a time.
pub(crate) enum Steps {
    Ready(Option<Box<Feed>>),
    Filling(Pin<Box<dyn Future<Output = Box<Feed>> + Send>>),
}

impl Steps {
    pub(crate) fn new(feed: Feed) -> Self {
        Self::Ready(Some(Box::new(feed)))
    }
}

impl Stream for Steps {
    type Item = Result<Step, SubscriptionError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            *self = match &mut *self {
                Self::Ready(feed) => {
                    let step = feed.as_mut().and_then(|feed| feed.ready.pop_front());
                    let has_more = feed.as_ref().is_some_and(|feed| !feed.over);
                    if step.is_some() || !has_more {
                        return Poll::Ready(step);
                    }
                    match feed.take() {
                        Some(feed) => Self::Filling(Box::pin(feed.fill())),
                        None => return Poll::Ready(None),
                    }
                }
                Self::Filling(filling) => Self::Ready(Some(ready!(filling.as_mut().poll(context)))),
            };
        }
    }
}
