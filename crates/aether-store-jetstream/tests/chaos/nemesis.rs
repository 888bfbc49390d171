//! The faults of a round: each at its own pace, by a seed.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use aether_nats_harness::Direction;
use serde::Serialize;

use crate::site::Site;
use crate::workers::Workers;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    AnswersDropped,
    AnswersDelayed,
    RequestsDelayed,
    LinkCut,
    /// Of three servers, the one that leads the stream.
    ServerKilled,
    ServerPaused,
    FollowerPaused,
    LeaderSteppedDown,
    WorkerKilled,
}

impl Fault {
    fn needs_leader(self) -> bool {
        matches!(
            self,
            Self::ServerKilled | Self::ServerPaused | Self::FollowerPaused | Self::LeaderSteppedDown
        )
    }

    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }
}

/// How often each fault happens, about.
pub(crate) type Pace = &'static [(Fault, Duration)];

/// How often a fault was due while there was no leader to meet, and how long it took until there was one.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub(crate) struct Waits {
    pub(crate) times: u64,
    pub(crate) seconds: f64,
}

impl Waits {
    pub(crate) fn add(&mut self, other: Self) {
        self.times += other.times;
        self.seconds += other.seconds;
    }
}

pub(crate) struct Nemesis {
    random: fastrand::Rng,
    plans: Vec<Planned>,
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) waits: BTreeMap<String, Waits>,
}

/// When a fault is made next.
#[derive(Debug, Clone, Copy)]
struct Planned {
    fault: Fault,
    every: Duration,
    at: Instant,
    /// Since when it is due without a leader.
    waits: Option<Instant>,
}

impl Nemesis {
    pub(crate) fn new(pace: Pace, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let now = Instant::now();
        let planned = |(fault, every): &(Fault, Duration)| {
            let at = now + every.mul_f64(0.5 + random.f64());
            Planned { fault: *fault, every: *every, at, waits: None }
        };
        let plans = pace.iter().map(planned).collect();
        Self { random, plans, counts: BTreeMap::new(), waits: BTreeMap::new() }
    }

    /// Says whether each fault has happened.
    pub(crate) fn is_complete(&self) -> bool {
        self.plans.iter().all(|planned| self.counts.contains_key(&planned.fault.name()))
    }

    /// Makes the faults that are due, and waits a moment.
    pub(crate) fn step(&mut self, site: &mut Site, stream: &str, workers: &mut Workers) {
        sleep(Duration::from_millis(10));
        for index in 0..self.plans.len() {
            let planned = self.plans[index];
            if Instant::now() >= planned.at {
                self.plans[index] = self.turn(planned, site, stream, workers);
            }
        }
    }

    /// Makes a fault that is due, unless there is no leader to meet, and says when it is due again.
    fn turn(&mut self, planned: Planned, site: &mut Site, stream: &str, workers: &mut Workers) -> Planned {
        let now = Instant::now();
        let leader = if planned.fault.needs_leader() { site.leader(stream) } else { Some(0) };
        let Some(leader) = leader else {
            let waits = planned.waits.or(Some(now));
            return Planned { at: now + Duration::from_millis(50), waits, ..planned };
        };
        let waited = planned.waits.map(|since| since.elapsed()).unwrap_or_default();
        if planned.waits.is_some() {
            let waits = Waits { times: 1, seconds: waited.as_secs_f64() };
            self.waits.entry(planned.fault.name()).or_default().add(waits);
        }
        // A leader that was just elected shall have something to lose first.
        let comes_later = waited > planned.every;
        if !comes_later && self.make(planned.fault, leader, site, stream, workers) {
            *self.counts.entry(planned.fault.name()).or_default() += 1;
        }
        Planned { at: now + planned.every.mul_f64(0.5 + self.random.f64()), waits: None, ..planned }
    }

    fn make(
        &mut self,
        fault: Fault,
        leader: usize,
        site: &mut Site,
        stream: &str,
        workers: &mut Workers,
    ) -> bool {
        let chosen = self.random.usize(..site.proxies.len());
        let proxy = &site.proxies[chosen];
        match fault {
            Fault::AnswersDropped => proxy.drop_messages("_INBOX", self.random.usize(1..6)),
            Fault::AnswersDelayed => self.delay(site, chosen, Direction::ToClient),
            Fault::RequestsDelayed => self.delay(site, chosen, Direction::ToServer),
            Fault::LinkCut => proxy.cut_once(),
            Fault::WorkerKilled => workers.replace_one(&mut self.random),
            Fault::ServerKilled => {
                site.server_mut(leader).kill().unwrap();
                site.server_mut(leader).start_again().unwrap();
            }
            Fault::ServerPaused => self.pause(site, leader),
            Fault::FollowerPaused => {
                let follower = (leader + self.random.usize(1..3)) % 3;
                self.pause(site, follower);
            }
            Fault::LeaderSteppedDown => return workers.step_down(stream),
        }
        true
    }

    fn delay(&mut self, site: &Site, chosen: usize, direction: Direction) {
        site.proxies[chosen].delay(direction, Duration::from_millis(self.random.u64(20..400)));
        sleep(Duration::from_millis(self.random.u64(50..300)));
        site.proxies[chosen].delay(direction, Duration::ZERO);
    }

    fn pause(&mut self, site: &mut Site, index: usize) {
        site.server_mut(index).pause().unwrap();
        sleep(Duration::from_millis(self.random.u64(50..400)));
        site.server_mut(index).resume().unwrap();
    }
}
