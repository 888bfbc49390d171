//! One seed: things go wrong, then they do not, then one process is killed.

use aether_cluster::Mechanisms;
use aether_cluster::protocol::{Key, Record, Shard};

use crate::client::{Client, Floors};
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
}

const WILD: Micros = 8 * LEASE;
const SETTLED: Micros = WILD + 6 * LEASE;

pub(crate) fn run(seed: u64, mechanisms: Mechanisms, keeps_history: bool) -> Outcome {
    let mut world = World::new(seed, mechanisms, keeps_history, WILD);
    let nodes = world.rng.usize(3..6);
    (0..nodes).for_each(|index| world.start(index));
    for client in 0..CLIENTS {
        world.clients.push(Client::until(SETTLED + LEASE));
        world.at(LEASE / 5, Event::Client(client));
    }
    world.plan_faults();
    world.run(SETTLED);
    world.check_settled("before the last kill");
    let failover = world.kill_one();
    let ends = world.clients.iter().flat_map(|client| client.ends.clone()).collect();
    Outcome {
        violation: world.violation,
        failover,
        steps: world.steps,
        events: world.log.events(),
        history: world.history.unwrap_or_default(),
        ends,
    }
}

impl World {
    /// Invariant 8, and that everything comes to rest again. Returns how long there was no leader, if it was the leader.
    fn kill_one(&mut self) -> Option<Micros> {
        if self.violation.is_some() {
            return None;
        }
        let leader = self.leader();
        let victim = match leader {
            Some(leader) if self.rng.bool() => leader,
            _ => self.rng.usize(0..self.processes.len()),
        };
        let killed = self.now;
        self.note(|| format!("kills n{victim} for good"));
        self.processes[victim].is_alive = false;
        self.run(killed + LEASE * 12 / 10);
        if leader == Some(victim) && self.bucket.leader_changed < killed {
            self.wrong("invariant 8: no leader after 1.2 leases");
        }
        self.run(killed + LEASE * 23 / 10);
        self.check_served("invariant 8");
        self.run(killed + 6 * LEASE);
        self.check_settled("at the end");
        if self.clients.iter().any(Client::is_asking) {
            self.wrong("invariant 10: an ask has not ended");
        }
        if leader == Some(victim) { self.bucket.leader_changed.checked_sub(killed) } else { None }
    }

    fn leader(&self) -> Option<usize> {
        let Some(Record::Leader(record)) = self.bucket.get(&Key::Leader).map(|entry| &entry.record) else {
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

    /// Each shard is served by its planned owner, and nobody has two more than anybody else.
    fn check_settled(&mut self, when: &str) {
        self.check_served(when);
        let owner =
            |shard| self.bucket.shard(&Key::Shard(Shard::new(shard))).and_then(|record| record.owner.clone());
        let owners: Vec<_> = (0..SHARDS).map(owner).collect();
        let planned = match self.bucket.get(&Key::Plan).map(|entry| &entry.record) {
            Some(Record::Plan(plan)) => plan.targets.clone(),
            _ => Vec::new(),
        };
        let owning: Vec<_> =
            owners.iter().map(|owner| owner.as_ref().map(|owner| owner.node.clone())).collect();
        let counts: Vec<usize> = self
            .processes
            .iter()
            .filter(|process| process.is_alive)
            .map(|process| owners.iter().flatten().filter(|owner| *owner == process.node.identity()).count())
            .collect();
        let spread = counts.iter().max().unwrap_or(&0) - counts.iter().min().unwrap_or(&0);
        if (planned != owning || spread > 1) && self.violation.is_none() {
            let plan = self.leader().and_then(|leader| self.processes[leader].node.plan());
            let plan = plan.map(ToString::to_string).unwrap_or_default();
            self.wrong(format!(
                "invariant 7, {when}: planned {planned:?}, owned {owning:?}, counts {counts:?}\n{plan}"
            ));
        }
    }

    pub(crate) fn floors(&self) -> Floors {
        self.floors
    }

    pub(crate) fn told(&mut self, actor: usize, version: u64) {
        self.floors[actor] = self.floors[actor].max(version);
    }
}
