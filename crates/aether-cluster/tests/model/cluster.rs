//! The model: what is in the bucket and in the logs, what each node believes, and what is on the way.

use aether_cluster::placement::{Labels, Weight};
use aether_cluster::protocol::ownership::{Standing, standing};
use aether_cluster::protocol::{
    Fence, HeadMark, Held, Identity, Incarnation, Key, NodeId, NodeRecord, NodeState, Record, Shard,
    ShardRecord, Stamp, View,
};
use aether_core::Epoch;
use aether_core::key_value::Revision;
use stateright::{Model, Property};

pub(crate) const NODES: usize = 3;
pub(crate) const SHARDS: usize = 2;

/// A node's record: at which revision, of which life, whether dead.
type NodeSeen = (u8, u8, bool);
/// A shard's record: at which revision, the owner and its life, the epoch.
type ShardSeen = (u8, Option<(u8, u8)>, u8);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    last: u8,
    nodes: [NodeSeen; NODES],
    shards: [ShardSeen; SHARDS],
    /// Per actor the epochs and writers of its messages.
    logs: [Vec<(u8, u8)>; SHARDS],
    processes: [Process; NODES],
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Process {
    life: u8,
    /// Whether 0.8 of its lease are not over by its own clock.
    has_lease: bool,
    nodes: [NodeSeen; NODES],
    shards: [ShardSeen; SHARDS],
    serves: [Option<u8>; SHARDS],
    /// A change of a shard that is on its way: the revision, and what is to be there.
    change: Option<(u8, u8, ShardSeen)>,
    /// An append that is on its way: the epoch, the writer, and the length that the log must have.
    append: [Option<(u8, u8, u8)>; SHARDS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// Its clock runs past 0.8 of its lease.
    Expire(u8),
    Renew(u8),
    /// The leader declares it dead: by then its own clock has run past 0.8 of the lease.
    Declare(u8),
    /// Its process starts again; what was on the way stays on the way.
    Restart(u8),
    See(u8),
    Acquire(u8, u8),
    Release(u8, u8),
    Land(u8),
    Prepare(u8, u8),
    Append(u8, u8),
}

#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) revokes: bool,
    pub(crate) stops: bool,
    pub(crate) looks: bool,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        Self { revokes: true, stops: true, looks: true }
    }

    fn may_serve(&self, process: &Process) -> bool {
        process.has_lease || !self.stops
    }

    fn answers(&self, state: &State, node: usize, shard: usize) -> bool {
        let process = &state.processes[node];
        process.serves[shard].is_some() && self.may_serve(process)
    }
}

fn identity((node, life): (u8, u8)) -> Identity {
    let name = NodeId::new(["a", "b", "c"][usize::from(node)]).unwrap();
    Identity { node: name, incarnation: Incarnation::new(u128::from(node) * 16 + u128::from(life)) }
}

impl Process {
    /// What it has seen, as the crate's own type.
    fn view(&self) -> View {
        let by = Stamp { incarnation: Incarnation::new(0), nonce: 0 };
        let mut view = View::default();
        for (node, (revision, life, is_dead)) in (0..).zip(self.nodes) {
            let Identity { node, incarnation } = identity((node, life));
            let state = if is_dead { NodeState::Dead } else { NodeState::Up };
            let record = NodeRecord {
                incarnation,
                state,
                weight: Weight::USUAL,
                labels: Labels::new(),
                lease: 0,
                seen: Revision::NONE,
                by,
            };
            view.see(&Key::Node(node), Revision::new(revision.into()), Record::Node(record));
        }
        for (shard, (revision, owner, epoch)) in (0..).zip(self.shards) {
            let record = ShardRecord { owner: owner.map(identity), epoch: Epoch::new(epoch.into()), by };
            view.see(&Key::Shard(Shard::new(shard)), Revision::new(revision.into()), Record::Shard(record));
        }
        view
    }
}

impl Model for Cluster {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let nodes = [(1, 0, false), (2, 0, false), (3, 0, false)];
        // The first node owns both shards.
        let shards = [(4, Some((0, 0)), 1), (5, Some((0, 0)), 1)];
        let idle = Process {
            life: 0,
            has_lease: true,
            nodes,
            shards,
            serves: [None; SHARDS],
            change: None,
            append: [None; SHARDS],
        };
        let owner = Process { serves: [Some(1); SHARDS], ..idle.clone() };
        let (logs, processes) = ([vec![(1, 0)], vec![(1, 0)]], [owner, idle.clone(), idle]);
        vec![State { last: 5, nodes, shards, logs, processes }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for node in 0..NODES as u8 {
            let process = &state.processes[usize::from(node)];
            let (_, life, is_dead) = state.nodes[usize::from(node)];
            let is_member = life == process.life && !is_dead;
            if process.has_lease {
                actions.push(Action::Expire(node));
            } else {
                actions.push(Action::Renew(node));
                if is_member {
                    actions.push(Action::Declare(node));
                }
                if process.life == 0 && is_dead {
                    actions.push(Action::Restart(node));
                }
            }
            if process.nodes != state.nodes || process.shards != state.shards {
                actions.push(Action::See(node));
            }
            if process.change.is_some() {
                actions.push(Action::Land(node));
            }
            for shard in 0..SHARDS as u8 {
                let index = usize::from(shard);
                if process.append[index].is_some() {
                    actions.push(Action::Append(node, shard));
                }
                if process.serves[index].is_some() {
                    actions.push(Action::Prepare(node, shard));
                    if process.change.is_none() {
                        actions.push(Action::Release(node, shard));
                    }
                } else if process.change.is_none() && self.may_serve(process) {
                    actions.push(Action::Acquire(node, shard));
                }
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Expire(node) => next.processes[usize::from(node)].has_lease = false,
            Action::Renew(node) => next.renew(usize::from(node)),
            Action::Declare(node) => {
                next.last += 1;
                let record = &mut next.nodes[usize::from(node)];
                *record = (next.last, record.1, true);
            }
            Action::Restart(node) => {
                let index = usize::from(node);
                next.last += 1;
                let process = &mut next.processes[index];
                process.life += 1;
                (process.has_lease, process.serves) = (true, [None; SHARDS]);
                next.nodes[index] = (next.last, process.life, false);
            }
            Action::See(node) => next.see(usize::from(node)),
            Action::Acquire(node, shard) => {
                let process = &mut next.processes[usize::from(node)];
                let me = (node, process.life);
                match standing(&process.view(), Shard::new(shard.into()), self.revokes) {
                    Standing::Free { epoch, .. } => {
                        let at = process.shards[usize::from(shard)].0;
                        let epoch = u8::try_from(epoch.number()).unwrap();
                        process.change = Some((shard, at, (0, Some(me), epoch)));
                    }
                    Standing::Owned { .. } | Standing::Unknown => return None,
                }
            }
            Action::Release(node, shard) => {
                let process = &mut next.processes[usize::from(node)];
                // Closed before the release is sent.
                let epoch = process.serves[usize::from(shard)].take()?;
                let at = process.shards[usize::from(shard)].0;
                process.change = Some((shard, at, (0, None, epoch)));
            }
            Action::Land(node) => next.land(usize::from(node)),
            Action::Prepare(node, shard) => {
                let index = usize::from(shard);
                let log = &next.logs[index];
                let process = &mut next.processes[usize::from(node)];
                let epoch = process.serves[index]?;
                let fence = Fence::new(Epoch::new(epoch.into()), identity((node, process.life)).incarnation);
                let head = log.last().map(|(epoch, writer)| HeadMark {
                    epoch: Epoch::new((*epoch).into()),
                    incarnation: Some(Incarnation::new((*writer).into())),
                });
                if self.looks && matches!(fence.look(head), Held::Fenced { .. }) {
                    process.serves[index] = None;
                } else {
                    let length = u8::try_from(log.len()).unwrap();
                    process.append[index] = Some((epoch, node * 16 + process.life, length));
                }
            }
            Action::Append(node, shard) => {
                let index = usize::from(shard);
                let process = &mut next.processes[usize::from(node)];
                let (epoch, writer, length) = process.append[index].take()?;
                if next.logs[index].len() == usize::from(length) {
                    next.logs[index].push((epoch, writer));
                }
            }
        }
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one node answers", |cluster: &Self, state: &State| {
                (0..SHARDS)
                    .all(|shard| (0..NODES).filter(|node| cluster.answers(state, *node, shard)).count() <= 1)
            }),
            Property::always("epochs never go back", |_, state: &State| {
                state.logs.iter().all(|log| log.is_sorted_by_key(|(epoch, _)| *epoch))
            }),
            Property::always("an epoch has one writer", |_, state: &State| {
                let mixed = |pair: &[(u8, u8)]| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1;
                state.logs.iter().all(|log| !log.windows(2).any(mixed))
            }),
        ]
    }
}

impl State {
    /// Its record is changed where it left it, or it learns that it is dead.
    fn renew(&mut self, node: usize) {
        let (_, life, is_dead) = self.nodes[node];
        let process = &mut self.processes[node];
        if life == process.life && !is_dead {
            self.last += 1;
            self.nodes[node] = (self.last, life, false);
            process.has_lease = true;
        } else {
            process.serves = [None; SHARDS];
        }
    }

    /// Its view becomes what is there; what it owns there it serves, and nothing else.
    fn see(&mut self, node: usize) {
        let (nodes, shards) = (self.nodes, self.shards);
        let process = &mut self.processes[node];
        (process.nodes, process.shards) = (nodes, shards);
        for (shard, (_, owner, epoch)) in shards.into_iter().enumerate() {
            let is_mine = owner == Some((u8::try_from(node).unwrap(), process.life));
            if process.serves[shard].is_some_and(|served| !is_mine || served != epoch) {
                process.serves[shard] = None;
            }
        }
    }

    /// Its change arrives, and it hears the answer.
    fn land(&mut self, node: usize) {
        let process = &mut self.processes[node];
        let Some((shard, expected, (_, owner, epoch))) = process.change.take() else { return };
        let shard = usize::from(shard);
        if self.shards[shard].0 != expected {
            return;
        }
        self.last += 1;
        self.shards[shard] = (self.last, owner, epoch);
        let is_mine = owner.is_some_and(|(_, life)| life == process.life);
        if is_mine {
            process.shards[shard] = self.shards[shard];
            process.serves[shard] = Some(epoch);
        }
    }
}
