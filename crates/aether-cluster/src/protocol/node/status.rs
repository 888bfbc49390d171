//! One node for whoever looks on.

use aether_core::Epoch;

use super::Node;
use crate::placement::{NodeId, Plan, Shard};
use crate::protocol::identity::{Identity, Term};
use crate::protocol::key::Key;
use crate::protocol::member::Ended;
use crate::protocol::planning::{self, Moving};
use crate::protocol::scope::Scope;
use crate::protocol::shard::{LocalShard, Stage};
use crate::protocol::time::Moment;
use crate::protocol::view::View;

impl Node {
    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        self.member.identity()
    }

    /// Whether it may answer for what it owns. Ask at each answer that stores nothing.
    #[must_use]
    pub fn may_serve(&self, now: Moment) -> bool {
        self.member.may_serve(now)
    }

    /// Until when it may: that is later with each renewal that succeeds. Nothing while it is no member.
    #[must_use]
    pub fn may_serve_until(&self) -> Option<Moment> {
        self.member.may_serve_until()
    }

    /// Why it is a member no more.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        self.member.ended()
    }

    /// The term that it leads in, as far as it knows.
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        self.leadership.term()
    }

    /// The epoch that it owns a shard at, as far as it knows.
    #[must_use]
    pub fn epoch(&self, shard: Shard) -> Option<Epoch> {
        self.shards.get(shard.index())?.epoch()
    }

    /// How far a shard is at this node.
    #[must_use]
    pub fn stage(&self, shard: Shard) -> Stage {
        self.shards.get(shard.index()).map_or(Stage::Elsewhere, LocalShard::stage)
    }

    /// How much of the bucket it watches.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.watch.scope()
    }

    /// Whether it has not seen a node's record change for two thirds of a lease, where it watches that record and sees its own.
    #[must_use]
    pub fn suspects(&self, node: &NodeId, now: Moment) -> bool {
        self.watch.suspects(&Key::Node(node.clone()), now)
    }

    /// What it has seen of the bucket.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// As the leader: its latest plan, with what waits for what.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.leadership.planning().plan()
    }

    /// The shards on their way to another node, as far as it has seen.
    #[must_use]
    pub fn moves(&self) -> Vec<Moving> {
        planning::moves(&self.view, |shard| self.leadership.planning().since(shard))
    }
}
