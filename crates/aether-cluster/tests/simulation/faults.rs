//! What goes wrong, and when.

use aether_cluster::placement::Standing;
use aether_cluster::protocol::{Incarnation, Input, Key, Record, Scope, Shard, Stamp, StandingRecord};
use aether_core::key_value::Revision;

use crate::process::Process;
use crate::world::{Event, LEASE, Micros, SHARDS, To, World};

const WISHES: [Standing; 3] = [Standing::Open, Standing::Cordoned, Standing::Draining];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It is stopped, and goes on later where it was.
    Pause(usize, Micros),
    Resume(usize, u64),
    Kill(usize),
    /// Starts the process anew, if it still lives this life.
    Restart(usize, u64),
    /// No way to the bucket and back.
    Cut(usize, Micros),
    /// Its watch shows nothing.
    Stall(usize, Micros),
    /// Messages to it and its answers take long, or to all and theirs; it may be drained for that.
    Slow(usize, Micros),
    /// The bucket takes no changes.
    Outage(Micros),
    /// It gives its shards up and leaves.
    Leave(usize),
    /// Somebody writes at a key what nobody can read, or deletes it: at one of so many, or at that of this node.
    Spoil(usize, u8),
    /// An operator wants this of it.
    Want(usize, Standing),
}

impl World {
    /// Draws what is to go wrong before the calm.
    pub(crate) fn plan_faults(&mut self) {
        let count = self.rng.usize(5..12);
        for _ in 0..count {
            let at = self.rng.u64(LEASE..self.calm_from - 2 * LEASE);
            let node = self.rng.usize(0..self.processes.len());
            let short = self.rng.u64(LEASE / 5..LEASE * 5 / 2);
            let fault = match self.rng.u8(0..26) {
                0..4 => Fault::Pause(node, short),
                4..6 => Fault::Kill(node),
                6..9 => Fault::Cut(node, short),
                9..11 => Fault::Stall(node, short),
                11..15 => Fault::Slow(node, short),
                15..17 => Fault::Outage(LEASE / 2 + short / 2),
                23..26 => Fault::Spoil(node, self.rng.u8(0..12)),
                17..21 => Fault::Want(node, WISHES[self.rng.usize(0..3)]),
                _ => Fault::Leave(node),
            };
            self.at(at, Event::Fault(fault));
        }
        for node in 0..self.processes.len() {
            self.at(self.calm_from, Event::Fault(Fault::Want(node, Standing::Open)));
        }
    }

    pub(crate) fn strike(&mut self, fault: Fault) {
        self.note(|| format!("fault {fault:?}"));
        let now = self.now;
        match fault {
            Fault::Pause(node, time) => {
                let process = &mut self.processes[node];
                process.paused_until = process.paused_until.max(now + time);
                let (at, life) = (process.paused_until, process.life);
                self.at(at, Event::Fault(Fault::Resume(node, life)));
            }
            Fault::Resume(node, life) => self.resume(node, life),
            Fault::Kill(node) => {
                let process = &mut self.processes[node];
                process.is_alive = false;
                let life = process.life;
                let later = now + self.rng.u64(LEASE / 10..LEASE * 2);
                self.at(later, Event::Fault(Fault::Restart(node, life)));
            }
            Fault::Restart(node, life) => {
                if self.processes[node].life == life {
                    self.start(node);
                }
            }
            Fault::Cut(node, time) => self.processes[node].cut_until = now + time,
            Fault::Stall(node, time) => self.processes[node].stalled_until = now + time,
            Fault::Slow(node, time) => {
                let all = self.rng.bool();
                for (index, process) in self.processes.iter_mut().enumerate() {
                    if all || index == node {
                        process.slow_until = now + time;
                    }
                }
                let then = match self.rng.u8(0..3) {
                    0 => return,
                    1 => Fault::Leave(node),
                    _ => Fault::Want(node, Standing::Draining),
                };
                self.at(now + time / 3, Event::Fault(then));
            }
            Fault::Want(node, standing) => self.want(node, standing),
            Fault::Spoil(node, which) => self.spoil(node, which),
            Fault::Outage(time) => self.bucket.fail(now, now + time),
            Fault::Leave(node) => {
                let to = To(node, self.processes[node].life);
                self.at(now, Event::Tell(to, Input::Leave));
            }
        }
    }

    fn spoil(&mut self, node: usize, which: u8) {
        let node = self.processes[node].node.identity().node.clone();
        let key = match which {
            0 => Key::Node(node),
            1 => Key::Standing(node),
            2 => Key::Leader,
            3 => Key::Plan,
            4 => Key::Members,
            shard => Key::Shard(Shard::new(u32::from(shard) % SHARDS)),
        };
        let revision = self.bucket.spoil(&key, self.now);
        self.note(|| format!("bucket {key} {revision} spoilt"));
        self.show_change(&Input::Unreadable(key, revision));
    }

    /// An operator looks what is wanted of a node, and wants something else of it; and tries again until that is stored.
    fn want(&mut self, node: usize, standing: Standing) {
        let standing = if self.is_wild() { standing } else { Standing::Open };
        let key = Key::Standing(self.processes[node].node.identity().node.clone());
        let is_old = self.happens(10);
        let found = if is_old { self.bucket.get_old(&key) } else { self.bucket.get(&key) };
        let expected = found.map_or(Revision::NONE, |entry| entry.revision);
        self.lives += 1;
        let by = Stamp { incarnation: Incarnation::new(u128::from(self.lives)), nonce: 1 };
        let record = Record::Standing(StandingRecord { standing, by });
        match self.store(&key, Some(expected), &record) {
            Ok(None) => {
                let later = self.now + self.rng.u64(LEASE / 20..LEASE / 5);
                self.at(later, Event::Fault(Fault::Want(node, standing)));
            }
            Ok(Some(_)) => {}
            Err(what) => self.wrong(what),
        }
    }

    /// Starts a process, in the place of the one that was there.
    pub(crate) fn start(&mut self, index: usize) {
        self.lives += 1;
        let process =
            Process::start(index, self.lives, &self.settings, self.mechanisms, self.now, &mut self.rng);
        let to = To(index, process.life);
        match self.processes.get_mut(index) {
            Some(place) => *place = process,
            None => self.processes.push(process),
        }
        self.note(|| format!("n{}#{} starts", to.0, to.1));
        self.watch(to, Scope::All);
    }

    /// What came while it was stopped comes at once; the process may go on with something else first.
    fn resume(&mut self, node: usize, life: u64) {
        let now = self.now;
        let Some(process) = self.process(To(node, life)).filter(|process| process.paused_until <= now) else {
            return;
        };
        let held = std::mem::take(&mut process.held);
        process.wakes_at = Micros::MAX;
        let shift = if self.rng.bool() { 200 } else { 0 };
        self.at(now + 100, Event::Wake(To(node, life)));
        for (event, at) in held.into_iter().zip(0..) {
            // Messages of others come in any order, those of its watch in theirs.
            let mixed = if matches!(event, Event::Deliver(..)) { self.rng.u64(0..400) } else { at };
            self.at(now + shift + mixed, event);
        }
    }
}
