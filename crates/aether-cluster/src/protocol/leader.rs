//! Leading: one node at a time writes the plan and declares deaths, by a lease that is a key.
//!
//! A leader is fenced by what it writes and not by a clock: the next one takes `leader` over at the revision that was silent, and
//! its first act is to write `plan` with its term, so that whatever an older leader still writes there fails.

use std::collections::BTreeMap;

use aether_core::key_value::Revision;

use super::change::Settled;
use super::identity::{Identity, Stamp, Term};
use super::ownership::{self, Standing};
use super::record::{Key, LeaderRecord, NodeRecord, NodeState, PlanRecord, Record};
use super::time::{Lease, Moment, Timeouts};
use super::view::View;
use super::watch::Watch;
use crate::placement::{NodeId, Shard};

/// A node that shards can be planned for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// How much it takes, relative to the others.
    pub weight: u32,
    /// What it is called by operators.
    pub labels: BTreeMap<String, String>,
    /// Whether it may be given more than it has: not when it is cordoned.
    pub takes: bool,
}

/// Says who is to own what: given per shard who is planned now, and the nodes there are. It must be the same at all nodes.
pub type Assign = fn(&[Option<NodeId>], &[Candidate]) -> Vec<Option<NodeId>>;

/// A change that a leader wants made.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The key.
    pub key: Key,
    /// Where it must stand.
    pub expected: Revision,
    /// What to write.
    pub record: Record,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Follower,
    Leader {
        term: Term,
        revision: Revision,
        /// When the last renewal was sent.
        sent: Moment,
        /// Where the plan stands with this term; nowhere before the first act.
        plan: Option<Revision>,
    },
}

/// What a node does about leading.
#[derive(Debug)]
pub struct Leadership {
    me: Identity,
    lease: Lease,
    timeouts: Timeouts,
    shards: u32,
    assign: Assign,
    role: Role,
    /// What was planned for last, so that it is planned again only when something has changed.
    planned: Option<(Vec<Candidate>, Revision)>,
    /// Since when each shard without an owner has waited for the one that is planned.
    waiting: BTreeMap<Shard, Moment>,
    /// Off in a test only.
    by_term: bool,
}

impl Leadership {
    /// A follower.
    #[must_use]
    pub fn new(
        me: Identity,
        lease: Lease,
        timeouts: Timeouts,
        shards: u32,
        assign: Assign,
        by_term: bool,
    ) -> Self {
        let (role, planned, waiting) = (Role::Follower, None, BTreeMap::new());
        Self { me, lease, timeouts, shards, assign, role, planned, waiting, by_term }
    }

    /// The term that it leads in, as far as it knows.
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        if let Role::Leader { term, .. } = self.role { Some(term) } else { None }
    }

    /// When the leadership is to be renewed.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        let Role::Leader { sent, .. } = self.role else { return None };
        let stuck = self.waiting.values().map(|since| since.plus(self.timeouts.acquire));
        stuck.chain([sent.plus(self.lease.renewal())]).min()
    }

    /// Leads no more.
    pub fn step_down(&mut self) {
        self.role = Role::Follower;
        self.waiting.clear();
    }

    /// What it wants written now. `stamp` makes a new stamp for each value.
    pub fn wants(
        &mut self,
        view: &View,
        watch: &Watch,
        now: Moment,
        mut stamp: impl FnMut() -> Stamp,
    ) -> Vec<Draft> {
        let Role::Leader { term, revision, sent, plan } = self.role else {
            return self
                .campaign(view, watch, now)
                .map(|(at, term)| self.lead(at, term, stamp()))
                .into_iter()
                .collect();
        };
        let mut drafts = Vec::new();
        if now.since(sent) >= self.lease.renewal() {
            drafts.push(self.lead(revision, term, stamp()));
        }
        if self.by_term && view.plan.as_ref().is_some_and(|(_, plan)| plan.term > term) {
            self.step_down();
            return Vec::new();
        }
        if plan.is_none() && self.by_term {
            // The first act: whatever is planned, under this term.
            drafts.push(plan_record(view.revision(&Key::Plan), self.targets(view), term, stamp()));
            return drafts;
        }
        drafts.extend(self.deaths(view, watch, now, &mut stamp));
        let at = if self.by_term { plan.unwrap_or(Revision::NONE) } else { view.revision(&Key::Plan) };
        if let Some(targets) = self.replan(view, at, now) {
            drafts.push(plan_record(at, targets, term, stamp()));
        }
        drafts
    }

    /// What it writes to lead no more, and let another one lead at once.
    #[must_use]
    pub fn resignation(&self, by: Stamp) -> Option<Draft> {
        let Role::Leader { term, revision, .. } = self.role else { return None };
        let record = Record::Leader(LeaderRecord { leader: None, term, by });
        Some(Draft { key: Key::Leader, expected: revision, record })
    }

    /// Takes the outcome of a change of `leader` or `plan`.
    pub fn settled(&mut self, settled: &Settled) {
        match (&settled.record, settled.revision) {
            (Record::Leader(record), Some(revision)) if record.leader.is_some() => {
                let plan = match self.role {
                    Role::Leader { term, plan, .. } if term == record.term => plan,
                    _ => None,
                };
                self.role = Role::Leader { term: record.term, revision, sent: settled.sent, plan };
            }
            (Record::Leader(_), _) => self.step_down(),
            (Record::Plan(record), Some(revision)) => {
                if let Role::Leader { term, plan, .. } = &mut self.role
                    && *term == record.term
                {
                    *plan = Some(revision);
                }
            }
            // The view shows what is there: a higher term, and it steps down; else it writes again.
            (Record::Plan(_), None) => {
                if let Role::Leader { plan, .. } = &mut self.role {
                    *plan = None;
                }
                self.planned = None;
            }
            _ => {}
        }
    }

    /// Where and in which term it may take over: nobody ever led, the leader has resigned, or it was silent for a lease.
    fn campaign(&self, view: &View, watch: &Watch, now: Moment) -> Option<(Revision, Term)> {
        match &view.leader {
            None => Some((Revision::NONE, Term::default().next())),
            Some((revision, record)) => {
                let is_free = record.leader.is_none() || watch.silent(&Key::Leader, now) == Some(*revision);
                is_free.then(|| (*revision, record.term.next()))
            }
        }
    }

    fn lead(&self, expected: Revision, term: Term, by: Stamp) -> Draft {
        let record = Record::Leader(LeaderRecord { leader: Some(self.me.clone()), term, by });
        Draft { key: Key::Leader, expected, record }
    }

    /// Declares dead who has been silent, at the revision that was silent.
    fn deaths(
        &self,
        view: &View,
        watch: &Watch,
        now: Moment,
        mut stamp: impl FnMut() -> Stamp,
    ) -> Vec<Draft> {
        let others =
            view.nodes.iter().filter(|(node, (_, record))| **node != self.me.node && !record.state.is_over());
        let silent = others.filter_map(|(node, (revision, record))| {
            let key = Key::Node(node.clone());
            let expected = watch.silent(&key, now).filter(|silent| silent == revision)?;
            Some((key, expected, record))
        });
        silent
            .map(|(key, expected, record)| {
                let record = NodeRecord { state: NodeState::Dead, by: stamp(), ..record.clone() };
                Draft { key, expected, record: Record::Node(record) }
            })
            .collect()
    }

    /// Who is to own what, if that is not what is planned.
    fn replan(&mut self, view: &View, at: Revision, now: Moment) -> Option<Vec<Option<NodeId>>> {
        let nodes = candidates(view);
        let stuck = self.stuck(view, now);
        let seen = (nodes, at);
        if stuck.is_empty() && self.planned.as_ref() == Some(&seen) {
            return None;
        }
        let current = self.targets(view);
        let mut targets = (self.assign)(&current, &seen.0);
        for shard in stuck {
            self.waiting.insert(shard, now);
            let avoided = current.get(shard.index()).and_then(Option::as_ref);
            let others: Vec<_> = seen.0.iter().filter(|node| Some(&node.node) != avoided).cloned().collect();
            let other = (self.assign)(&current, &others).into_iter().nth(shard.index()).flatten();
            if let (Some(target), Some(other)) = (targets.get_mut(shard.index()), other) {
                *target = Some(other);
            }
        }
        self.planned = Some(seen);
        (targets != current).then_some(targets)
    }

    /// The shards without an owner whose planned one lets them wait for too long.
    fn stuck(&mut self, view: &View, now: Moment) -> Vec<Shard> {
        for shard in (0..self.shards).map(Shard::new) {
            match ownership::standing(view, shard, true) {
                Standing::Free { .. } => drop(self.waiting.entry(shard).or_insert(now)),
                Standing::Owned { .. } => drop(self.waiting.remove(&shard)),
            }
        }
        let limit = self.timeouts.acquire;
        self.waiting
            .iter()
            .filter(|(_, since)| now.since(**since) >= limit)
            .map(|(shard, _)| *shard)
            .collect()
    }

    /// What is planned, with a place for each shard.
    fn targets(&self, view: &View) -> Vec<Option<NodeId>> {
        let mut targets = view.plan.as_ref().map(|(_, plan)| plan.targets.clone()).unwrap_or_default();
        targets.resize(self.shards as usize, None);
        targets
    }
}

fn plan_record(expected: Revision, targets: Vec<Option<NodeId>>, term: Term, by: Stamp) -> Draft {
    Draft { key: Key::Plan, expected, record: Record::Plan(PlanRecord { term, targets, by }) }
}

/// The nodes that shards can be planned for.
fn candidates(view: &View) -> Vec<Candidate> {
    let up = view
        .nodes
        .iter()
        .filter(|(_, (_, record))| matches!(record.state, NodeState::Up | NodeState::Cordoned));
    up.map(|(node, (_, record))| Candidate {
        node: node.clone(),
        weight: record.weight,
        labels: record.labels.clone(),
        takes: record.state == NodeState::Up,
    })
    .collect()
}

#[cfg(test)]
mod tests;
