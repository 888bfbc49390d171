//! The faults: each with a beginning and an end, by a seed. Never so many servers at a time that nobody could agree, but when all are
//! restarted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aether_nats_harness::Proxy;

use crate::nodes::Nodes;
use crate::site::Site;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// SIGKILL, and another life a little later.
    NodeKilled,
    /// SIGSTOP for longer than a lease, and SIGCONT: a zombie.
    NodePaused,
    /// SIGSTOP for less than a lease.
    NodeHeldUp,
    /// What the node sends is lost; it hears everything.
    SendsNothing,
    /// What the node is sent is lost; it is heard.
    HearsNothing,
    LinkCut,
    /// It leaves, and comes back as another incarnation.
    NodeLeaves,
    /// Two nodes at a time: mostly the leader or a standby is one of them.
    TwoNodesKilled,
    ServerKilled,
    ServerPaused,
    AllNodesKilled,
    AllServersRestarted,
}

use Fault::{
    AllNodesKilled, AllServersRestarted, HearsNothing, LinkCut, NodeHeldUp, NodeKilled, NodeLeaves,
    NodePaused, SendsNothing, ServerKilled, ServerPaused, TwoNodesKilled,
};

/// Every fault comes once before any comes again.
const ALL: [Fault; 12] = [
    NodeKilled,
    NodePaused,
    ServerKilled,
    SendsNothing,
    NodeLeaves,
    HearsNothing,
    TwoNodesKilled,
    LinkCut,
    ServerPaused,
    NodeHeldUp,
    AllServersRestarted,
    AllNodesKilled,
];

/// A fault that lasts.
struct Lasting {
    fault: Fault,
    node: usize,
    until: Instant,
}

pub(crate) struct Nemesis {
    random: fastrand::Rng,
    lease: Duration,
    next: Instant,
    waiting: Vec<Fault>,
    lasting: Vec<Lasting>,
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Nemesis {
    pub(crate) fn new(seed: u64, lease: Duration) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        let next = Instant::now() + lease;
        Self { random, lease, next, waiting: Vec::new(), lasting: Vec::new(), counts: BTreeMap::new() }
    }

    /// Whether every fault has happened.
    pub(crate) fn is_complete(&self) -> bool {
        ALL.iter().all(|fault| self.counts.contains_key(&format!("{fault:?}")))
    }

    /// Ends what is over, and begins what is due.
    pub(crate) fn step(&mut self, site: &mut Site, nodes: &mut Nodes) {
        let now = Instant::now();
        let (over, lasting) = std::mem::take(&mut self.lasting).into_iter().partition(|of| of.until <= now);
        self.lasting = lasting;
        over.iter().for_each(|of: &Lasting| end(of, site, nodes));
        if now < self.next || self.lasting.len() > 1 {
            return;
        }
        if self.waiting.is_empty() {
            self.waiting = ALL.to_vec();
            self.random.shuffle(&mut self.waiting);
        }
        let is_of_servers = |fault| matches!(fault, ServerKilled | ServerPaused | AllServersRestarted);
        let may_begin =
            |fault| !is_of_servers(fault) || !self.lasting.iter().any(|of| is_of_servers(of.fault));
        if let Some(fault) = self.waiting.pop_if(|fault| may_begin(*fault)) {
            self.begin(fault, site, nodes);
            *self.counts.entry(format!("{fault:?}")).or_default() += 1;
        }
        self.next = Instant::now() + self.leases(0.5, 2.0);
    }

    /// Ends all faults, and has all nodes run.
    pub(crate) fn end_all(&mut self, site: &mut Site, nodes: &mut Nodes) {
        for of in std::mem::take(&mut self.lasting) {
            end(&of, site, nodes);
        }
        site.heal();
        (0..nodes.len()).for_each(|node| restart(node, nodes));
    }

    fn leases(&mut self, least: f64, most: f64) -> Duration {
        self.lease.mul_f64(least + (most - least) * self.random.f64())
    }

    fn begin(&mut self, fault: Fault, site: &mut Site, nodes: &mut Nodes) {
        let node = self.random.usize(..nodes.len());
        let lasts = match fault {
            NodePaused => self.leases(1.2, 3.0),
            NodeHeldUp => self.leases(0.2, 0.9),
            ServerPaused => self.leases(0.3, 2.0),
            NodeLeaves => self.leases(12.0, 12.0),
            _ => self.leases(0.3, 3.0),
        };
        let link = |with: fn(&Proxy)| site.links_of(node).iter().for_each(with);
        match fault {
            NodeKilled => nodes.kill(node),
            TwoNodesKilled => [node, (node + 1) % nodes.len()].into_iter().for_each(|node| nodes.kill(node)),
            NodePaused | NodeHeldUp => nodes.pause(node),
            SendsNothing => link(Proxy::drop_requests),
            HearsNothing => link(Proxy::drop_replies),
            LinkCut => link(Proxy::cut),
            NodeLeaves => nodes.begin_to_leave(node),
            ServerKilled => {
                site.servers.server_mut(node % 3).kill().unwrap();
                site.servers.server_mut(node % 3).start_again().unwrap();
            }
            ServerPaused => site.servers.server_mut(node % 3).pause().unwrap(),
            AllNodesKilled => (0..nodes.len()).for_each(|node| nodes.kill(node)),
            AllServersRestarted => {
                (0..3).for_each(|server| site.servers.server_mut(server).kill().unwrap());
                (0..3).for_each(|server| site.servers.server_mut(server).start_again().unwrap());
            }
        }
        if !matches!(fault, ServerKilled | AllServersRestarted) {
            self.lasting.push(Lasting { fault, node, until: Instant::now() + lasts });
        }
    }
}

fn end(of: &Lasting, site: &mut Site, nodes: &mut Nodes) {
    match of.fault {
        NodePaused | NodeHeldUp => nodes.resume(of.node),
        SendsNothing | HearsNothing | LinkCut => site.links_of(of.node).iter().for_each(Proxy::heal),
        ServerPaused => site.servers.server_mut(of.node % 3).resume().unwrap(),
        NodeLeaves => {
            nodes.has_left(of.node, Duration::ZERO);
            restart(of.node, nodes);
        }
        NodeKilled => restart(of.node, nodes),
        TwoNodesKilled => {
            restart(of.node, nodes);
            restart((of.node + 1) % nodes.len(), nodes);
        }
        AllNodesKilled => (0..nodes.len()).for_each(|node| restart(node, nodes)),
        ServerKilled | AllServersRestarted => {}
    }
}

fn restart(node: usize, nodes: &mut Nodes) {
    if !nodes.is_running(node) {
        nodes.start(node);
    }
}
