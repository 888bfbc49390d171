//! All protocols of one node as one machine: given what happens, it says what to do. The shell around it does that, and nothing
//! else.

use aether_core::key_value::Revision;

use super::change::{Changes, Settled, Step};
use super::identity::{Identity, Stamp};
use super::interface::{Input, Output, Setup};
use super::key::Key;
use super::leader::{Draft, Leadership};
use super::member::Member;
use super::ownership;
use super::planning::Planning;
use super::record::Record;
use super::scope::Scoping;
use super::shard::{Act, Circumstances, LocalShard};
use super::time::Moment;
use super::view::View;
use super::watch::Watch;
use crate::mechanism::Mechanism;
use crate::placement::Shard;

mod quiet;
mod status;

/// One node.
#[derive(Debug)]
pub struct Node {
    setup: Setup,
    member: Member,
    watch: Watch,
    scoping: Scoping,
    leadership: Leadership,
    shards: Vec<LocalShard>,
    changes: Changes,
    view: View,
    nonce: u64,
    is_synced: bool,
    leaving: Option<Moment>,
    has_ended: bool,
    /// When it has something to do if nothing happens, since it last looked at everything.
    next: Moment,
    #[cfg(test)]
    looks: u64,
}

impl Node {
    /// A node that is no member yet. It joins when its watch has shown what there is.
    #[must_use]
    pub fn new(me: Identity, setup: Setup, now: Moment) -> Self {
        let (lease, has) = (setup.lease, |mechanism| setup.mechanisms.has(mechanism));
        let own = Key::Node(me.node.clone());
        Self {
            member: Member::new(
                me.clone(),
                lease,
                setup.weight,
                setup.labels.clone(),
                has(Mechanism::LeaseStop),
            ),
            watch: Watch::new(lease, own, now, has(Mechanism::OwnRenewalsSeen)),
            scoping: Scoping::default(),
            leadership: Leadership::new(
                me,
                lease,
                Planning::new(setup.shards, setup.policy.clone(), setup.timeouts.acquire),
                setup.timeouts.forget,
                has(Mechanism::PlanByTerm),
            ),
            shards: setup.shards.shards().map(LocalShard::new).collect(),
            changes: Changes::new(lease.renewal()),
            view: View::default(),
            nonce: 0,
            is_synced: false,
            leaving: None,
            has_ended: false,
            next: now,
            #[cfg(test)]
            looks: 0,
            setup,
        }
    }

    /// Takes what happened at `now`.
    pub fn handle(&mut self, input: Input, now: Moment) -> Vec<Output> {
        if self.has_ended {
            return Vec::new();
        }
        let mut out = Vec::new();
        match input {
            Input::Wake => {}
            Input::Synced => {
                self.watch.synced();
                self.is_synced = true;
            }
            Input::Watched(key, revision, record) => {
                let is_renewal = self.is_renewal(&key, &record);
                self.watch.see(&key, revision, now);
                self.see(&key, revision, record);
                // Most of what the leader is shown: of that nothing follows that would not wait until it looks again.
                if is_renewal && now < self.next {
                    return out;
                }
            }
            Input::Unreadable(key, revision) => {
                self.watch.see(&key, revision, now);
                self.see_unreadable(&key, revision, now, &mut out);
            }
            Input::Answered(key, stamp, answer) => {
                let step = self.changes.answered(&key, stamp, answer, now);
                self.follow(step, now, &mut out);
            }
            Input::Found(key, found) => {
                let stamp = |record: &Option<Record>| record.as_ref().map(Record::stamp);
                let stamp = found.as_ref().map(|(revision, record)| (*revision, stamp(record)));
                match found {
                    Some((revision, Some(record))) => self.see(&key, revision, record),
                    Some((revision, None)) => self.see_unreadable(&key, revision, now, &mut out),
                    None => {}
                }
                let step = self.changes.found(&key, stamp, now);
                self.follow(step, now, &mut out);
            }
            Input::Ready(shard, epoch, target) => {
                self.shards
                    .get_mut(shard.index())
                    .into_iter()
                    .for_each(|shard| shard.ready(target.clone(), epoch));
            }
            Input::Drained(shard, epoch) => {
                self.shards.get_mut(shard.index()).into_iter().for_each(|shard| shard.drained(epoch));
            }
            Input::Leave => {
                self.member.leave();
                self.leaving.get_or_insert(now);
            }
        }
        #[cfg(test)]
        {
            self.looks += 1;
        }
        self.go_on(now, &mut out);
        self.next = self.due(now);
        out
    }

    fn see(&mut self, key: &Key, revision: Revision, record: Record) {
        let me = &self.member.identity().node;
        match (key, &record) {
            (Key::Node(node), Record::Node(record)) if node == me => self.member.see(revision, record),
            (Key::Members, Record::Members(members)) => {
                if let Some(listed) = members.nodes.get(me) {
                    self.member.see(listed.revision, &listed.record(members.by));
                }
            }
            _ => {}
        }
        self.view.see(key, revision, record);
    }

    /// What nobody can read is somebody else's: what is lost by that is given up before anything else is done.
    fn see_unreadable(&mut self, key: &Key, revision: Revision, now: Moment, out: &mut Vec<Output>) {
        if !self.view.see_unreadable(key, revision) {
            return;
        }
        match key {
            Key::Node(node) if *node == self.member.identity().node => self.member.see_unreadable(revision),
            Key::Shard(shard) => self.step_shard(shard.index(), now, out),
            _ => {}
        }
    }

    /// Does what time and what was seen call for.
    fn go_on(&mut self, now: Moment, out: &mut Vec<Output>) {
        if !self.is_synced {
            return;
        }
        self.look(now, out);
        for step in self.changes.overdue(now) {
            self.follow(step, now, out);
        }
        if self.member.is_inside() {
            // Before a renewal, which would be under way again each time where answers take longer than a third of a lease.
            self.leave(now, out);
        }
        self.renew(now, out);
        if self.member.is_inside() {
            self.lead(now, out);
            self.step_shards(now, out);
            self.leave(now, out);
        }
        self.end(out);
    }

    /// Has another watch made, where another one is due.
    fn look(&mut self, now: Moment, out: &mut Vec<Output>) {
        let (me, leads) = (self.member.identity(), self.leadership.term().is_some());
        let scope = match self.member.is_inside() {
            true => self.scoping.wanted(me, leads, &self.view, &self.watch, self.setup.lease, now),
            false => self.watch.scope(),
        };
        if scope != self.watch.scope() {
            self.watch.begin(scope, now);
            out.push(Output::Watch(scope));
        } else if self.watch.asks_for_another(now) {
            out.push(Output::Watch(scope));
        }
    }

    /// Joins, or renews the own record when that is due.
    fn renew(&mut self, now: Moment, out: &mut Vec<Output>) {
        let key = Key::Node(self.member.identity().node.clone());
        if self.changes.is_open(&key) || self.member.ended().is_some() {
            return;
        }
        let expected = match self.member.revision() {
            Some(revision) => self.member.due().filter(|due| *due <= now).map(|_| revision),
            None => self.entrance(&key, now),
        };
        if let Some(expected) = expected {
            let by = self.stamp();
            let record = Record::Node(self.member.record(self.watch.shown(), by));
            self.begin(Draft { key, expected, record }, now, out);
        }
    }

    /// Where it may join: no record, one of a life that is over, or one that was silent for a lease. What nobody can read may stand
    /// in the place of one that lives.
    fn entrance(&self, key: &Key, now: Moment) -> Option<Revision> {
        let Key::Node(node) = key else { return None };
        match self.view.nodes.get(node).filter(|_| !self.view.is_unreadable(key)) {
            None if self.view.is_unreadable(key) => {
                let (revision, unchanged) = self.watch.unchanged(key, now)?;
                (unchanged >= self.setup.lease.length()).then_some(revision)
            }
            None => Some(Revision::NONE),
            Some((revision, record)) if record.state.is_over() => Some(*revision),
            Some(_) => {
                let (revision, unchanged) = self.watch.unchanged(key, now)?;
                (unchanged >= self.setup.lease.length()).then_some(revision)
            }
        }
    }

    fn lead(&mut self, now: Moment, out: &mut Vec<Output>) {
        let can_lead = self.leaving.is_none() && self.watch.knows_all();
        if self.leadership.term().is_none() && !can_lead {
            return;
        }
        for owner in self.view.lost_owners() {
            self.watch.miss(&Key::Node(owner.node.clone()), now);
        }
        let (mut nonce, incarnation) = (self.nonce, self.member.identity().incarnation);
        let drafts = self.leadership.wants(&self.view, &self.watch, now, || {
            nonce += 1;
            Stamp { incarnation, nonce }
        });
        self.nonce = nonce;
        for draft in drafts {
            self.begin(draft, now, out);
        }
    }

    fn step_shards(&mut self, now: Moment, out: &mut Vec<Output>) {
        for index in 0..self.shards.len() {
            self.step_shard(index, now, out);
        }
    }

    fn step_shard(&mut self, index: usize, now: Moment, out: &mut Vec<Output>) {
        let Ok(shard) = u32::try_from(index).map(Shard::new) else { return };
        // As the leader it may be releasing what nobody could read: one change of a key at a time.
        if !self.changes.is_open(&Key::Shard(shard)) {
            let acts = self.with_shard(index, now, LocalShard::step);
            self.act(index, acts, now, out);
        }
    }

    fn with_shard(
        &mut self,
        index: usize,
        now: Moment,
        with: impl FnOnce(&mut LocalShard, &Circumstances<'_>) -> Vec<Act>,
    ) -> Vec<Act> {
        let at = Circumstances {
            view: &self.view,
            me: self.member.identity(),
            now,
            may_serve: self.member.may_serve(now) && self.leaving.is_none(),
            leaving: self.leaving,
            timeouts: &self.setup.timeouts,
            rest: self.setup.lease.renewal(),
            revokes: self.setup.mechanisms.has(Mechanism::RevokeBeforeAssign),
        };
        self.shards.get_mut(index).map(|shard| with(shard, &at)).unwrap_or_default()
    }

    fn act(&mut self, index: usize, acts: Vec<Act>, now: Moment, out: &mut Vec<Output>) {
        let Ok(shard) = u32::try_from(index).map(Shard::new) else { return };
        for act in acts {
            let (expected, record) = match act {
                Act::Tell(task) => {
                    out.push(Output::Tell(shard, task));
                    continue;
                }
                Act::Ready(owner, epoch) => {
                    out.push(Output::Ready(owner.node, shard, epoch));
                    continue;
                }
                Act::Acquire(at, epoch) => {
                    (at, ownership::acquired(self.member.identity().clone(), epoch, self.stamp()))
                }
                Act::Release(at, epoch) => (at, ownership::released(epoch, self.stamp())),
            };
            self.begin(Draft { key: Key::Shard(shard), expected, record: Record::Shard(record) }, now, out);
        }
    }

    /// Leaves when nothing is left to give up: resigns first, then says so.
    fn leave(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.leaving.is_none() || !self.shards.iter().all(LocalShard::is_elsewhere) {
            return;
        }
        if self.leadership.term().is_some() {
            let by = self.stamp();
            if let Some(draft) = self.leadership.resignation(by) {
                self.begin(draft, now, out);
            }
            return;
        }
        let key = Key::Node(self.member.identity().node.clone());
        if let (Some(expected), false) = (self.member.revision(), self.changes.is_open(&key)) {
            let by = self.stamp();
            let record = Record::Node(self.member.farewell(self.watch.shown(), by));
            self.begin(Draft { key, expected, record }, now, out);
        }
    }

    fn end(&mut self, out: &mut Vec<Output>) {
        let Some(ended) = self.member.ended() else { return };
        self.has_ended = true;
        self.leadership.step_down();
        for (shard, number) in self.shards.iter_mut().zip(0..) {
            let told = shard.end().into_iter().filter_map(|act| match act {
                Act::Tell(task) => Some(Output::Tell(Shard::new(number), task)),
                _ => None,
            });
            out.extend(told);
        }
        out.push(Output::Ended(ended));
    }

    fn begin(&mut self, draft: Draft, now: Moment, out: &mut Vec<Output>) {
        let step = self.changes.begin(draft.key, draft.expected, draft.record, now);
        self.follow(step, now, out);
    }

    fn follow(&mut self, step: Step, now: Moment, out: &mut Vec<Output>) {
        match step {
            Step::Wait => {}
            Step::Attempt(key, expected, record) => out.push(Output::Change { key, expected, record }),
            Step::Read(key) => out.push(Output::Read(key)),
            Step::Settled(settled) => self.settled(&settled, now, out),
        }
    }

    fn settled(&mut self, settled: &Settled, now: Moment, out: &mut Vec<Output>) {
        if let Some(revision) = settled.revision {
            self.view.see(&settled.key, revision, settled.record.clone());
        }
        match (&settled.key, &settled.record) {
            (Key::Node(node), Record::Node(record)) if *node == self.member.identity().node => {
                self.member.settled(settled, record.state);
            }
            (Key::Leader | Key::Plan | Key::Members, _) => self.leadership.settled(settled),
            (Key::Shard(shard), _) => {
                let is_stored = settled.revision.is_some();
                let acts = self.with_shard(shard.index(), now, |shard, at| shard.settled(is_stored, at));
                self.act(shard.index(), acts, now, out);
            }
            // A death mark: what is there is in the view.
            _ => {}
        }
    }

    fn stamp(&mut self) -> Stamp {
        self.nonce += 1;
        Stamp { incarnation: self.member.identity().incarnation, nonce: self.nonce }
    }
}

#[cfg(test)]
mod tests;
