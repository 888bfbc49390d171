//! The nodes as the leader sees them, for those who do not watch the nodes themselves.
//!
//! What it lists are facts: a record did stand at that revision. So whoever reads an old list, or one of a leader that is one no
//! more, learns nothing that is wrong.

use std::collections::BTreeMap;

use aether_core::key_value::Revision;

use super::identity::{Identity, Stamp, Term};
use super::key::Key;
use super::record::{Listed, MembersRecord, NodeRecord, NodeState};
use super::view::View;
use crate::placement::NodeId;

/// So many watch everything beside the leader.
const STANDBYS: usize = 2;

impl Listed {
    fn of(view: &View, node: &NodeId, revision: Revision, record: &NodeRecord) -> Self {
        Self {
            revision,
            incarnation: record.incarnation,
            state: record.state,
            weight: record.weight,
            labels: record.labels.clone(),
            standing: view.standing(node),
        }
    }

    /// The node's record as far as it is listed: without the renewals.
    #[must_use]
    pub fn record(&self, by: Stamp) -> NodeRecord {
        let Self { incarnation, state, weight, .. } = *self;
        NodeRecord {
            incarnation,
            state,
            weight,
            labels: self.labels.clone(),
            lease: 0,
            seen: Revision::NONE,
            by,
        }
    }

    /// Whether the node is as it is listed. Renewals do not count.
    fn is_as(&self, view: &View, node: &NodeId, record: &NodeRecord) -> bool {
        let Self { revision: _, incarnation, state, weight, labels, standing } = self;
        (*incarnation, *state, *weight) == (record.incarnation, record.state, record.weight)
            && *labels == record.labels
            && *standing == view.standing(node)
    }
}

impl MembersRecord {
    fn is_gone(&self, owner: &Identity, written: Revision) -> bool {
        self.nodes
            .get(&owner.node)
            .is_some_and(|listed| owner.is_gone(written, listed.revision, listed.incarnation, listed.state))
    }
}

/// Who is to stand by, beside this leader: who did goes on.
fn standbys(view: &View, leader: &NodeId) -> Vec<NodeId> {
    let can = |node: &&NodeId| {
        let is_up = view.nodes.get(*node).is_some_and(|(_, record)| record.state == NodeState::Up);
        is_up && *node != leader
    };
    let before = view.members.iter().flat_map(|(_, members)| &members.standbys);
    let mut standbys: Vec<NodeId> = before.filter(can).take(STANDBYS).cloned().collect();
    for node in view.nodes.keys().filter(can) {
        if standbys.len() < STANDBYS && !standbys.contains(node) {
            standbys.push(node.clone());
        }
    }
    standbys
}

/// Whether somebody who goes by the list would wait for an owner that has stopped for good: where a later life of a node was
/// listed before the shard was taken by the one before, only its renewals tell.
fn is_behind(view: &View, members: &MembersRecord) -> bool {
    view.shards.values().any(|(written, record)| {
        let owner = record.owner.as_ref();
        owner.is_some_and(|owner| view.is_gone(owner, *written) && !members.is_gone(owner, *written))
    })
}

/// What the leader is to write at `members`, if that is not what stands there.
pub(super) fn wanted(
    view: &View,
    leader: &NodeId,
    term: Term,
    stamp: impl FnOnce() -> Stamp,
) -> Option<MembersRecord> {
    let standbys = standbys(view, leader);
    let is_so = view.members.as_ref().is_some_and(|(_, members)| {
        let is_listed = |(node, (_, record)): (&NodeId, &(Revision, NodeRecord))| {
            members.nodes.get(node).is_some_and(|listed| listed.is_as(view, node, record))
        };
        members.term == term
            && !view.is_unreadable(&Key::Members)
            && members.standbys == standbys
            && members.nodes.len() == view.nodes.len()
            && view.nodes.iter().all(is_listed)
            && !is_behind(view, members)
    });
    if is_so {
        return None;
    }
    let listed = view
        .nodes
        .iter()
        .map(|(node, (revision, record))| (node.clone(), Listed::of(view, node, *revision, record)));
    let nodes: BTreeMap<_, _> = listed.collect();
    Some(MembersRecord { term, nodes, standbys, by: stamp() })
}
