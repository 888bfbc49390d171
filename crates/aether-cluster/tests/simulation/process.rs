//! One process: a node, what runs in its shards, its clock, and what is wrong with it.

use std::time::Duration;

use aether_cluster::Mechanisms;
use aether_cluster::placement::{Policy, ShardCount, Weight};
use aether_cluster::protocol::{Identity, Incarnation, Lease, Moment, Node, NodeId, Scope, Setup, Timeouts};

use crate::host::{Host, Now};
use crate::world::{Event, LEASE, Micros, SHARDS};

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) life: u64,
    pub(crate) is_alive: bool,
    pub(crate) node: Node,
    pub(crate) host: Host,
    clock: Clock,
    pub(crate) paused_until: Micros,
    pub(crate) slow_until: Micros,
    /// No way to the bucket and back until then.
    pub(crate) cut_until: Micros,
    /// Its watch shows nothing until then, unless it is made anew.
    pub(crate) stalled_until: Micros,
    pub(crate) watch: u64,
    /// What that watch shows; nothing where it could not be made.
    pub(crate) scope: Option<Scope>,
    /// When the latest message of its watch arrives: they keep their order.
    pub(crate) shown: Micros,
    pub(crate) wakes_at: Micros,
    /// How many it has sent to the bucket, and taken from there.
    pub(crate) messages: u64,
    pub(crate) held: Vec<Event>,
}

/// A clock that began somewhere and goes at a rate of its own.
#[derive(Debug, Clone, Copy)]
struct Clock {
    offset: Micros,
    /// In millionths.
    rate: u64,
}

/// What all processes of a seed are started with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) policy: Policy,
    /// The weight of the first node; all others have the usual one.
    first: Weight,
}

impl Settings {
    /// Draws how much may move at once, for how long it cools down, and what the first node takes.
    pub(crate) fn draw(rng: &mut fastrand::Rng) -> Self {
        let cool_down = Duration::from_micros(rng.u64(0..LEASE / 2));
        let policy = Policy { at_once: rng.u32(1..4), percent_at_once: 100, cool_down, ..Policy::default() };
        Self { policy, first: Weight::new([50, 100, 100, 200][rng.usize(0..4)]).unwrap() }
    }

    pub(crate) fn weight(&self, index: usize) -> Weight {
        if index == 0 { self.first } else { Weight::USUAL }
    }
}

impl Process {
    pub(crate) fn start(
        index: usize,
        life: u64,
        settings: &Settings,
        mechanisms: Mechanisms,
        now: Micros,
        rng: &mut fastrand::Rng,
    ) -> Self {
        let node = NodeId::new(format!("n{index}")).unwrap();
        let incarnation = Incarnation::new(u128::from(life));
        let lease = Lease::new(Duration::from_micros(LEASE));
        // Short, so that each of them passes within a seed.
        let timeouts = Timeouts {
            drain: Duration::from_micros(LEASE / 2),
            forward: lease.length(),
            leave: Duration::from_micros(2 * LEASE),
            forget: Duration::from_micros(2 * LEASE),
            ..Timeouts::of(lease)
        };
        let mut setup = Setup::new(lease, ShardCount::new(SHARDS).unwrap()).with(mechanisms);
        setup.timeouts = timeouts;
        setup.policy = settings.policy.clone();
        setup.weight = settings.weight(index);
        let clock = Clock { offset: rng.u64(0..1_000 * LEASE), rate: rng.u64(950_000..1_050_000) };
        Self {
            life,
            is_alive: true,
            node: Node::new(Identity { node, incarnation }, setup, clock.read(now)),
            host: Host::new(incarnation, mechanisms, life),
            clock,
            paused_until: 0,
            slow_until: 0,
            cut_until: 0,
            stalled_until: 0,
            watch: 0,
            scope: None,
            shown: 0,
            wakes_at: Micros::MAX,
            messages: 0,
            held: Vec::new(),
        }
    }

    pub(crate) fn moment(&self, now: Micros) -> Moment {
        self.clock.read(now)
    }

    pub(crate) fn now(&self, now: Micros) -> Now {
        Now { at: now, may_serve: self.node.may_serve(self.clock.read(now)) }
    }

    /// When its clock shows `moment`, or a little later.
    pub(crate) fn when(&self, moment: Moment) -> Micros {
        let shown = u64::try_from(moment.since(Moment::START).as_micros()).unwrap();
        shown.saturating_sub(self.clock.offset).saturating_mul(1_000_000) / self.clock.rate + 2
    }
}

impl Clock {
    fn read(self, now: Micros) -> Moment {
        Moment::new(Duration::from_micros(self.offset + now * self.rate / 1_000_000))
    }
}
