use aether_core::Epoch;

use super::*;
use crate::placement::{Labels, Standing as Wish, Weight};
use crate::protocol::identity::{Identity, Incarnation};
use crate::protocol::key::Key;
use crate::protocol::record::{NodeRecord, Record, ShardRecord, StandingRecord};

fn by() -> Stamp {
    Stamp { incarnation: Incarnation::new(9), nonce: 0 }
}

fn id(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

fn at(milliseconds: u64) -> Moment {
    Moment::new(Duration::from_millis(milliseconds))
}

/// A leader's planning for four shards of which one moves at once, and what it sees.
struct Site {
    planning: Planning,
    view: View,
    revision: u64,
}

impl Site {
    fn new(names: &[&str]) -> Self {
        let policy = Policy { at_once: 1, percent_at_once: 100, ..Policy::default() };
        let planning = Planning::new(ShardCount::new(4).unwrap(), policy, Duration::from_secs(2));
        let mut site = Self { planning, view: View::default(), revision: 0 };
        names.iter().for_each(|name| site.node(name, NodeState::Up));
        site
    }

    fn see(&mut self, key: &Key, record: Record) {
        self.revision += 1;
        assert!(self.view.see(key, Revision::new(self.revision), record));
    }

    fn node(&mut self, name: &str, state: NodeState) {
        let (incarnation, weight, labels) = (Incarnation::new(1), Weight::USUAL, Labels::new());
        let record =
            NodeRecord { incarnation, state, weight, labels, lease: 1, seen: Revision::NONE, by: by() };
        self.see(&Key::Node(id(name)), Record::Node(record));
    }

    fn want(&mut self, name: &str, standing: Wish) {
        self.see(&Key::Standing(id(name)), Record::Standing(StandingRecord { standing, by: by() }));
    }

    fn own(&mut self, shard: Shard, owner: &NodeId) {
        let epoch = self.view.shards.get(&shard).map_or(0, |(_, record)| record.epoch.number());
        let owner = Some(Identity { node: owner.clone(), incarnation: Incarnation::new(1) });
        let record = ShardRecord { owner, epoch: Epoch::new(epoch + 1), by: by() };
        self.see(&Key::Shard(shard), Record::Shard(record));
    }

    /// Plans, and writes what is new. Returns whether something was.
    fn plan(&mut self, time: u64) -> bool {
        let revision = self.view.revision(&Key::Plan);
        let Some(planned) = self.planning.replan(&self.view, revision, at(time)) else { return false };
        self.see(&Key::Plan, Record::Plan(planned.record(Term::new(1), by())));
        true
    }

    fn moves(&self) -> Vec<Moving> {
        moves(&self.view, |shard| self.planning.since(shard))
    }

    /// Everything on its way arrives.
    fn arrive(&mut self) {
        for of in self.moves() {
            self.own(of.shard, &of.to);
        }
    }

    /// Plans and arrives until nothing is on its way.
    fn settle(&mut self, time: u64) {
        while self.plan(time) {
            self.arrive();
        }
    }

    fn held(&self, name: &str) -> usize {
        let shards = (0..4).map(Shard::new);
        shards
            .filter(|shard| self.view.owner(*shard).is_some_and(|(owner, _)| owner.node == id(name)))
            .count()
    }
}

#[test]
fn placing_what_nobody_has_is_no_rebalancing_that_the_next_one_waits_for() {
    let mut site = Site::new(&["a"]);
    site.settle(0);
    site.node("b", NodeState::Up);
    assert!(site.plan(100));
    assert_eq!(site.moves().len(), 1);
    let of = site.moves().remove(0);
    assert_eq!((of.from, of.to, of.since), (Some(id("a")), id("b"), Some(at(100))));
    assert_eq!(of.reason, Some(Reason::Joined(id("b"))));
    // The throttle lets the next one go when this one has arrived.
    assert!(!site.plan(200));
    site.arrive();
    assert!(site.plan(300));
    site.arrive();
    site.settle(400);
    assert_eq!((site.held("a"), site.held("b")), (2, 2));
}

#[test]
fn after_a_rebalancing_the_next_one_waits_and_is_woken_for() {
    let mut site = Site::new(&["a"]);
    site.settle(0);
    site.node("b", NodeState::Up);
    site.settle(100);
    site.node("c", NodeState::Up);
    site.plan(200);
    assert_eq!((site.moves(), site.planning.due()), (vec![], Some(at(10_100))));
    assert!(!site.plan(10_099));
    assert!(site.plan(10_100));
    assert_eq!(site.moves().len(), 1);
}

#[test]
fn a_later_leader_knows_why_shards_move_and_of_no_rebalancing() {
    let mut site = Site::new(&["a"]);
    site.settle(0);
    site.node("b", NodeState::Up);
    site.plan(100);
    site.planning.clear();
    assert!(!site.plan(5_000));
    let of = site.moves().remove(0);
    assert_eq!((of.reason, of.since), (Some(Reason::Joined(id("b"))), None));
    site.arrive();
    site.plan(5_001);
    assert_eq!(site.moves().remove(0).reason, Some(Reason::Joined(id("b"))));
}

#[test]
fn a_move_to_a_node_that_is_drained_goes_back_to_its_owner() {
    let mut site = Site::new(&["a"]);
    site.settle(0);
    site.node("b", NodeState::Up);
    site.plan(100);
    site.want("b", Wish::Draining);
    assert!(site.plan(200));
    assert_eq!(site.moves(), []);
    assert!(site.view.plan.as_ref().unwrap().1.targets.iter().all(|target| *target == Some(id("a"))));
}

#[test]
fn who_is_drained_or_leaves_gives_everything_away_and_who_is_opened_gets_its_part_again() {
    for leaves in [false, true] {
        let mut site = Site::new(&["a", "b"]);
        site.settle(0);
        assert_eq!((site.held("a"), site.held("b")), (2, 2));
        match leaves {
            true => site.node("a", NodeState::Leaving),
            false => site.want("a", Wish::Draining),
        }
        site.settle(100);
        assert_eq!((site.held("a"), site.held("b")), (0, 4));
        match leaves {
            true => site.node("a", NodeState::Up),
            false => site.want("a", Wish::Open),
        }
        site.settle(20_000);
        assert_eq!((site.held("a"), site.held("b")), (2, 2));
    }
}

#[test]
fn shards_of_who_lets_them_wait_are_planned_for_others() {
    let mut site = Site::new(&["a", "b"]);
    site.plan(0);
    let of_b: Vec<_> = site.moves().into_iter().filter(|of| of.to == id("b")).map(|of| of.shard).collect();
    for of in site.moves().into_iter().filter(|of| of.to == id("a")) {
        site.own(of.shard, &of.to);
    }
    site.plan(1);
    assert_eq!(site.planning.due(), Some(at(2_000)));
    assert!(site.plan(2_000));
    let targets = &site.view.plan.as_ref().unwrap().1.targets;
    assert!(of_b.iter().all(|shard| targets[shard.index()] == Some(id("a"))), "{targets:?}");
}
