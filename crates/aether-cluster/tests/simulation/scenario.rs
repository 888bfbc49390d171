//! One seed: things go wrong, then they do not, then one process is killed.

use aether_cluster::Mechanisms;
use aether_cluster::protocol::{Key, Record, Scope, Shard};

use crate::client::{Client, Floors};
use crate::process::Process;
use crate::world::{CLIENTS, Event, LEASE, Micros, SHARDS, World};

/// What became of a seed.
pub(crate) struct Outcome {
    pub(crate) violation: Option<String>,
    pub(crate) history: String,
    pub(crate) steps: u64,
    pub(crate) events: u64,
    pub(crate) ends: Vec<(&'static str, u64)>,
    /// How long there was no leader after the leader was killed.
    pub(crate) failover: Option<Micros>,
    /// How many were followers in the end.
    pub(crate) followers: usize,
}

/// Whether each of these weights and counts is its part of the shards, rounded down or up.
fn are_quotas(counts: &[(u32, usize)]) -> bool {
    let all: u32 = counts.iter().map(|(weight, _)| weight).sum();
    counts.iter().all(|(weight, count)| {
        let count = u32::try_from(*count).unwrap();
        (SHARDS * weight / all..=(SHARDS * weight).div_ceil(all)).contains(&count)
    })
}

const WILD: Micros = 8 * LEASE;
const SETTLED: Micros = WILD + 6 * LEASE;

pub(crate) fn run(seed: u64, mechanisms: Mechanisms, keeps_history: bool) -> Outcome {
    let mut world = World::new(seed, mechanisms, keeps_history, WILD);
    let nodes = world.rng.usize(3..7);
    (0..nodes).for_each(|index| world.start(index));
    for client in 0..CLIENTS {
        world.clients.push(Client::until(SETTLED + LEASE));
        world.at(LEASE / 5, Event::Client(client));
    }
    world.plan_faults();
    world.run(SETTLED);
    world.check_settled("before the last kill");
    let failover = world.kill_some();
    let follows = |process: &&Process| process.is_alive && process.node.scope() == Scope::Follower;
    let followers = world.processes.iter().filter(follows).count();
    let ends = world.clients.iter().flat_map(|client| client.ends.clone()).collect();
    Outcome {
        violation: world.violation,
        failover,
        followers,
        steps: world.steps,
        events: world.log.events(),
        history: world.history.unwrap_or_default(),
        ends,
    }
}

impl World {
    /// Invariant 8, and that everything comes to rest again. Returns how long there was no leader, if it was the leader alone.
    fn kill_some(&mut self) -> Option<Micros> {
        if self.violation.is_some() {
            return None;
        }
        let leader = self.leader();
        let in_charge = self.in_charge();
        let all_in_charge = in_charge.len() < self.processes.len() && self.rng.u8(0..4) == 0;
        let victims = match leader {
            _ if all_in_charge => in_charge,
            Some(leader) if self.rng.bool() => vec![leader],
            _ => vec![self.rng.usize(0..self.processes.len())],
        };
        let killed = self.now;
        self.note(|| format!("kills {victims:?} for good"));
        victims.iter().for_each(|victim| self.processes[*victim].is_alive = false);
        let loses_leader = leader.is_some_and(|leader| victims.contains(&leader));
        // Of the latter, followers have first to see that nobody leads, and then to watch for a lease.
        let (led, served) = if all_in_charge { (24, 28) } else { (12, 23) };
        self.run(killed + LEASE * led / 10);
        if loses_leader && self.bucket.leader_changed < killed {
            self.wrong(format!("invariant 8: no leader after {led} tenths of a lease"));
        }
        self.run(killed + LEASE * served / 10);
        self.check_served("invariant 8");
        self.run(killed + 6 * LEASE);
        self.check_settled("at the end");
        if self.clients.iter().any(Client::is_asking) {
            self.wrong("invariant 10: an ask has not ended");
        }
        self.check_quiet();
        self.check_forgotten();
        let failover = self.bucket.leader_changed.checked_sub(killed);
        failover.filter(|_| loses_leader && !all_in_charge)
    }

    /// A follower of a quiet cluster takes and sends ten messages a lease at the most: renewals of its own, their answers, and the
    /// leader's renewals.
    fn check_quiet(&mut self) {
        let follows = |process: &Process| process.is_alive && process.node.scope() == Scope::Follower;
        let followers: Vec<_> =
            (0..self.processes.len()).filter(|index| follows(&self.processes[*index])).collect();
        if followers.is_empty() {
            return;
        }
        let messages = |world: &Self| -> Vec<u64> {
            followers.iter().map(|index| world.processes[*index].messages).collect()
        };
        let before = messages(self);
        self.run(self.now + 3 * LEASE);
        let loud =
            messages(self).iter().zip(before).map(|(after, before)| after - before).find(|most| *most > 30);
        if let Some(loud) = loud {
            self.wrong(format!("a quiet follower took and sent {loud} messages in three leases"));
        }
    }

    /// Of a node that is gone nothing is left: neither its record nor its place in the list.
    fn check_forgotten(&mut self) {
        let Some(Record::Members(members)) = self.bucket.record(&Key::Members) else { return };
        let is_left = |process: &&Process| {
            let node = process.node.identity().node.clone();
            let is_listed = members.nodes.contains_key(&node);
            let key = Key::Node(node);
            !process.is_alive
                && (is_listed || self.bucket.get(&key).is_some_and(|entry| entry.record.is_some()))
        };
        if let Some(process) = self.processes.iter().find(is_left) {
            let node = process.node.identity().clone();
            self.wrong(format!("{node} is not forgotten"));
        }
    }

    /// The leader and its standbys.
    fn in_charge(&self) -> Vec<usize> {
        let standbys = match self.bucket.record(&Key::Members) {
            Some(Record::Members(members)) => members.standbys.clone(),
            _ => Vec::new(),
        };
        let stands_by = |process: &Process| standbys.contains(&process.node.identity().node);
        let standbys = (0..self.processes.len()).filter(|index| stands_by(&self.processes[*index]));
        self.leader().into_iter().chain(standbys).collect()
    }

    fn leader(&self) -> Option<usize> {
        let Some(Record::Leader(record)) = self.bucket.record(&Key::Leader) else {
            return None;
        };
        let leader = record.leader.as_ref()?;
        self.processes.iter().position(|process| process.is_alive && process.node.identity() == leader)
    }

    /// Each shard is served by a process that lives.
    fn check_served(&mut self, when: &str) {
        for shard in (0..SHARDS).map(Shard::new) {
            let now = self.now;
            let serves = self.processes.iter().any(|process| {
                process.is_alive && process.host.answers(shard) && process.node.may_serve(process.moment(now))
            });
            if !serves && self.violation.is_none() {
                self.wrong(format!("{when}: nobody serves shard {shard}"));
            }
        }
    }

    /// Each shard is served by its planned owner, each node has its quota, and watches what it is to.
    fn check_settled(&mut self, when: &str) {
        self.check_served(when);
        if let Some(key) = self.bucket.broken().cloned() {
            self.wrong(format!("{when}: nobody has repaired {key}"));
        }
        let owner =
            |shard| self.bucket.shard(&Key::Shard(Shard::new(shard))).and_then(|record| record.owner.clone());
        let owners: Vec<_> = (0..SHARDS).map(owner).collect();
        let planned = match self.bucket.record(&Key::Plan) {
            Some(Record::Plan(plan)) => plan.targets.clone(),
            _ => Vec::new(),
        };
        let owning: Vec<_> =
            owners.iter().map(|owner| owner.as_ref().map(|owner| owner.node.clone())).collect();
        let held = |process: &Process| {
            owners.iter().flatten().filter(|owner| *owner == process.node.identity()).count()
        };
        let living: Vec<_> =
            self.processes.iter().enumerate().filter(|(_, process)| process.is_alive).collect();
        let counts: Vec<_> = living
            .iter()
            .map(|(index, process)| (u32::from(self.settings.weight(*index).get()), held(process)))
            .collect();
        let plan = self.leader().and_then(|leader| self.processes[leader].node.plan());
        let plan = plan.map(ToString::to_string).unwrap_or_default();
        if planned != owning || !are_quotas(&counts) {
            return self.wrong(format!(
                "invariant 7, {when}: planned {planned:?}, owned {owning:?}, weights and counts {counts:?}\n{plan}"
            ));
        }
        let in_charge = self.in_charge();
        let wrong = living
            .iter()
            .find(|(index, process)| (process.node.scope() == Scope::All) != in_charge.contains(index));
        if let Some((index, process)) = wrong {
            let scope = process.node.scope();
            self.wrong(format!("{when}: n{index} watches {scope:?}, in charge are {in_charge:?}"));
        }
    }

    pub(crate) fn floors(&self) -> Floors {
        self.floors
    }

    pub(crate) fn told(&mut self, actor: usize, version: u64) {
        self.floors[actor] = self.floors[actor].max(version);
    }
}
