//! The world: events in the order of a time that nobody's clock shows, delivered late, twice, or not at all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aether_cluster::Mechanisms;
use aether_cluster::protocol::{Address, Input, Key, Record, Shard};
use aether_core::key_value::Revision;

use crate::bucket::Bucket;
use crate::client::{Client, Floors};
use crate::faults::Fault;
use crate::host::Mail;
use crate::log::{Append, Log, Told};
use crate::process::{Process, Settings};

pub(crate) type Micros = u64;

pub(crate) const LEASE: Micros = 1_000_000;
pub(crate) const SHARDS: u32 = 4;
pub(crate) const ACTORS: usize = 5;
pub(crate) const CLIENTS: usize = 3;
/// An answer of the log is late after that.
pub(crate) const LATE: Micros = 300_000;
pub(crate) const MAILBOX: usize = 6;
/// Who is declared dead could have renewed for at least so many hundredths of a lease.
pub(crate) const OUTAGE_MARGIN: u64 = 25;

/// To one life of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct To(pub(crate) usize, pub(crate) u64);

#[derive(Debug, Clone)]
pub(crate) enum Event {
    Wake(To),
    /// The log's answers may be late.
    Tick(To),
    Tell(To, Input),
    /// What a watch shows.
    Shown(To, u64, Input),
    Put(To, Key, Revision, Record),
    Get(To, Key),
    Watch(To, u64),
    Load(To, usize, u64, bool),
    Loaded(To, usize, u64, Told),
    Append(To, Append),
    Appended(To, Append, Option<u64>),
    Mail(Address, Mail),
    /// To whoever listened there when it was sent.
    Deliver(To, Address, Mail),
    Fault(Fault),
    Client(usize),
    Ask(usize, u64, aether_cluster::protocol::Event<u64>),
    Route(usize, u64),
}

pub(crate) struct World {
    pub(crate) now: Micros,
    pub(crate) rng: fastrand::Rng,
    queue: BTreeMap<(Micros, u64), Event>,
    order: u64,
    pub(crate) mechanisms: Mechanisms,
    pub(crate) settings: Settings,
    pub(crate) bucket: Bucket,
    pub(crate) log: Log,
    pub(crate) processes: Vec<Process>,
    pub(crate) clients: Vec<Client>,
    pub(crate) lives: u64,
    /// Things go wrong until then.
    pub(crate) calm_from: Micros,
    pub(crate) violation: Option<String>,
    pub(crate) history: Option<String>,
    pub(crate) steps: u64,
    /// The highest version of each actor that anybody was told of.
    pub(crate) floors: Floors,
}

impl World {
    pub(crate) fn new(seed: u64, mechanisms: Mechanisms, keeps_history: bool, calm_from: Micros) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let settings = Settings::draw(&mut rng);
        Self {
            now: 0,
            rng,
            queue: BTreeMap::new(),
            order: 0,
            mechanisms,
            settings,
            bucket: Bucket::default(),
            log: Log::default(),
            processes: Vec::new(),
            clients: Vec::new(),
            lives: 0,
            calm_from,
            violation: None,
            history: keeps_history.then(String::new),
            steps: 0,
            floors: Floors::default(),
        }
    }

    pub(crate) fn at(&mut self, time: Micros, event: Event) {
        self.order += 1;
        self.queue.insert((time.max(self.now), self.order), event);
    }

    fn pop(&mut self, until: Micros) -> Option<Event> {
        let first = self.queue.first_entry().filter(|first| first.key().0 <= until)?;
        let ((time, _), event) = first.remove_entry();
        self.now = self.now.max(time);
        Some(event)
    }

    /// Runs until that time, or until something is wrong.
    pub(crate) fn run(&mut self, until: Micros) {
        while self.violation.is_none() {
            let Some(event) = self.pop(until) else {
                self.now = until;
                return;
            };
            self.steps += 1;
            self.handle(event);
        }
    }

    pub(crate) fn wrong(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.note(|| format!("VIOLATION {what}"));
        self.violation.get_or_insert(what);
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(history) = &mut self.history {
            let _ = writeln!(history, "{:>9.6} {}", self.now as f64 / 1e6, what());
        }
    }

    /// How long a message takes; sometimes for long, while things go wrong.
    pub(crate) fn delay(&mut self) -> Micros {
        if self.is_wild() && self.rng.u8(0..100) < 5 {
            self.rng.u64(50_000..1_500_000)
        } else {
            self.rng.u64(100..2_000)
        }
    }

    pub(crate) fn is_wild(&self) -> bool {
        self.now < self.calm_from
    }

    pub(crate) fn happens(&mut self, percent: u8) -> bool {
        self.is_wild() && self.rng.u8(0..100) < percent
    }

    fn handle(&mut self, event: Event) {
        let to = match &event {
            Event::Wake(to) | Event::Tick(to) | Event::Tell(to, _) | Event::Shown(to, ..) => Some(*to),
            Event::Loaded(to, ..) | Event::Appended(to, ..) | Event::Deliver(to, ..) => Some(*to),
            _ => None,
        };
        if let Some(to) = to {
            let now = self.now;
            let Some(process) = self.process(to) else { return };
            if process.paused_until > now {
                return process.held.push(event);
            }
        }
        self.carry_out(event);
    }

    /// The process, if it still lives that life.
    pub(crate) fn process(&mut self, to: To) -> Option<&mut Process> {
        self.processes.get_mut(to.0).filter(|process| process.is_alive && process.life == to.1)
    }

    fn carry_out(&mut self, event: Event) {
        let mut doing = Vec::new();
        let now = self.now;
        match event {
            Event::Wake(to) => {
                let Some(process) = self.process(to) else { return };
                if process.wakes_at <= now {
                    process.wakes_at = Micros::MAX;
                }
                self.tell(to, Input::Wake);
            }
            Event::Tick(to) => {
                let Some(process) = self.process(to) else { return };
                let circumstances = process.now(now);
                process.host.tick(LATE, circumstances, &mut doing);
                self.do_all(to, doing);
            }
            Event::Tell(to, input) => self.tell(to, input),
            Event::Shown(to, watch, input) => {
                if self.process(to).is_some_and(|process| process.watch == watch) {
                    self.tell(to, input);
                }
            }
            Event::Put(to, key, expected, record) => self.put(to, &key, expected, &record),
            Event::Get(to, key) => self.get(to, key),
            Event::Watch(to, watch) => self.show_all(to, watch),
            Event::Load(to, actor, request, at_leader) => {
                let is_old = !at_leader && self.happens(10);
                let told = self.log.read(actor, is_old);
                let delay = self.delay();
                self.at(now + delay, Event::Loaded(to, actor, request, told));
            }
            Event::Loaded(to, actor, request, told) => {
                let Some(process) = self.process(to) else { return };
                let circumstances = process.now(now);
                process.host.loaded(actor, request, told, circumstances, &mut doing);
                self.do_all(to, doing);
            }
            Event::Append(to, append) => self.append(to, append),
            Event::Appended(to, append, sequence) => {
                let Some(process) = self.process(to) else { return };
                let circumstances = process.now(now);
                process.host.stored(&append, sequence, circumstances, &mut doing);
                self.do_all(to, doing);
            }
            Event::Mail(address, mail) => self.mail(address, mail),
            Event::Deliver(to, address, mail) => {
                let Some(process) = self.process(to) else { return };
                let circumstances = process.now(now);
                process.host.mail(address, mail, circumstances, &mut doing);
                self.do_all(to, doing);
            }
            Event::Fault(fault) => self.strike(fault),
            Event::Client(client) => self.ask(client),
            Event::Ask(client, ask, event) => self.ask_goes_on(client, ask, event),
            Event::Route(client, ask) => self.route(client, ask),
        }
    }

    fn append(&mut self, to: To, append: Append) {
        match self.log.append(&append) {
            Err(what) => self.wrong(what),
            Ok(sequence) => {
                self.note(|| format!("log {append:?} -> {sequence:?}"));
                if !self.happens(4) {
                    let delay = self.delay();
                    self.at(self.now + delay, Event::Appended(to, append, sequence));
                }
            }
        }
    }

    /// Tells a node, and does what it wants.
    pub(crate) fn tell(&mut self, to: To, input: Input) {
        let now = self.now;
        let Some(process) = self.process(to) else { return };
        let moment = process.moment(now);
        process.messages += u64::from(input != Input::Wake);
        let outputs = process.node.handle(input, moment);
        process.messages += outputs.len() as u64;
        for output in outputs {
            self.output(to, output);
        }
        self.wake_later(to);
        self.check_owners();
    }

    fn wake_later(&mut self, to: To) {
        let now = self.now;
        let Some(process) = self.process(to) else { return };
        let moment = process.moment(now);
        let Some(at) = process.node.wake_at(moment).map(|at| process.when(at).max(now + 50)) else { return };
        if at < process.wakes_at {
            process.wakes_at = at;
            self.at(at, Event::Wake(to));
        }
    }

    /// No two processes would answer for a shard from memory at once.
    fn check_owners(&mut self) {
        let now = self.now;
        for shard in (0..SHARDS).map(Shard::new) {
            let would = |process: &&Process| {
                process.is_alive && process.host.answers(shard) && process.node.may_serve(process.moment(now))
            };
            if self.processes.iter().filter(would).count() > 1 {
                return self.wrong(format!("two processes answer for shard {shard} by their leases"));
            }
        }
    }

    pub(crate) fn check(&mut self, outcome: Result<(), String>) {
        if let Err(what) = outcome {
            self.wrong(what);
        }
    }
}
