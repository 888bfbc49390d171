//! Leading: one node at a time writes the plan and declares deaths, by a lease that is a key.
//!
//! A leader is fenced by what it writes and not by a clock: the next one takes `leader` over at the revision that was silent, and
//! its first act is to write `plan` with its term, so that whatever an older leader still writes there fails. What it writes at
//! `members` is true whoever has written it.

use std::time::Duration;

use aether_core::key_value::Revision;

use super::change::Settled;
use super::forget;
use super::identity::{Identity, Stamp, Term};
use super::key::Key;
use super::members;
use super::planning::Planning;
use super::record::{LeaderRecord, NodeRecord, NodeState, Record};
use super::repair;
use super::time::{Lease, Moment};
use super::view::View;
use super::watch::Watch;

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
    role: Role,
    planning: Planning,
    /// So long nodes that are over are remembered.
    remembers: Duration,
    /// Off in a test only.
    by_term: bool,
}

impl Leadership {
    /// A follower.
    #[must_use]
    pub fn new(me: Identity, lease: Lease, planning: Planning, remembers: Duration, by_term: bool) -> Self {
        Self { me, lease, role: Role::Follower, planning, remembers, by_term }
    }

    /// What it plans.
    #[must_use]
    pub fn planning(&self) -> &Planning {
        &self.planning
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
        self.planning.due().into_iter().chain([sent.plus(self.lease.renewal())]).min()
    }

    /// Leads no more.
    pub fn step_down(&mut self) {
        self.role = Role::Follower;
        self.planning.clear();
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
        if self.by_term && is_followed(view, term) {
            self.step_down();
            return Vec::new();
        }
        // What nobody can read in the plan's place is written over, as what was there before.
        let plan = plan.filter(|at| !view.is_unreadable(&Key::Plan) || *at > view.revision(&Key::Plan));
        if plan.is_none() && self.by_term {
            // The first act: whatever is planned, under this term.
            let record = Record::Plan(self.planning.as_it_is(view, term, stamp()));
            drafts.push(Draft { key: Key::Plan, expected: view.revision(&Key::Plan), record });
            return drafts;
        }
        drafts.extend(self.deaths(view, watch, now, &mut stamp));
        drafts.extend(forget::wanted(view, watch, self.remembers, now, &mut stamp));
        drafts.extend(repair::owners(view, watch, now, &mut stamp));
        drafts.extend(repair::shards(view, watch, now, &mut stamp));
        let at = if self.by_term { plan.unwrap_or(Revision::NONE) } else { view.revision(&Key::Plan) };
        if let Some(planned) = self.planning.replan(view, at, now) {
            let record = Record::Plan(planned.record(term, stamp()));
            drafts.push(Draft { key: Key::Plan, expected: at, record });
        }
        if let Some(members) = members::wanted(view, &self.me.node, term, &mut stamp) {
            let expected = view.revision(&Key::Members);
            drafts.push(Draft { key: Key::Members, expected, record: Record::Members(members) });
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
                self.planning.again();
            }
            // The view shows what is there: a higher term, and it steps down; else it writes again.
            (Record::Plan(_), None) => {
                if let Role::Leader { plan, .. } = &mut self.role {
                    *plan = None;
                }
                self.planning.again();
            }
            _ => {}
        }
    }

    /// Where and in which term it may take over: nobody ever led, the leader has resigned, or it was silent for a lease. What nobody
    /// can read counts as a renewal, and for who led until then as a resignation.
    fn campaign(&self, view: &View, watch: &Watch, now: Moment) -> Option<(Revision, Term)> {
        let revision = view.revision(&Key::Leader);
        let last = view.leader.as_ref().map(|(_, record)| record);
        let is_free = last.is_none_or(|last| {
            let was_me = last.leader.as_ref() == Some(&self.me) && view.is_unreadable(&Key::Leader);
            last.leader.is_none() || was_me || watch.silent(&Key::Leader, now) == Some(revision)
        });
        // Who was never shown a leader may have been shown its plan.
        let term = last.map(|last| last.term).max(latest_term(view)).unwrap_or_default();
        is_free.then(|| (revision, term.next()))
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
        let silent = others.filter_map(|(node, (_, record))| {
            let key = Key::Node(node.clone());
            let expected = watch.silent(&key, now).filter(|silent| *silent == view.revision(&key))?;
            Some((key, expected, record))
        });
        silent
            .map(|(key, expected, record)| {
                let record = NodeRecord { state: NodeState::Dead, by: stamp(), ..record.clone() };
                Draft { key, expected, record: Record::Node(record) }
            })
            .collect()
    }
}

/// Whether somebody has led in a later term.
fn is_followed(view: &View, term: Term) -> bool {
    latest_term(view).is_some_and(|latest| latest > term)
}

/// The term of the latest leader of whom something is there.
fn latest_term(view: &View) -> Option<Term> {
    let plan = view.plan.as_ref().map(|(_, plan)| plan.term);
    let members = view.members.as_ref().map(|(_, members)| members.term);
    plan.max(members)
}

#[cfg(test)]
mod tests;
