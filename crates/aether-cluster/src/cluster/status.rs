//! Everything that a node knows of its cluster at one moment, to look at.

use std::collections::BTreeMap;
use std::time::Duration;

use aether_core::Epoch;
use serde::Serialize;

use super::{Leader, Members, ShardPlaces};
use crate::driver::{self, Locals};
use crate::placement::{NodeId, Reason, Shard};
use crate::protocol::{Identity, Stage};

/// What a node knows of its cluster at one moment. Each node sees it by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Status {
    /// The cluster.
    pub cluster: String,
    /// This node, in this life.
    pub me: Identity,
    /// Whether it may answer for what it owns: it is a member, and its lease lasts.
    pub is_serving: bool,
    /// For how long it may, if it hears nothing of its next renewal.
    pub lease_left: Duration,
    /// Who leads.
    pub leader: Option<Leader>,
    /// Who is a member, this node among them.
    pub members: Members,
    /// How many shards each node owns.
    pub shards_by_owner: BTreeMap<NodeId, usize>,
    /// How many shards nobody owns.
    pub shards_without_owner: usize,
    /// The shards that are not where they are planned to be.
    pub migrations: Vec<ActorMigration>,
    /// What was counted since this node joined.
    pub counts: Counts,
}

/// A shard's actors on their way from one node to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ActorMigration {
    /// The shard.
    pub shard: Shard,
    /// The node that owns it, or did last as far as is known.
    pub from: Option<NodeId>,
    /// The node that it is to go to.
    pub to: Option<NodeId>,
    /// How far it is.
    pub stage: MigrationStage,
    /// Why, if the plan says so.
    pub reason: Option<Reason>,
    /// The epoch of its last owner.
    pub epoch: Epoch,
}

/// How far a migration is, as this node sees it: of shards at other nodes it knows only what stands in the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum MigrationStage {
    /// It is planned, and its owner serves on.
    Planned,
    /// This node listens for it, and has told its owner so.
    Preparing,
    /// This node ends what runs in it.
    Draining,
    /// This node is writing that it owns it no more.
    Releasing,
    /// Nobody owns it.
    Released,
    /// This node is writing that it owns it.
    Acquiring,
}

/// What a node has counted since it joined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Counts {
    /// Renewals of its own record that were acknowledged.
    pub renewals: u64,
    /// Changes that were refused: somebody else was first, or an earlier attempt was stored.
    pub refused: u64,
    /// Requests to the bucket without a usable answer.
    pub unanswered: u64,
    /// Values and hints that could not be read, and were passed over.
    pub unreadable: u64,
    /// Watches that were made.
    pub watches: u64,
}

impl Counts {
    pub(super) fn of(counts: &driver::Counts) -> Self {
        Self {
            renewals: counts.renewals.read(),
            refused: counts.refused.read(),
            unanswered: counts.unanswered.read(),
            unreadable: counts.unreadable.read(),
            watches: counts.watches.read(),
        }
    }
}

/// The shards that are on their way.
pub(super) fn migrations(places: &ShardPlaces, locals: &Locals) -> Vec<ActorMigration> {
    let moving = places.iter().filter(|place| place.target.is_some() && !place.is_settled());
    moving
        .map(|place| ActorMigration {
            shard: place.shard,
            from: place.owner.as_ref().map(|owner| owner.node.clone()),
            to: place.target.clone(),
            stage: stage(locals.get(&place.shard).map(|local| local.stage), place.owner.is_some()),
            reason: place.reason.clone(),
            epoch: place.epoch,
        })
        .collect()
}

fn stage(here: Option<Stage>, is_owned: bool) -> MigrationStage {
    match here {
        Some(Stage::Preparing) => MigrationStage::Preparing,
        Some(Stage::Acquiring) => MigrationStage::Acquiring,
        Some(Stage::Draining) => MigrationStage::Draining,
        Some(Stage::Releasing) => MigrationStage::Releasing,
        _ if is_owned => MigrationStage::Planned,
        _ => MigrationStage::Released,
    }
}

/// How many shards each node owns, and how many nobody does.
pub(super) fn by_owner(places: &ShardPlaces) -> (BTreeMap<NodeId, usize>, usize) {
    let (mut owned, mut without) = (BTreeMap::new(), 0);
    for place in places.iter() {
        match &place.owner {
            Some(owner) => *owned.entry(owner.node.clone()).or_default() += 1,
            None => without += 1,
        }
    }
    (owned, without)
}
