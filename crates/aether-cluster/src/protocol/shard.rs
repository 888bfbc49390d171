//! One shard at one node: plan, prepare, drain, release, acquire, serve, forward.
//!
//! | step | who | ends with | way back |
//! | --- | --- | --- | --- |
//! | plan | leader | the plan names a target | a new plan |
//! | prepare | target listens, buffers, says so | the shard is free | gives up after a while; the owner serves on |
//! | drain | owner ends its turns | they have ended, or took too long | the plan names the owner again: it serves on |
//! | release | owner | its change is stored | lost: it owns it no more |
//! | acquire | target | its change is stored | lost: it stops listening; late: another target |
//! | serve | target | the plan names another one | |
//! | forward | former owner sends on what waited, then says where to go | a while is over | |

use std::time::Duration;

use aether_core::Epoch;
use aether_core::key_value::Revision;

use super::identity::Identity;
use super::ownership::{Standing, standing};
use super::time::{Moment, Timeouts};
use super::view::View;
use crate::placement::Shard;

/// What whatever runs in the shards is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Listen at this epoch, and keep what comes.
    Listen(Epoch),
    /// Handle what comes at this epoch, and what was kept.
    Serve(Epoch),
    /// End the turns that run, begin none, keep what comes, and say when that is done.
    Drain(Epoch),
    /// The release is being written: answer `Moved` to whatever still runs, unless it has stored something.
    Close(Epoch),
    /// The shard was released: send what was kept to the one that takes it over, and answer `Moved` to what comes.
    Forward(Epoch, Option<Identity>),
    /// Neither listen nor answer at this epoch any more.
    Stop(Epoch),
}

/// What a shard wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Tell this to whatever runs in it.
    Tell(Task),
    /// Acquire it at this epoch, from this revision.
    Acquire(Revision, Epoch),
    /// Release it at this epoch.
    Release(Revision, Epoch),
    /// Tell its owner that this node is ready to take it over at this epoch.
    Ready(Identity, Epoch),
}

/// What a shard is judged by.
#[derive(Debug)]
pub struct Circumstances<'a> {
    /// What was seen of the bucket.
    pub view: &'a View,
    /// This node.
    pub me: &'a Identity,
    /// Now.
    pub now: Moment,
    /// Whether the node's lease lasts.
    pub may_serve: bool,
    /// Since when the node has been leaving.
    pub leaving: Option<Moment>,
    /// How long the steps may take.
    pub timeouts: &'a Timeouts,
    /// How often a target says that it is ready, and how long it rests before it tries again.
    pub rest: Duration,
    /// Off in a test only.
    pub revokes: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Idle { until: Moment },
    Preparing { epoch: Epoch, since: Moment, told: Option<Moment> },
    Acquiring { epoch: Epoch },
    Serving { epoch: Epoch },
    Draining { epoch: Epoch, since: Moment, to: Option<Identity> },
    Releasing { epoch: Epoch, to: Option<Identity> },
    Forwarding { epoch: Epoch, until: Moment },
}

/// How far a shard is at one node, for whoever looks on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It is not here.
    Elsewhere,
    /// The node listens for it, and has told its owner so.
    Preparing,
    /// The node is writing that it owns it.
    Acquiring,
    /// The node owns it.
    Serving,
    /// The node owns it, and ends its turns.
    Draining,
    /// The node is writing that it owns it no more.
    Releasing,
    /// The node has released it, and says where to go.
    Forwarding,
}

/// One shard at one node.
#[derive(Debug)]
pub struct LocalShard {
    id: Shard,
    phase: Phase,
    /// Who has said to be ready for it, and at which epoch.
    ready: Option<(Identity, Epoch)>,
    is_drained: bool,
}

impl LocalShard {
    /// A shard that is not here.
    #[must_use]
    pub fn new(id: Shard) -> Self {
        Self { id, phase: Phase::Idle { until: Moment::START }, ready: None, is_drained: false }
    }

    /// The epoch that this node owns the shard at, serving or about to release it.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        match self.phase {
            Phase::Serving { epoch } | Phase::Draining { epoch, .. } | Phase::Releasing { epoch, .. } => {
                Some(epoch)
            }
            _ => None,
        }
    }

    /// How far it is here.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.phase {
            Phase::Idle { .. } => Stage::Elsewhere,
            Phase::Preparing { .. } => Stage::Preparing,
            Phase::Acquiring { .. } => Stage::Acquiring,
            Phase::Serving { .. } => Stage::Serving,
            Phase::Draining { .. } => Stage::Draining,
            Phase::Releasing { .. } => Stage::Releasing,
            Phase::Forwarding { .. } => Stage::Forwarding,
        }
    }

    /// Whether it is neither owned here nor about to be.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        matches!(self.phase, Phase::Idle { .. } | Phase::Forwarding { .. } | Phase::Preparing { .. })
    }

    /// Somebody says to be ready to take it over.
    pub fn ready(&mut self, target: Identity, epoch: Epoch) {
        self.ready = Some((target, epoch));
    }

    /// Whatever runs in it has ended its turns.
    pub fn drained(&mut self, epoch: Epoch) {
        self.is_drained |= self.epoch() == Some(epoch);
    }

    /// Its change was stored, or lost; the view shows what is there.
    pub fn settled(&mut self, is_stored: bool, at: &Circumstances<'_>) -> Vec<Act> {
        let before = self.phase.clone();
        match before {
            // What is known by now may be later than what was stored.
            Phase::Acquiring { epoch } if is_stored && self.owned_at(at) == Some(epoch) => self.serve(epoch),
            Phase::Acquiring { epoch } => self.idle(at.now, vec![Act::Tell(Task::Stop(epoch))]),
            Phase::Releasing { epoch, to } if is_stored => {
                self.phase = Phase::Forwarding { epoch, until: at.now.plus(at.timeouts.forward) };
                vec![Act::Tell(Task::Forward(epoch, to))]
            }
            Phase::Releasing { epoch, .. } => self.idle(at.now, vec![Act::Tell(Task::Stop(epoch))]),
            _ => Vec::new(),
        }
    }

    /// The node is a member no more.
    pub fn end(&mut self) -> Vec<Act> {
        let epoch = match self.phase {
            Phase::Idle { .. } => return Vec::new(),
            Phase::Preparing { epoch, .. } | Phase::Acquiring { epoch } | Phase::Forwarding { epoch, .. } => {
                epoch
            }
            Phase::Serving { epoch } | Phase::Draining { epoch, .. } | Phase::Releasing { epoch, .. } => {
                epoch
            }
        };
        self.idle(Moment::START, vec![Act::Tell(Task::Stop(epoch))])
    }

    /// Goes on as far as it can.
    pub fn step(&mut self, at: &Circumstances<'_>) -> Vec<Act> {
        let is_planned = at.view.target(self.id) == Some(&at.me.node);
        match self.phase.clone() {
            Phase::Idle { until } if is_planned && at.now >= until && at.may_serve => self.take(at),
            // A change that was taken for lost was stored after all.
            Phase::Idle { .. } if self.owned_at(at).is_some() => match self.owned_at(at) {
                Some(epoch) => self.serve(epoch),
                None => Vec::new(),
            },
            Phase::Idle { .. } | Phase::Acquiring { .. } | Phase::Releasing { .. } => Vec::new(),
            Phase::Preparing { epoch, since, told } => self.prepare(at, is_planned, epoch, since, told),
            Phase::Serving { epoch } | Phase::Draining { epoch, .. } if self.owned_at(at) != Some(epoch) => {
                self.idle(at.now, vec![Act::Tell(Task::Stop(epoch))])
            }
            Phase::Serving { epoch } => self.watch_plan(at, is_planned, epoch),
            Phase::Draining { epoch, .. } if is_planned && at.leaving.is_none() => self.serve(epoch),
            Phase::Draining { epoch, since, to } => {
                if !self.is_drained && at.now.since(since) < at.timeouts.drain {
                    return Vec::new();
                }
                self.phase = Phase::Releasing { epoch, to };
                vec![
                    Act::Tell(Task::Close(epoch)),
                    Act::Release(at.view.revision(&super::Key::Shard(self.id)), epoch),
                ]
            }
            Phase::Forwarding { epoch, until } => {
                if at.now < until && !is_planned {
                    return Vec::new();
                }
                let mut acts = self.idle(at.now, vec![Act::Tell(Task::Stop(epoch))]);
                if is_planned && at.may_serve {
                    // At once: where nothing else happens, nobody would come back for it before the next renewal.
                    acts.extend(self.take(at));
                }
                acts
            }
        }
    }

    /// When it has something to do if nothing happens.
    #[must_use]
    pub fn due(&self, timeouts: &Timeouts, rest: Duration) -> Option<Moment> {
        match self.phase {
            Phase::Idle { until } => Some(until),
            Phase::Preparing { since, told, .. } => {
                let again = told.map_or(since, |told| told.plus(rest));
                Some(again.min(since.plus(timeouts.prepare)))
            }
            Phase::Draining { since, .. } => Some(since.plus(timeouts.drain)),
            Phase::Forwarding { until, .. } => Some(until),
            Phase::Acquiring { .. } | Phase::Serving { .. } | Phase::Releasing { .. } => None,
        }
    }

    fn owned_at(&self, at: &Circumstances<'_>) -> Option<Epoch> {
        at.view.owner(self.id).filter(|(owner, _)| *owner == at.me).map(|(_, epoch)| epoch)
    }

    fn serve(&mut self, epoch: Epoch) -> Vec<Act> {
        (self.phase, self.is_drained, self.ready) = (Phase::Serving { epoch }, false, None);
        vec![Act::Tell(Task::Serve(epoch))]
    }

    fn idle(&mut self, until: Moment, acts: Vec<Act>) -> Vec<Act> {
        (self.phase, self.is_drained, self.ready) = (Phase::Idle { until }, false, None);
        acts
    }

    /// Takes the shard if it is free, or prepares to.
    fn take(&mut self, at: &Circumstances<'_>) -> Vec<Act> {
        if let Some(epoch) = self.owned_at(at) {
            return self.serve(epoch);
        }
        match standing(at.view, self.id, at.revokes) {
            Standing::Free { revision, epoch } => {
                self.phase = Phase::Acquiring { epoch };
                vec![Act::Tell(Task::Listen(epoch)), Act::Acquire(revision, epoch)]
            }
            Standing::Owned { owner, epoch } => {
                self.phase = Phase::Preparing { epoch, since: at.now, told: Some(at.now) };
                vec![Act::Tell(Task::Listen(epoch)), Act::Ready(owner, epoch)]
            }
            Standing::Unknown => Vec::new(),
        }
    }

    fn prepare(
        &mut self,
        at: &Circumstances<'_>,
        is_planned: bool,
        epoch: Epoch,
        since: Moment,
        told: Option<Moment>,
    ) -> Vec<Act> {
        let give_up = vec![Act::Tell(Task::Stop(epoch))];
        if !is_planned || !at.may_serve {
            return self.idle(at.now, give_up);
        }
        match standing(at.view, self.id, at.revokes) {
            Standing::Free { revision, epoch: free } if free == epoch => {
                self.phase = Phase::Acquiring { epoch };
                vec![Act::Acquire(revision, epoch)]
            }
            Standing::Owned { epoch: next, .. }
                if next == epoch && at.now.since(since) >= at.timeouts.prepare =>
            {
                self.idle(at.now.plus(at.rest), give_up)
            }
            Standing::Owned { owner, epoch: next } if next == epoch => {
                if told.is_some_and(|told| at.now.since(told) < at.rest) {
                    return Vec::new();
                }
                self.phase = Phase::Preparing { epoch, since, told: Some(at.now) };
                vec![Act::Ready(owner, epoch)]
            }
            // It has changed hands meanwhile, or nobody knows whose it is.
            _ => self.idle(at.now, give_up),
        }
    }

    /// As its owner: begins to give it up once its target is ready.
    fn watch_plan(&mut self, at: &Circumstances<'_>, is_planned: bool, epoch: Epoch) -> Vec<Act> {
        if is_planned && at.leaving.is_none() {
            return Vec::new();
        }
        let target = at.view.target(self.id);
        let after = super::ownership::next(epoch);
        let ready = self.ready.take().filter(|(to, at)| Some(&to.node) == target && *at == after);
        let is_late = at.leaving.is_some_and(|since| at.now.since(since) >= at.timeouts.leave);
        if ready.is_none() && !is_late {
            return Vec::new();
        }
        self.phase = Phase::Draining { epoch, since: at.now, to: ready.map(|(to, _)| to) };
        self.is_drained = false;
        vec![Act::Tell(Task::Drain(epoch))]
    }
}

#[cfg(test)]
mod tests;
