//! From what there is and what is wanted to a plan. Pure.

use std::time::Duration;

use super::give::given;
use super::hash::spread;
use super::quota::quotas;
use super::scene::{Scene, Seat};
use super::take::Takers;
use super::{Later, Move, Node, Plan, Reason, ShardMap, Share, Wait, Wanted};

/// Plans the fewest moves that bring each node to its quota, and says why each is made.
///
/// Given the same values it returns the same plan, in every build. In a map that is at rest it plans nothing.
///
/// - Shards without a live owner move at once; at most [`Policy::limit`](super::Policy::limit) others, with those that are
///   under way, and of these first the ones that draining nodes give away.
/// - A shard that is on its way to a node that still takes it counts for that node, and stays on its way.
#[must_use]
pub fn plan(now: &ShardMap, wanted: &Wanted) -> Plan {
    let scene = Scene::new(now, &wanted.nodes);
    let quotas = quotas(scene.seats.len(), &scene.nodes, &scene.held, wanted.policy.zones);
    let mut takers = Takers::new(&scene.nodes, &scene.held, &quotas);
    let given = given(&scene, &quotas, &takers);
    let mut plan = empty(wanted, &scene, &quotas);
    plan.passing = given.passing;
    if takers.is_empty() {
        plan.unplaced =
            scene.seats.iter().filter(|seat| scene.has_to_go(seat)).map(|seat| seat.shard).collect();
    }
    let mut pace = Pace::new(now, wanted, plan.under_way);
    let orphans = scene.seats.iter().copied().filter(|seat| seat.holder().is_none());
    for seat in orphans.chain(given.seats) {
        let taker = takers.take(spread(seat.shard.key())).and_then(|to| scene.node(to));
        if let Some(of) = taker.map(|to| move_of(now, &scene, seat, to)) {
            pace.put(of, &mut plan);
        }
    }
    plan.settled_at = settled_at(wanted, &scene, &plan);
    plan
}

fn empty(wanted: &Wanted, scene: &Scene<'_>, quotas: &[usize]) -> Plan {
    let counts = scene.held.iter().zip(quotas);
    let shares = scene.nodes.iter().zip(counts);
    Plan {
        moves: Vec::new(),
        later: Vec::new(),
        withdrawn: scene.withdrawn.clone(),
        unplaced: Vec::new(),
        under_way: scene.seats.iter().filter(|seat| seat.is_between_live_nodes()).count(),
        passing: 0,
        shares: shares
            .map(|(node, (held, quota))| Share { node: node.id.clone(), held: *held, quota: *quota })
            .collect(),
        nodes: wanted.nodes.clone(),
        settled_at: None,
    }
}

fn move_of(now: &ShardMap, scene: &Scene<'_>, seat: Seat, to: &Node) -> Move {
    let from = seat.owner.and_then(|owner| scene.node(owner));
    let reason = match (from, now.owner(seat.shard)) {
        (Some(from), _) => Reason::between(from, to, now.planned_for()),
        (None, Some(gone)) => Reason::Gone(gone.clone()),
        (None, None) => Reason::Unowned,
    };
    Move { shard: seat.shard, from: from.map(|node| node.id.clone()), to: to.id.clone(), reason }
}

/// Settles which moves begin now.
struct Pace {
    cooling_until: Option<Duration>,
    /// How many more may move between live owners.
    left: usize,
}

impl Pace {
    fn new(now: &ShardMap, wanted: &Wanted, under_way: usize) -> Self {
        let left = wanted.policy.limit(now.count()).saturating_sub(under_way);
        Self { cooling_until: wanted.cooling_until(), left }
    }

    fn put(&mut self, of: Move, plan: &mut Plan) {
        if of.reason.is_orphan() {
            return plan.moves.push(of);
        }
        let cooling = self.cooling_until.filter(|_| of.reason.is_rebalancing());
        if let Some(until) = cooling {
            plan.later.push(Later { of, waits: Wait::CoolingDown(until) });
        } else if self.left == 0 {
            plan.later.push(Later { of, waits: Wait::Throttled });
        } else {
            self.left -= 1;
            plan.moves.push(of);
        }
    }
}

/// Returns since when no rebalancing is under way. What draining nodes give away is none.
fn settled_at(wanted: &Wanted, scene: &Scene<'_>, plan: &Plan) -> Option<Duration> {
    let throttled = plan.later.iter().filter(|later| later.waits == Wait::Throttled).map(|later| &later.of);
    let moves = plan.moves.iter().chain(throttled).any(|of| of.reason.is_rebalancing());
    let under_way = scene.seats.iter().any(|seat| {
        seat.is_between_live_nodes() && !seat.owner.is_some_and(|owner| scene.is_draining(owner))
    });
    if moves || under_way || plan.passing > 0 {
        return None;
    }
    Some(wanted.settled_at.unwrap_or(wanted.at))
}
