//! Clients: one ask after the other, and what they may not be told.

use std::collections::BTreeMap;
use std::time::Duration;

use aether_cluster::protocol::{Ask, Effect, End, Event as AskEvent, Identity, Key, Moment, Record, Shard};
use aether_core::{Epoch, RetryPolicy};

use crate::host::Mail;
use crate::log::{Command, Kind};
use crate::world::{ACTORS, Event, LEASE, Micros, SHARDS, World};

#[derive(Debug, Default)]
pub(crate) struct Client {
    routes: BTreeMap<Shard, (Identity, Epoch)>,
    asking: Option<Asking>,
    pub(crate) ends: BTreeMap<&'static str, u64>,
    /// Asks until then.
    until: Micros,
}

#[derive(Debug)]
struct Asking {
    ask: Ask,
    command: Command,
    deadline: Micros,
    /// What its answer must at least have seen.
    floor: u64,
}

/// The highest version of each actor that anybody was told of.
pub(crate) type Floors = [u64; ACTORS];

impl Client {
    pub(crate) fn until(until: Micros) -> Self {
        Self { until, ..Self::default() }
    }

    pub(crate) fn is_asking(&self) -> bool {
        self.asking.is_some()
    }
}

fn moment(now: Micros) -> Moment {
    Moment::new(Duration::from_micros(now))
}

impl World {
    pub(crate) fn ask(&mut self, client: usize) {
        if self.now >= self.clients[client].until {
            return;
        }
        self.lives += 1;
        let actor = self.rng.usize(0..ACTORS);
        let kind = match self.rng.u8(0..10) {
            0..7 => Kind::Add(if self.rng.bool() { 1 } else { -1 }),
            7..9 => Kind::Read,
            _ => Kind::ReadLinearizable,
        };
        let command = Command { id: self.lives, actor, kind };
        let deadline = self.now + self.rng.u64(LEASE..3 * LEASE);
        let pauses = RetryPolicy::default()
            .attempts(u32::MAX)
            .delays(Duration::from_millis(5), Duration::from_millis(100));
        let shard = shard_of(actor);
        let ask = Ask::new(shard, moment(deadline), Duration::from_millis(80), pauses, moment(self.now));
        let ask = ask.with(self.mechanisms);
        let floor = self.floors()[actor];
        self.note(|| format!("c{client} asks {command:?}, floor {floor}"));
        let route = self.clients[client].routes.get(&shard).cloned();
        self.clients[client].asking = Some(Asking { ask, command, deadline, floor });
        self.at(deadline + 100_000, Event::Ask(client, command.id, AskEvent::Wake));
        match route {
            Some(route) => self.ask_goes_on(client, command.id, AskEvent::Route(Some(route))),
            None => self.at(self.now, Event::Route(client, command.id)),
        }
    }

    pub(crate) fn ask_goes_on(&mut self, client: usize, id: u64, event: AskEvent<u64>) {
        let (now, random) = (self.now, self.rng.f64());
        let Some(asking) = self.clients[client].asking.as_mut().filter(|asking| asking.command.id == id)
        else {
            return;
        };
        if now > asking.deadline + 200_000 {
            return self.wrong(format!("invariant 10: command {id} has no end"));
        }
        let (command, deadline) = (asking.command, asking.deadline);
        let effect = asking.ask.handle(event, moment(now), random);
        let wake = asking.ask.wake_at();
        match effect {
            None => {}
            Some(Effect::Refresh) => {
                let delay = self.delay();
                self.at(now + delay, Event::Route(client, id));
            }
            Some(Effect::Send(attempt, to)) => {
                let mail = Mail { command, client, attempt: attempt.0, deadline };
                self.note(|| format!("c{client} sends {mail:?} to {to}"));
                for _ in 0..1 + u8::from(self.happens(4)) {
                    if !self.happens(4) {
                        let delay = self.delay();
                        self.at(now + delay, Event::Mail(to, mail));
                    }
                }
            }
            Some(Effect::End(end)) => return self.ended(client, &end),
        }
        if let Some(at) = wake {
            let at = u64::try_from(at.since(Moment::START).as_micros()).unwrap();
            self.at(at.max(now + 10), Event::Ask(client, id, AskEvent::Wake));
        }
    }

    /// Looks who owns the shard; what it finds may be old.
    pub(crate) fn route(&mut self, client: usize, id: u64) {
        let Some(command) = self.clients[client].asking.as_ref().map(|asking| asking.command) else { return };
        if command.id != id {
            return;
        }
        let shard = shard_of(command.actor);
        let key = Key::Shard(shard);
        let is_old = self.happens(10);
        let entry = if is_old { self.bucket.get_old(&key) } else { self.bucket.get(&key) };
        let route = match entry.and_then(|entry| entry.record.as_ref()) {
            Some(Record::Shard(record)) => record.owner.clone().map(|owner| (owner, record.epoch)),
            _ => None,
        };
        if let Some(route) = &route {
            self.clients[client].routes.insert(shard, route.clone());
        }
        self.ask_goes_on(client, id, AskEvent::Route(route));
    }

    fn ended(&mut self, client: usize, end: &End<u64>) {
        let Some(Asking { command, floor, .. }) = self.clients[client].asking.take() else { return };
        self.note(|| format!("c{client} command {} ends: {end:?}", command.id));
        let name = match *end {
            End::Stored(version) => {
                let outcome = self.log.acknowledged(command, version);
                self.check(outcome);
                self.told(command.actor, version);
                "stored"
            }
            End::Answer(version) => {
                if version < floor {
                    let actor = command.actor;
                    self.wrong(format!(
                        "invariant 2: actor {actor} is said to be at {version}, was at {floor} before the question"
                    ));
                }
                self.told(command.actor, version);
                "answered"
            }
            End::Rejected(_) => {
                let outcome = self.log.rejected(command);
                self.check(outcome);
                "rejected"
            }
            End::Overloaded => "overloaded",
            End::NoOwner(_) => "no owner",
            End::Deadline => "deadline",
        };
        *self.clients[client].ends.entry(name).or_default() += 1;
        let pause = self.rng.u64(1_000..60_000);
        self.at(self.now + pause, Event::Client(client));
    }
}

pub(crate) fn shard_of(actor: usize) -> Shard {
    Shard::new(u32::try_from(actor).unwrap() % SHARDS)
}
