//! What is sent, and what becomes of it: late, twice, or not at all.

use aether_cluster::Mechanism;
use aether_cluster::protocol::{Address, Answer, Attempt, Input, Key, Output, Record, Reply, Scope, Stamp};
use aether_core::key_value::Revision;

use crate::bucket::Entry;
use crate::faults::Fault;
use crate::host::{Doing, Mail};
use crate::world::{Event, LATE, LEASE, To, World};

impl World {
    pub(crate) fn output(&mut self, to: To, output: Output) {
        self.note(|| format!("n{}#{} {output:?}", to.0, to.1));
        let delay = self.delay();
        let at = self.now + delay;
        match output {
            Output::Change { key, expected, record } => {
                if self.happens(3) {
                    let later = self.delay();
                    self.at(at + later, Event::Put(to, key.clone(), expected, record.clone()));
                }
                if !self.is_cut(to) && !self.happens(2) {
                    self.at(at, Event::Put(to, key, expected, record));
                }
            }
            Output::Read(key) => {
                if !self.is_cut(to) {
                    self.at(at, Event::Get(to, key));
                }
            }
            Output::Watch(scope) => self.watch(to, scope),
            Output::Ready(node, shard, epoch) => {
                let Some(me) = self.process(to).map(|process| process.node.identity().clone()) else {
                    return;
                };
                let other = self.processes.iter().position(|process| process.node.identity().node == node);
                if let (Some(other), false) = (other, self.happens(5)) {
                    let life = self.processes[other].life;
                    self.at(at, Event::Tell(To(other, life), Input::Ready(shard, epoch, me)));
                }
            }
            Output::Tell(shard, task) => {
                let (now, mut doing) = (self.now, Vec::new());
                let Some(process) = self.process(to) else { return };
                let circumstances = process.now(now);
                process.host.tell(shard, &task, circumstances, &mut doing);
                self.do_all(to, doing);
            }
            Output::Ended(_) => {
                // A process whose node is no member any more is started anew.
                let later = self.now + self.rng.u64(100_000..LEASE);
                self.at(later, Event::Fault(Fault::Restart(to.0, to.1)));
            }
        }
    }

    fn is_cut(&mut self, to: To) -> bool {
        let now = self.now;
        self.process(to).is_none_or(|process| process.cut_until > now)
    }

    pub(crate) fn do_all(&mut self, to: To, doing: Vec<Doing>) {
        for one in doing {
            self.note(|| format!("n{}#{} {one:?}", to.0, to.1));
            let delay = self.delay();
            let at = self.now + delay;
            match one {
                Doing::Answer(mail, reply) => self.answer(to, mail, reply),
                Doing::Answered(actor, epoch) => self.log.answers(actor, epoch),
                Doing::Load { actor, request, at_leader } => {
                    self.at(at, Event::Load(to, actor, request, at_leader));
                    self.at(self.now + LATE, Event::Tick(to));
                }
                Doing::Store(append) => {
                    self.at(self.now + LATE, Event::Tick(to));
                    if self.happens(4) {
                        let later = self.delay();
                        self.at(at + later, Event::Append(to, append));
                    }
                    if !self.happens(3) {
                        self.at(at, Event::Append(to, append));
                    }
                }
                Doing::Send(address, mail) => self.at(at, Event::Mail(address, mail)),
                Doing::Drained(shard, epoch) => {
                    self.at(self.now, Event::Tell(to, Input::Drained(shard, epoch)));
                }
            }
        }
    }

    pub(crate) fn answer(&mut self, from: To, mail: Mail, reply: Reply<u64>) {
        let now = self.now;
        let is_slow = self.process(from).is_some_and(|process| process.slow_until > now);
        let event = aether_cluster::protocol::Event::Reply(Attempt(mail.attempt), reply);
        for _ in 0..1 + u8::from(self.happens(3)) {
            if !self.happens(5) {
                let delay = self.delay() + if is_slow { self.rng.u64(0..LEASE) } else { 0 };
                self.at(now + delay, Event::Ask(mail.client, mail.command.id, event.clone()));
            }
        }
    }

    pub(crate) fn mail(&mut self, address: Address, mail: Mail) {
        let now = self.now;
        let mut listeners = Vec::new();
        for (index, process) in self.processes.iter().enumerate() {
            if process.is_alive && process.host.listens(address) {
                let slow = if process.slow_until > now { self.rng.u64(0..LEASE / 2) } else { 0 };
                listeners.push((To(index, process.life), slow));
            }
        }
        if listeners.is_empty() {
            let event = aether_cluster::protocol::Event::NoResponders(Attempt(mail.attempt));
            return self.at(now + 500, Event::Ask(mail.client, mail.command.id, event));
        }
        for (to, slow) in listeners {
            self.at(now + slow, Event::Deliver(to, address, mail));
        }
    }

    pub(crate) fn put(&mut self, to: To, key: &Key, expected: Revision, record: &Record) {
        let stamp = record.stamp();
        let is_renewal = matches!(record, Record::Node(node) if node.by.incarnation == node.incarnation);
        let blind = is_renewal && !self.mechanisms.has(Mechanism::RenewalCas);
        if self.bucket.is_out(self.now) {
            return;
        }
        match self.store(key, (!blind).then_some(expected), record) {
            Err(what) => self.wrong(what),
            Ok(None) => self.answer_change(to, key, stamp, Answer::Refused),
            Ok(Some(revision)) => self.answer_change(to, key, stamp, Answer::Stored(revision)),
        }
    }

    /// Stores a record where the key stands at `expected`, and shows it to those who watch it.
    pub(crate) fn store(
        &mut self,
        key: &Key,
        expected: Option<Revision>,
        record: &Record,
    ) -> Result<Option<Revision>, String> {
        if self.bucket.is_out(self.now) {
            return Ok(None);
        }
        if let Record::Deleted(_) = record {
            let deleted = self.bucket.delete(key, expected, self.now)?;
            if let Some(revision) = deleted {
                self.note(|| format!("bucket {key} {revision} deleted"));
                self.show_change(&Input::Unreadable(key.clone(), revision));
            }
            return Ok(deleted);
        }
        let stored = self.bucket.put(key, expected, record.clone(), self.now)?;
        if let Some(revision) = stored {
            self.note(|| format!("bucket {key} {revision} {record:?}"));
            self.show_change(&Input::Watched(key.clone(), revision, record.clone()));
        }
        Ok(stored)
    }

    /// Shows a change to those who watch.
    pub(crate) fn show_change(&mut self, input: &Input) {
        for index in 0..self.processes.len() {
            let life = self.processes[index].life;
            self.show(To(index, life), input.clone());
        }
    }

    fn answer_change(&mut self, to: To, key: &Key, stamp: Stamp, answer: Answer) {
        if !self.happens(4) && !self.is_cut(to) {
            let delay = self.delay();
            self.at(self.now + delay, Event::Tell(to, Input::Answered(key.clone(), stamp, answer)));
        }
    }

    pub(crate) fn get(&mut self, to: To, key: Key) {
        if self.bucket.is_out(self.now) {
            return;
        }
        let is_old = self.happens(5);
        let entry = if is_old { self.bucket.get_old(&key) } else { self.bucket.get(&key) };
        let found = entry.map(|entry| (entry.revision, entry.record.clone()));
        let delay = self.delay();
        self.at(self.now + delay, Event::Tell(to, Input::Found(key, found)));
    }

    /// Ends the watch of a process, and makes a new one if there is a way to the bucket.
    pub(crate) fn watch(&mut self, to: To, scope: Scope) {
        let now = self.now;
        let Some(process) = self.process(to) else { return };
        process.watch += 1;
        (process.stalled_until, process.shown) = (0, now);
        let watch = process.watch;
        process.scope = (process.cut_until <= now).then_some(scope);
        let delay = self.delay();
        // What is changed meanwhile comes after what was there.
        if let Some(process) = self.process(to) {
            process.shown = now + delay;
        }
        self.at(now + delay, Event::Watch(to, watch));
    }

    pub(crate) fn show_all(&mut self, to: To, watch: u64) {
        if self.process(to).is_none_or(|process| process.watch != watch || process.scope.is_none()) {
            return;
        }
        let shown = |(key, entry): (&Key, &Entry)| match &entry.record {
            Some(record) => Input::Watched(key.clone(), entry.revision, record.clone()),
            None => Input::Unreadable(key.clone(), entry.revision),
        };
        let all: Vec<_> = self.bucket.all().map(shown).collect();
        for input in all {
            self.show(to, input);
        }
        self.show(to, Input::Synced);
    }

    fn show(&mut self, to: To, input: Input) {
        let (delay, now) = (self.rng.u64(100..2_000), self.now);
        let Some(process) = self.process(to) else { return };
        if let Input::Watched(key, ..) | Input::Unreadable(key, _) = &input
            && !process.scope.is_some_and(|scope| scope.shows(key))
        {
            return;
        }
        let at = (now + delay).max(process.shown).max(process.stalled_until).max(process.cut_until);
        process.shown = at;
        let watch = process.watch;
        self.at(at, Event::Shown(to, watch, input));
    }
}
