//! Being a member: a record of one's own, renewed each third of a lease.

use aether_core::key_value::Revision;

use super::change::Settled;
use super::identity::{Identity, Stamp};
use super::record::{NodeRecord, NodeState};
use super::time::{Lease, Moment};
use crate::placement::{Labels, Weight};

/// Why a node is a member no more. It never is again: start it anew, as another incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ended {
    /// It has left.
    Left,
    /// It was declared dead, or another incarnation has taken its place.
    Dead,
}

/// A node's membership.
#[derive(Debug)]
pub struct Member {
    me: Identity,
    lease: Lease,
    weight: Weight,
    labels: Labels,
    /// What it wants to be.
    state: NodeState,
    stands: Stands,
    counter: u64,
    /// Off in a test only.
    stops: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Outside,
    Inside {
        revision: Revision,
        /// When the last renewal that succeeded was *sent*: whoever watches saw it later.
        held: Moment,
    },
    Ended(Ended),
}

impl Member {
    /// A node that is no member yet.
    #[must_use]
    pub fn new(me: Identity, lease: Lease, weight: Weight, labels: Labels, stops: bool) -> Self {
        let (state, stands) = (NodeState::Up, Stands::Outside);
        Self { me, lease, weight, labels, state, stands, counter: 0, stops }
    }

    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.me
    }

    /// What it wants to be.
    #[must_use]
    pub fn state(&self) -> NodeState {
        self.state
    }

    /// Has it leave: it says so from its next renewal on.
    pub fn leave(&mut self) {
        if self.state == NodeState::Up {
            self.state = NodeState::Leaving;
        }
    }

    /// What it writes last, when it has stopped.
    pub fn farewell(&mut self, seen: Revision, by: Stamp) -> NodeRecord {
        self.state = NodeState::Left;
        self.record(seen, by)
    }

    /// Whether it may answer for what it owns: it is a member, and 0.8 of its lease are not over.
    #[must_use]
    pub fn may_serve(&self, now: Moment) -> bool {
        let Stands::Inside { held, .. } = self.stands else { return false };
        !self.stops || now.since(held) < self.lease.stop()
    }

    /// Until when it may answer by its lease; nothing while it is no member.
    #[must_use]
    pub fn may_serve_until(&self) -> Option<Moment> {
        let Stands::Inside { held, .. } = self.stands else { return None };
        Some(held.plus(self.lease.stop()))
    }

    /// Whether it is a member, as far as it knows.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        matches!(self.stands, Stands::Inside { .. })
    }

    /// Why it is a member no more.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        if let Stands::Ended(ended) = self.stands { Some(ended) } else { None }
    }

    /// When it is to be renewed.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        let Stands::Inside { held, .. } = self.stands else { return None };
        Some(held.plus(self.lease.renewal()))
    }

    /// The revision that a renewal changes.
    #[must_use]
    pub fn revision(&self) -> Option<Revision> {
        if let Stands::Inside { revision, .. } = self.stands { Some(revision) } else { None }
    }

    /// What it writes next, having been shown everything up to this revision.
    pub fn record(&mut self, seen: Revision, by: Stamp) -> NodeRecord {
        self.counter += 1;
        NodeRecord {
            incarnation: self.me.incarnation,
            state: self.state,
            weight: self.weight,
            labels: self.labels.clone(),
            lease: self.counter,
            seen,
            by,
        }
    }

    /// Takes the outcome of a renewal, or of joining.
    pub fn settled(&mut self, settled: &Settled, state: NodeState) {
        self.stands = match (self.stands, settled.revision) {
            (Stands::Ended(ended), _) => Stands::Ended(ended),
            (_, Some(_)) if state == NodeState::Left => Stands::Ended(Ended::Left),
            (_, Some(revision)) => Stands::Inside { revision, held: settled.sent },
            (Stands::Outside, None) => Stands::Outside,
            (Stands::Inside { .. }, None) => Stands::Ended(Ended::Dead),
        }
    }

    /// Takes what was seen at its own key: a death mark, or another incarnation in its place, ends it.
    pub fn see(&mut self, revision: Revision, record: &NodeRecord) {
        let is_me = record.incarnation == self.me.incarnation;
        let is_over = match self.stands {
            Stands::Ended(_) => return,
            // It may have joined without having heard so, and be dead before it does.
            Stands::Outside => is_me && record.state == NodeState::Dead,
            Stands::Inside { revision: own, .. } => {
                revision > own && (!is_me || record.state == NodeState::Dead)
            }
        };
        if is_over {
            self.stands = Stands::Ended(Ended::Dead);
        }
    }

    /// Takes that something later than what was seen so far stands at its own key, which nobody can read: its record is written over.
    pub fn see_unreadable(&mut self, revision: Revision) {
        let is_over = match self.stands {
            Stands::Ended(_) => false,
            // It may have joined without having heard so, and have been declared dead before this was written.
            Stands::Outside => self.counter > 0,
            Stands::Inside { revision: own, .. } => revision > own,
        };
        if is_over {
            self.stands = Stands::Ended(Ended::Dead);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::identity::Incarnation;
    use super::super::key::Key;
    use super::super::record::Record;
    use super::*;
    use crate::placement::NodeId;

    fn at(milliseconds: u64) -> Moment {
        Moment::new(Duration::from_millis(milliseconds))
    }

    fn renew(member: &mut Member, sent: u64, revision: Option<u64>) {
        let by = Stamp { incarnation: Incarnation::new(1), nonce: sent };
        let record = member.record(Revision::NONE, by);
        let settled = Settled {
            key: Key::Node(member.identity().node.clone()),
            record: Record::Node(record),
            sent: at(sent),
            revision: revision.map(Revision::new),
        };
        member.settled(&settled, NodeState::Up);
    }

    fn member() -> Member {
        let me = Identity { node: NodeId::new("me").unwrap(), incarnation: Incarnation::new(1) };
        Member::new(me, Lease::new(Duration::from_secs(1)), Weight::USUAL, Labels::new(), true)
    }

    #[test]
    fn a_lease_counts_from_when_its_renewal_was_sent() {
        let mut member = member();
        assert!(!member.may_serve(at(0)));
        renew(&mut member, 100, Some(1));
        assert!(member.may_serve(at(899)) && !member.may_serve(at(900)));
        // Nobody has declared it dead: a renewal that succeeds makes it serve again.
        renew(&mut member, 2_000, Some(2));
        assert!(member.may_serve(at(2_799)));
        assert_eq!(member.due(), Some(at(2_333).plus(Duration::from_nanos(333_333))));
    }

    #[test]
    fn a_renewal_that_is_lost_ends_it_for_good() {
        let mut member = member();
        renew(&mut member, 0, Some(1));
        renew(&mut member, 333, None);
        assert_eq!(member.ended(), Some(Ended::Dead));
        renew(&mut member, 400, Some(9));
        assert!(!member.may_serve(at(401)));
    }

    #[test]
    fn a_death_mark_that_is_seen_ends_it() {
        let mut member = member();
        renew(&mut member, 0, Some(1));
        let by = Stamp { incarnation: Incarnation::new(2), nonce: 1 };
        let own = member.record(Revision::NONE, by);
        member.see(Revision::new(1), &own);
        assert!(member.may_serve(at(1)));
        member.see(Revision::new(2), &NodeRecord { state: NodeState::Dead, ..own });
        assert_eq!(member.ended(), Some(Ended::Dead));
    }

    #[test]
    fn what_nobody_can_read_in_its_place_ends_it() {
        let mut fresh = member();
        fresh.see_unreadable(Revision::new(1));
        assert_eq!(fresh.ended(), None, "it has not tried to join yet");
        let mut inside = member();
        renew(&mut inside, 0, Some(5));
        inside.see_unreadable(Revision::new(4));
        assert_eq!(inside.ended(), None);
        inside.see_unreadable(Revision::new(6));
        assert_eq!(inside.ended(), Some(Ended::Dead));
        fresh.record(Revision::NONE, Stamp { incarnation: Incarnation::new(1), nonce: 1 });
        fresh.see_unreadable(Revision::new(2));
        assert_eq!(fresh.ended(), Some(Ended::Dead), "it may have joined, and be dead");
    }

    #[test]
    fn who_is_dead_before_it_has_heard_that_it_joined_does_not_join_again() {
        let mut member = member();
        let by = Stamp { incarnation: Incarnation::new(2), nonce: 1 };
        let own = member.record(Revision::NONE, by);
        member.see(Revision::new(2), &NodeRecord { state: NodeState::Dead, ..own });
        assert_eq!(member.ended(), Some(Ended::Dead));
    }
}
