//! Asking the owner of an actor: the same command again and again, until there is an answer or the deadline.
//!
//! Each attempt has its own reply subject. An attempt that another one has followed may still be carried out, or be refused by
//! somebody who owns the actor no more: of its answers only that something was *stored* counts.

use std::fmt;
use std::time::Duration;

use aether_core::{Epoch, RetryPolicy};

use super::identity::{Identity, Incarnation};
use super::time::Moment;
use crate::mechanism::{Mechanism, Mechanisms};
use crate::placement::Shard;

/// Where an owner listens: a subject per shard, epoch and incarnation, so that a former one listens where nobody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// The shard.
    pub shard: Shard,
    /// The epoch of the ownership.
    pub epoch: Epoch,
    /// The owner.
    pub incarnation: Incarnation,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.shard, self.epoch, self.incarnation)
    }
}

/// What an owner says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<R> {
    /// The command's events are stored, now or by an earlier attempt.
    Stored(R),
    /// An answer that stored nothing.
    Answer(R),
    /// The command is refused. It had no effect and never will.
    Rejected(R),
    /// There are too many commands.
    Overloaded,
    /// It does not own the actor any more.
    Moved,
}

/// How an ask ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End<R> {
    /// The command's events are stored.
    Stored(R),
    /// The answer; nothing was stored.
    Answer(R),
    /// The command is refused, had no effect and never will.
    Rejected(R),
    /// The owner has too many commands. After more than one attempt it may have taken effect all the same.
    Overloaded,
    /// Nobody owned the actor for so long, up to the deadline.
    NoOwner(Duration),
    /// There was no answer before the deadline: it took effect once or not at all.
    Deadline,
}

/// Which attempt of an ask, from 1. It is a part of the reply's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub u32);

/// What happens to an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<R> {
    /// Time has passed.
    Wake,
    /// Who owns the shard, as far as is known now.
    Route(Option<(Identity, Epoch)>),
    /// An answer to an attempt.
    Reply(Attempt, Reply<R>),
    /// Nobody listens where the attempt was sent to.
    NoResponders(Attempt),
}

/// What an ask wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<R> {
    /// Send the command there, with the attempt's reply subject.
    Send(Attempt, Address),
    /// Say who owns the shard, by a fresh look.
    Refresh,
    /// It has ended.
    End(End<R>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Since it wants to know who owns the shard.
    Asking(Moment),
    /// Until an attempt is given up.
    Sent(Moment),
    /// Until it looks again.
    Resting(Moment),
    Ended,
}

/// One command on its way.
#[derive(Debug)]
pub struct Ask {
    shard: Shard,
    deadline: Moment,
    patience: Duration,
    pauses: RetryPolicy,
    attempt: Attempt,
    state: State,
    ownerless: Option<Moment>,
    /// The latest ownership that it was sent to.
    newest: Epoch,
    mechanisms: Mechanisms,
}

impl Ask {
    /// A command for an actor of the shard, to be answered by `deadline`. An attempt is given up after `patience`, and followed by
    /// the next one after one of `pauses`.
    #[must_use]
    pub fn new(shard: Shard, deadline: Moment, patience: Duration, pauses: RetryPolicy, now: Moment) -> Self {
        let (attempt, state, mechanisms) = (Attempt(0), State::Asking(now), Mechanisms::default());
        let (ownerless, newest) = (None, Epoch::new(0));
        Self { shard, deadline, patience, pauses, attempt, state, ownerless, newest, mechanisms }
    }

    /// Takes a mechanism away.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with(self, mechanisms: Mechanisms) -> Self {
        Self { mechanisms, ..self }
    }

    /// How many attempts there were.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempt.0
    }

    /// When to wake it, if nothing happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Moment> {
        let next = match self.state {
            State::Ended => return None,
            State::Asking(since) => since.plus(self.patience),
            State::Sent(until) | State::Resting(until) => until,
        };
        Some(next.min(self.deadline))
    }

    /// Takes what happened at `now`. `random` is from 0 to 1.
    pub fn handle<R>(&mut self, event: Event<R>, now: Moment, random: f64) -> Option<Effect<R>> {
        if self.state == State::Ended {
            return None;
        }
        match event {
            Event::Reply(attempt, reply) => return self.reply(attempt, reply, now, random),
            _ if now >= self.deadline => return Some(self.late(now)),
            Event::NoResponders(attempt) if attempt == self.attempt => self.rest(now, random),
            Event::NoResponders(_) => {}
            Event::Route(route) => return self.route(route, now, random),
            Event::Wake => return self.wake(now),
        }
        None
    }

    fn reply<R>(&mut self, attempt: Attempt, reply: Reply<R>, now: Moment, random: f64) -> Option<Effect<R>> {
        let is_latest = attempt == self.attempt || !self.mechanisms.has(Mechanism::ReplyPerAttempt);
        let end = match reply {
            Reply::Stored(reply) => End::Stored(reply),
            _ if !is_latest => return None,
            Reply::Answer(reply) => End::Answer(reply),
            Reply::Rejected(reply) => End::Rejected(reply),
            Reply::Overloaded => End::Overloaded,
            Reply::Moved => {
                self.rest(now, random);
                return None;
            }
        };
        self.state = State::Ended;
        Some(Effect::End(end))
    }

    fn route<R>(&mut self, route: Option<(Identity, Epoch)>, now: Moment, random: f64) -> Option<Effect<R>> {
        let State::Asking(_) = self.state else { return None };
        let Some((owner, epoch)) = route else {
            self.ownerless.get_or_insert(now);
            self.rest(now, random);
            return None;
        };
        if epoch < self.newest {
            // An older view. Whoever owned the shard then may answer what a later owner, who was asked already, knows better.
            self.rest(now, random);
            return None;
        }
        self.newest = epoch;
        self.ownerless = None;
        self.attempt.0 = self.attempt.0.saturating_add(1);
        self.state = State::Sent(now.plus(self.patience));
        let to = Address { shard: self.shard, epoch, incarnation: owner.incarnation };
        Some(Effect::Send(self.attempt, to))
    }

    fn wake<R>(&mut self, now: Moment) -> Option<Effect<R>> {
        let due = self.wake_at().is_some_and(|at| now >= at);
        due.then(|| {
            self.state = State::Asking(now);
            Effect::Refresh
        })
    }

    /// Waits a little, so that not everybody comes back at once.
    fn rest(&mut self, now: Moment, random: f64) {
        let pause = self.pauses.delay(self.attempt.0.clamp(1, 16), random);
        self.state = State::Resting(now.plus(pause.unwrap_or(self.patience)));
    }

    fn late<R>(&mut self, now: Moment) -> Effect<R> {
        self.state = State::Ended;
        Effect::End(match self.ownerless {
            Some(since) => End::NoOwner(now.since(since)),
            None => End::Deadline,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::NodeId;

    type Reaction = Option<Effect<u8>>;

    fn at(milliseconds: u64) -> Moment {
        Moment::new(Duration::from_millis(milliseconds))
    }

    fn ask() -> Ask {
        let pauses = RetryPolicy::default().attempts(u32::MAX);
        Ask::new(Shard::new(0), at(1_000), Duration::from_millis(100), pauses, at(0))
    }

    fn route() -> Event<u8> {
        let owner = Identity { node: NodeId::new("a").unwrap(), incarnation: Incarnation::new(1) };
        Event::Route(Some((owner, Epoch::new(1))))
    }

    /// An ask whose second attempt is under way.
    fn second_attempt() -> Ask {
        let mut ask = ask();
        assert!(matches!(ask.handle(route(), at(0), 0.0), Some(Effect::Send(Attempt(1), _))));
        let refresh: Reaction = ask.handle(Event::Wake, at(100), 0.0);
        assert_eq!(refresh, Some(Effect::Refresh));
        assert!(matches!(ask.handle(route(), at(101), 0.0), Some(Effect::Send(Attempt(2), _))));
        ask
    }

    #[test]
    fn of_an_attempt_that_was_followed_only_what_was_stored_counts() {
        for reply in [Reply::Answer(1), Reply::Rejected(1), Reply::Overloaded, Reply::Moved] {
            let mut ask = second_attempt();
            assert_eq!(ask.handle(Event::Reply(Attempt(1), reply), at(110), 0.0), None);
            assert_eq!(ask.wake_at(), Some(at(201)));
        }
        let stored = Event::Reply(Attempt(1), Reply::Stored(7));
        assert_eq!(second_attempt().handle(stored, at(110), 0.0), Some(Effect::End(End::Stored(7))));
    }

    #[test]
    fn the_latest_attempt_may_be_refused() {
        let rejected = Event::Reply(Attempt(2), Reply::Rejected(7));
        assert_eq!(second_attempt().handle(rejected, at(110), 0.0), Some(Effect::End(End::Rejected(7))));
    }

    #[test]
    fn an_ask_that_moved_looks_again_after_a_pause() {
        let mut ask = second_attempt();
        let moved: Reaction = ask.handle(Event::Reply(Attempt(2), Reply::Moved), at(110), 0.0);
        assert_eq!(moved, None);
        let wake = ask.wake_at().unwrap();
        assert!(wake > at(110) && wake < at(201));
        let refresh: Reaction = ask.handle(Event::Wake, wake, 0.0);
        assert_eq!(refresh, Some(Effect::Refresh));
    }

    #[test]
    fn an_ask_does_not_go_back_to_an_earlier_owner() {
        let owner = |epoch| {
            let owner = Identity { node: NodeId::new("a").unwrap(), incarnation: Incarnation::new(1) };
            Event::<u8>::Route(Some((owner, Epoch::new(epoch))))
        };
        let mut ask = ask();
        assert!(matches!(ask.handle(owner(2), at(0), 0.0), Some(Effect::Send(Attempt(1), _))));
        let refresh: Reaction = ask.handle(Event::Wake, at(100), 0.0);
        assert_eq!(refresh, Some(Effect::Refresh));
        assert_eq!(ask.handle(owner(1), at(101), 0.0), None);
        let again = ask.wake_at().unwrap();
        let refresh: Reaction = ask.handle(Event::Wake, again, 0.0);
        assert_eq!(refresh, Some(Effect::Refresh));
        assert!(matches!(ask.handle(owner(2), again, 0.0), Some(Effect::Send(Attempt(2), _))));
    }

    #[test]
    fn each_ask_ends_and_says_whether_there_was_an_owner() {
        let late: Reaction = second_attempt().handle(Event::Wake, at(1_000), 0.0);
        assert_eq!(late, Some(Effect::End(End::Deadline)));
        let mut ask = ask();
        let none: Reaction = ask.handle(Event::Route(None), at(10), 0.0);
        assert_eq!(none, None);
        let late: Reaction = ask.handle(Event::Wake, at(1_000), 0.0);
        assert_eq!(late, Some(Effect::End(End::NoOwner(Duration::from_millis(990)))));
    }
}
