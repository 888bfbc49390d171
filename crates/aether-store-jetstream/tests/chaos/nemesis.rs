//! The faults of a round: each at its own pace, by a seed.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use aether_nats_harness::Direction;

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
    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }
}

/// How often each fault happens, about.
pub(crate) type Pace = &'static [(Fault, Duration)];

pub(crate) struct Nemesis {
    random: fastrand::Rng,
    due: Vec<(Fault, Duration, Instant)>,
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Nemesis {
    pub(crate) fn new(pace: Pace, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let now = Instant::now();
        let due = pace
            .iter()
            .map(|(fault, every)| (*fault, *every, now + every.mul_f64(0.5 + random.f64())))
            .collect();
        Self { random, due, counts: BTreeMap::new() }
    }

    /// Says whether each fault has happened.
    pub(crate) fn is_complete(&self) -> bool {
        self.due.iter().all(|(fault, ..)| self.counts.contains_key(&fault.name()))
    }

    /// Makes the faults that are due, and waits a moment.
    pub(crate) fn step(&mut self, site: &mut Site, stream: &str, workers: &mut Workers) {
        sleep(Duration::from_millis(10));
        for index in 0..self.due.len() {
            let (fault, every, at) = self.due[index];
            if Instant::now() < at {
                continue;
            }
            let made = self.make(fault, site, stream, workers);
            if made {
                *self.counts.entry(fault.name()).or_default() += 1;
            }
            // What had no leader to meet is due again soon.
            let every = if made { every } else { Duration::from_millis(100) };
            self.due[index].2 = Instant::now() + every.mul_f64(0.5 + self.random.f64());
        }
    }

    fn make(&mut self, fault: Fault, site: &mut Site, stream: &str, workers: &mut Workers) -> bool {
        let chosen = self.random.usize(..site.proxies.len());
        let proxy = &site.proxies[chosen];
        match fault {
            Fault::AnswersDropped => proxy.drop_messages("_INBOX", self.random.usize(1..6)),
            Fault::AnswersDelayed => self.delay(site, chosen, Direction::ToClient),
            Fault::RequestsDelayed => self.delay(site, chosen, Direction::ToServer),
            Fault::LinkCut => proxy.cut_once(),
            Fault::WorkerKilled => workers.replace_one(&mut self.random),
            Fault::ServerKilled => {
                let Some(leader) = site.leader(stream) else { return false };
                site.server_mut(leader).kill().unwrap();
                site.server_mut(leader).start_again().unwrap();
            }
            Fault::ServerPaused => {
                let Some(leader) = site.leader(stream) else { return false };
                self.pause(site, leader);
            }
            Fault::FollowerPaused => {
                let Some(leader) = site.leader(stream) else { return false };
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
