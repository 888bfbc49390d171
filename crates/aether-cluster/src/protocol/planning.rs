//! Planning: what a leader makes of the nodes and shards that it sees, by [`placement`].

use std::collections::BTreeMap;
use std::time::Duration;

use aether_core::key_value::Revision;

use super::identity::{Stamp, Term};
use super::ownership::{self, Standing};
use super::record::{NodeState, PlanRecord, Why};
use super::time::Moment;
use super::view::View;
use crate::placement::{
    self, Node, NodeId, Nodes, Plan, Policy, Reason, Shard, ShardCount, ShardMap, Wait, Wanted,
};

/// A shard on its way to the node that is to own it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moving {
    /// The shard.
    pub shard: Shard,
    /// Who owns it, alive or not; nobody, once it was released.
    pub from: Option<NodeId>,
    /// Who is to own it.
    pub to: NodeId,
    /// Why, if the plan says so.
    pub reason: Option<Reason>,
    /// Since when, if this node has planned it.
    pub since: Option<Moment>,
}

/// What a leader plans, and has planned.
#[derive(Debug)]
pub struct Planning {
    shards: ShardCount,
    policy: Policy,
    /// So long a shard without an owner waits for the one that is planned.
    patience: Duration,
    /// What was planned for last, so that it is planned again only when something has changed.
    seen: Option<Seen>,
    plan: Option<Plan>,
    rebalancing: Rebalancing,
    /// Since when each shard without an owner has waited for the one that is planned.
    waiting: BTreeMap<Shard, Moment>,
    /// Since when the shards that this leader has moved are on their way.
    since: BTreeMap<Shard, Moment>,
}

#[derive(Debug, PartialEq)]
struct Seen {
    nodes: Nodes,
    plan: Revision,
    shards: u64,
}

/// What is known of the last rebalancing. Placing what nobody has is none.
#[derive(Debug, Clone, Copy)]
enum Rebalancing {
    /// There was none in this leadership.
    Unknown,
    UnderWay,
    /// It ended then.
    Settled(Duration),
}

impl Planning {
    /// Nothing is planned yet.
    #[must_use]
    pub fn new(shards: ShardCount, policy: Policy, patience: Duration) -> Self {
        Self {
            shards,
            policy,
            patience,
            seen: None,
            plan: None,
            rebalancing: Rebalancing::Unknown,
            waiting: BTreeMap::new(),
            since: BTreeMap::new(),
        }
    }

    /// The latest plan: what moves, and what waits for what.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// Since when a shard is on its way, if this leader has moved it.
    #[must_use]
    pub fn since(&self, shard: Shard) -> Option<Moment> {
        self.since.get(&shard).copied()
    }

    /// When it has something to do if nothing is seen.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        let stuck = self.waiting.values().map(|since| since.plus(self.patience));
        stuck.chain(self.cooling_until()).min()
    }

    /// Forgets everything: a later leadership of this node knows nothing of this one.
    pub fn clear(&mut self) {
        *self = Self::new(self.shards, self.policy.clone(), self.patience);
    }

    /// Plans again even if nothing has changed.
    pub fn again(&mut self) {
        self.seen = None;
    }

    /// The plan that stands there, under this term.
    #[must_use]
    pub fn as_it_is(&self, view: &View, term: Term, by: Stamp) -> PlanRecord {
        let stands = view.plan.as_ref().map(|(_, plan)| plan);
        PlanRecord {
            term,
            targets: self.targets(view),
            planned_for: stands.map(|plan| plan.planned_for.clone()).unwrap_or_default(),
            reasons: stands.map(|plan| plan.reasons.clone()).unwrap_or_default(),
            by,
        }
    }

    /// Who is to own what, if that is not what is planned at the revision `at`. It has no stamp and no term yet.
    pub fn replan(&mut self, view: &View, at: Revision, now: Moment) -> Option<Planned> {
        let stuck = self.stuck(view, now);
        let seen = Seen { nodes: nodes(view), plan: at, shards: view.shards_seen() };
        let is_cool = self.cooling_until().is_some_and(|until| until <= now);
        if stuck.is_empty() && !is_cool && self.seen.as_ref() == Some(&seen) {
            return None;
        }
        let mut map = shard_map(view, self.shards);
        self.avoid(&mut map, &seen.nodes, &stuck);
        let plan = placement::plan(&map, &self.wanted(seen.nodes.clone(), now));
        self.seen = Some(seen);
        self.rebalancing = self.rebalancing.after(&plan);
        map.begin(&plan);
        let planned = Planned::new(view, &map, &plan);
        self.since.retain(|shard, _| map.place(*shard).is_some_and(|place| place.target.is_some()));
        self.since.extend(plan.moves.iter().map(|of| (of.shard, now)));
        self.plan = Some(plan);
        planned.is_new(&self.targets(view), view).then_some(planned)
    }

    fn wanted(&self, nodes: Nodes, now: Moment) -> Wanted {
        let settled_at = match self.rebalancing {
            Rebalancing::Settled(at) => Some(at),
            Rebalancing::Unknown | Rebalancing::UnderWay => None,
        };
        Wanted { nodes, policy: self.policy.clone(), at: now.since(Moment::START), settled_at }
    }

    fn cooling_until(&self) -> Option<Moment> {
        let waits = self.plan.iter().flat_map(|plan| &plan.later);
        waits
            .filter_map(|later| match later.waits {
                Wait::CoolingDown(until) => Some(Moment::new(until)),
                Wait::Throttled => None,
            })
            .min()
    }

    /// The shards without an owner whose planned one lets them wait for too long. They wait anew from now on.
    fn stuck(&mut self, view: &View, now: Moment) -> Vec<Shard> {
        let mut stuck = Vec::new();
        for shard in self.shards.shards() {
            if let Standing::Owned { .. } | Standing::Unknown = ownership::standing(view, shard, true) {
                self.waiting.remove(&shard);
                continue;
            }
            let since = self.waiting.entry(shard).or_insert(now);
            if now.since(*since) >= self.patience {
                *since = now;
                stuck.push(shard);
            }
        }
        stuck
    }

    /// Plans these shards for others than those who let them wait.
    fn avoid(&self, map: &mut ShardMap, nodes: &Nodes, stuck: &[Shard]) {
        let mut left_by = BTreeMap::<NodeId, Vec<Shard>>::new();
        for shard in stuck {
            let place = map.place(*shard);
            if let Some(node) = place.and_then(|place| place.target.clone().or_else(|| place.owner.clone())) {
                left_by.entry(node).or_default().push(*shard);
            }
        }
        for (node, shards) in left_by {
            let mut others = nodes.clone();
            others.remove(&node);
            let plan = placement::plan(map, &Wanted::new(others));
            for of in plan.moves.into_iter().filter(|of| shards.contains(&of.shard)) {
                map.set_target(of.shard, Some(of.to));
            }
        }
    }

    /// What is planned, with a place for each shard.
    fn targets(&self, view: &View) -> Vec<Option<NodeId>> {
        let mut targets = view.plan.as_ref().map(|(_, plan)| plan.targets.clone()).unwrap_or_default();
        targets.resize(self.shards.get() as usize, None);
        targets
    }
}

impl Rebalancing {
    fn after(self, plan: &Plan) -> Self {
        match (self, plan.settled_at) {
            (_, None) => Self::UnderWay,
            (Self::Unknown, Some(_)) => Self::Unknown,
            (Self::UnderWay | Self::Settled(_), Some(at)) => Self::Settled(at),
        }
    }
}

/// What a leader has planned, before it is written.
#[derive(Debug)]
pub struct Planned {
    targets: Vec<Option<NodeId>>,
    planned_for: Nodes,
    reasons: Vec<Why>,
}

impl Planned {
    fn new(view: &View, map: &ShardMap, plan: &Plan) -> Self {
        let before = view.plan.iter().flat_map(|(_, plan)| &plan.reasons);
        let is_new = |shard: Shard| plan.moves.iter().any(|of| of.shard == shard);
        let goes_on = |why: &&Why| {
            let target = map.place(why.shard).and_then(|place| place.target.as_ref());
            target.is_some() && target == view.target(why.shard) && !is_new(why.shard)
        };
        let mut reasons: Vec<Why> = before.filter(goes_on).cloned().collect();
        reasons.extend(plan.moves.iter().map(|of| Why { shard: of.shard, reason: of.reason.clone() }));
        reasons.sort_by_key(|why| why.shard);
        Self {
            targets: map
                .places()
                .map(|(_, place)| place.target.clone().or_else(|| place.owner.clone()))
                .collect(),
            planned_for: map.planned_for().clone(),
            reasons,
        }
    }

    /// Whether it differs from what stands there. Reasons of moves that are done may stay until something else changes.
    fn is_new(&self, targets: &[Option<NodeId>], view: &View) -> bool {
        let planned_for = view.plan.as_ref().map(|(_, plan)| &plan.planned_for);
        self.targets != targets || planned_for != Some(&self.planned_for)
    }

    /// What is written of it.
    #[must_use]
    pub fn record(self, term: Term, by: Stamp) -> PlanRecord {
        let Self { targets, planned_for, reasons } = self;
        PlanRecord { term, targets, planned_for, reasons, by }
    }
}

/// The shards on their way, as anybody sees them; `since` says since when, where that is known.
pub(super) fn moves(view: &View, since: impl Fn(Shard) -> Option<Moment>) -> Vec<Moving> {
    let Some((_, plan)) = &view.plan else { return Vec::new() };
    let planned = (0..).map(Shard::new).zip(&plan.targets);
    planned
        .filter_map(|(shard, target)| {
            let to = target.clone()?;
            let from = view.shards.get(&shard).and_then(|(_, record)| record.owner.as_ref());
            let from = from.map(|owner| owner.node.clone());
            let why = plan.reasons.iter().find(|why| why.shard == shard);
            let reason = why.map(|why| why.reason.clone());
            (from.as_ref() != Some(&to)).then(|| Moving { shard, from, to, reason, since: since(shard) })
        })
        .collect()
}

/// The nodes that can have shards, with what operators want of them. Who leaves gives everything away.
fn nodes(view: &View) -> Nodes {
    let there = view.nodes.iter().filter(|(_, (_, record))| !record.state.is_over());
    there
        .map(|(id, (_, record))| {
            let standing = match record.state {
                NodeState::Leaving => placement::Standing::Draining,
                _ => view.standing(id),
            };
            Node::new(id.clone()).weight(record.weight).standing(standing).labels(record.labels.clone())
        })
        .collect()
}

/// Who owns what, where it is on its way to, and for which nodes that was planned.
fn shard_map(view: &View, count: ShardCount) -> ShardMap {
    let mut map = ShardMap::new(count);
    for shard in count.shards() {
        let owner = view.shards.get(&shard).and_then(|(_, record)| record.owner.as_ref());
        map.set_owner(shard, owner.map(|owner| owner.node.clone()));
        let target = view.target(shard).filter(|target| owner.is_none_or(|owner| owner.node != **target));
        map.set_target(shard, target.cloned());
    }
    if let Some((_, plan)) = &view.plan {
        map.set_planned_for(plan.planned_for.clone());
    }
    map
}

#[cfg(test)]
mod tests;
