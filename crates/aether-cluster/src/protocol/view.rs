//! What one node has seen of the bucket.

use std::collections::{BTreeMap, BTreeSet};

use aether_core::Epoch;
use aether_core::key_value::Revision;

use super::identity::Identity;
use super::key::Key;
use super::record::{
    ConfigRecord, LeaderRecord, MembersRecord, NodeRecord, PlanRecord, Record, ShardRecord, StandingRecord,
};
use crate::placement::{self, NodeId, Shard};

/// The latest records that a node has seen. They may be old: what follows from them is checked where it is written.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// What all nodes have to agree on.
    pub config: Option<(Revision, ConfigRecord)>,
    /// The nodes: their own records, or as the leader has listed them, whichever is later.
    pub nodes: BTreeMap<NodeId, (Revision, NodeRecord)>,
    /// What operators want of nodes. Old where nodes are not watched.
    pub standings: BTreeMap<NodeId, (Revision, StandingRecord)>,
    /// The leader.
    pub leader: Option<(Revision, LeaderRecord)>,
    /// The nodes as the leader has listed them.
    pub members: Option<(Revision, MembersRecord)>,
    /// The plan.
    pub plan: Option<(Revision, PlanRecord)>,
    /// The shards that were ever acquired.
    pub shards: BTreeMap<Shard, (Revision, ShardRecord)>,
    shards_seen: u64,
    /// Where the latest that was seen is no record: as if the last one that was, above, still held, but for its revision.
    unreadable: BTreeMap<Key, Revision>,
}

impl View {
    /// Takes what stands at a key. What is older than what was seen is passed over, and `false` returned.
    pub fn see(&mut self, key: &Key, revision: Revision, record: Record) -> bool {
        if let Record::Deleted(_) = record {
            let is_new = self.see_unreadable(key, revision);
            // The watch may have shown it before its writer has heard of it.
            if let (Key::Node(node), true) = (key, self.unreadable.get(key) == Some(&revision)) {
                self.forget(node);
            }
            return is_new;
        }
        if revision <= self.revision(key) {
            return false;
        }
        match (key, record) {
            (Key::Node(node), Record::Node(record)) => {
                self.nodes.insert(node.clone(), (revision, record));
            }
            (Key::Config, Record::Config(record)) => self.config = Some((revision, record)),
            (Key::Standing(node), Record::Standing(record)) => {
                self.standings.insert(node.clone(), (revision, record));
            }
            (Key::Members, Record::Members(record)) => {
                self.see_listed(&record);
                self.forget_unlisted(&record, revision);
                self.members = Some((revision, record));
            }
            (Key::Leader, Record::Leader(record)) => self.leader = Some((revision, record)),
            (Key::Plan, Record::Plan(record)) => self.plan = Some((revision, record)),
            (Key::Shard(shard), Record::Shard(record)) => {
                self.shards_seen += 1;
                self.shards.insert(*shard, (revision, record));
            }
            // No reader makes such a pair.
            _ => return false,
        }
        self.unreadable.remove(key);
        true
    }

    /// Takes that what stands at a key is no record of a cluster: somebody else's, of a later form, or deleted. What is older than
    /// what was seen is passed over, and `false` returned.
    pub fn see_unreadable(&mut self, key: &Key, revision: Revision) -> bool {
        if revision <= self.revision(key) {
            return false;
        }
        match key {
            Key::Shard(_) => self.shards_seen += 1,
            // No wish is none, for whoever has seen an earlier one as for who has not.
            Key::Standing(node) => drop(self.standings.remove(node)),
            _ => {}
        }
        self.unreadable.insert(key.clone(), revision);
        true
    }

    /// Whether the latest that was seen at a key is no record.
    #[must_use]
    pub fn is_unreadable(&self, key: &Key) -> bool {
        self.unreadable.contains_key(key)
    }

    /// The keys whose latest is no record, and where they stand.
    pub fn unreadable(&self) -> impl Iterator<Item = (&Key, Revision)> {
        self.unreadable.iter().map(|(key, revision)| (key, *revision))
    }

    /// The revision that a key was last seen at.
    #[must_use]
    pub fn revision(&self, key: &Key) -> Revision {
        let revision = match key {
            Key::Config => self.config.as_ref().map(|seen| seen.0),
            Key::Node(node) => self.nodes.get(node).map(|seen| seen.0),
            Key::Standing(node) => self.standings.get(node).map(|seen| seen.0),
            Key::Members => self.members.as_ref().map(|seen| seen.0),
            Key::Leader => self.leader.as_ref().map(|seen| seen.0),
            Key::Plan => self.plan.as_ref().map(|seen| seen.0),
            Key::Shard(shard) => self.shards.get(shard).map(|seen| seen.0),
        };
        revision.max(self.unreadable.get(key).copied()).unwrap_or(Revision::NONE)
    }

    /// How many changes of shards were seen. Of two keys an older change may be seen later, so revisions would not tell.
    #[must_use]
    pub fn shards_seen(&self) -> u64 {
        self.shards_seen
    }

    /// The node that is planned to own the shard.
    #[must_use]
    pub fn target(&self, shard: Shard) -> Option<&NodeId> {
        self.plan.as_ref()?.1.targets.get(shard.index())?.as_ref()
    }

    /// What operators want of a node, as far as was seen.
    #[must_use]
    pub fn standing(&self, node: &NodeId) -> placement::Standing {
        self.standings.get(node).map(|(_, record)| record.standing).unwrap_or_default()
    }

    /// Who owns the shard, and at which epoch; nobody where its record cannot be read.
    #[must_use]
    pub fn owner(&self, shard: Shard) -> Option<(&Identity, Epoch)> {
        if self.is_unreadable(&Key::Shard(shard)) {
            return None;
        }
        let (_, record) = self.shards.get(&shard)?;
        Some((record.owner.as_ref()?, record.epoch))
    }

    /// Whether an owner, as written at `written`, is known to have stopped for good: its record says so, or a later incarnation's
    /// stands in its place.
    #[must_use]
    pub fn is_gone(&self, owner: &Identity, written: Revision) -> bool {
        self.nodes.get(&owner.node).is_some_and(|(revision, record)| {
            owner.is_gone(written, *revision, record.incarnation, record.state)
        })
    }

    /// The owners that nothing tells the end of: of their node nothing is there, or what it says is over, of another life, and older
    /// than what they wrote. So it is when their records were deleted or written over.
    pub(super) fn lost_owners(&self) -> impl Iterator<Item = &Identity> {
        let is_lost = |owner: &Identity, written: Revision| match self.nodes.get(&owner.node) {
            None => true,
            Some((_, record)) => record.state.is_over() && !self.is_gone(owner, written),
        };
        self.shards.iter().filter_map(move |(shard, (written, record))| {
            let owner = record.owner.as_ref().filter(|owner| is_lost(owner, *written))?;
            (!self.is_unreadable(&Key::Shard(*shard))).then_some(owner)
        })
    }

    /// The nodes that are over, own nothing, and are planned for nothing.
    pub(super) fn idle_over(&self) -> Vec<&NodeId> {
        let over = self.nodes.iter().filter(|(_, (_, record))| record.state.is_over());
        let mut idle: BTreeSet<_> = over.map(|(node, _)| node).collect();
        if idle.is_empty() {
            return Vec::new();
        }
        let owners = self.shards.values().filter_map(|(_, record)| record.owner.as_ref());
        owners.for_each(|owner| {
            idle.remove(&owner.node);
        });
        let targets = self.plan.iter().flat_map(|(_, plan)| plan.targets.iter().flatten());
        targets.for_each(|target| {
            idle.remove(target);
        });
        idle.into_iter().collect()
    }

    /// Forgets what is known of a node that is over: it is neither alive then, nor known to be gone.
    fn forget(&mut self, node: &NodeId) {
        if self.nodes.get(node).is_some_and(|(_, record)| record.state.is_over()) {
            self.nodes.remove(node);
        }
    }

    /// Forgets the nodes that were over before this list, and are not in it.
    fn forget_unlisted(&mut self, members: &MembersRecord, at: Revision) {
        self.nodes.retain(|node, (revision, record)| {
            !record.state.is_over() || *revision > at || members.nodes.contains_key(node)
        });
    }

    /// Takes what is listed of nodes, where it is later than what was seen of them.
    fn see_listed(&mut self, members: &MembersRecord) {
        for (node, listed) in &members.nodes {
            let record = Record::Node(listed.record(members.by));
            self.see(&Key::Node(node.clone()), listed.revision, record);
        }
    }
}
