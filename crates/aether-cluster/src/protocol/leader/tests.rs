use std::time::Duration;

use super::super::identity::Incarnation;
use super::super::record::{MembersRecord, PlanRecord, ShardRecord, StandingRecord};
use super::*;
use crate::placement::{Labels, NodeId, Nodes, Policy, Shard, ShardCount, Weight};

fn at(milliseconds: u64) -> Moment {
    Moment::new(Duration::from_millis(milliseconds))
}

fn identity(node: &str) -> Identity {
    Identity { node: NodeId::new(node).unwrap(), incarnation: Incarnation::new(node.len() as u128) }
}

fn stamp() -> Stamp {
    Stamp { incarnation: Incarnation::new(9), nonce: 0 }
}

/// A leadership of the node `me`, with what that node sees.
struct Site {
    leadership: Leadership,
    view: View,
    watch: Watch,
    revision: u64,
}

impl Site {
    fn new() -> Self {
        let lease = Lease::new(Duration::from_secs(1));
        let me = identity("me");
        let watch = Watch::new(lease, Key::Node(me.node.clone()), at(0), true);
        let planning = Planning::new(ShardCount::new(1).unwrap(), Policy::default(), lease.length() * 2);
        let leadership = Leadership::new(me, lease, planning, std::time::Duration::from_secs(600), true);
        Self { leadership, view: View::default(), watch, revision: 0 }
    }

    fn see(&mut self, key: &Key, record: Record, time: u64) -> Revision {
        self.revision += 1;
        let revision = Revision::new(self.revision);
        self.watch.see(key, revision, at(time));
        assert!(self.view.see(key, revision, record));
        revision
    }

    fn node(&mut self, name: &str, time: u64) -> Revision {
        let Identity { node, incarnation } = identity(name);
        let (state, weight, labels) = (NodeState::Up, Weight::USUAL, Labels::new());
        let record =
            NodeRecord { incarnation, state, weight, labels, lease: time, seen: Revision::NONE, by: stamp() };
        self.see(&Key::Node(node), Record::Node(record), time)
    }

    fn plan(&mut self, term: u64, target: Option<&str>, time: u64) -> Revision {
        let targets = vec![target.map(|name| NodeId::new(name).unwrap())];
        let (term, planned_for, reasons) = (Term::new(term), Nodes::new(), Vec::new());
        let plan = PlanRecord { term, targets, planned_for, reasons, by: stamp() };
        self.see(&Key::Plan, Record::Plan(plan), time)
    }

    fn wants(&mut self, time: u64) -> Vec<Draft> {
        self.leadership.wants(&self.view, &self.watch, at(time), stamp)
    }

    /// What it wants is stored, and seen.
    fn store(&mut self, draft: Draft, time: u64) -> Revision {
        let Draft { key, record, .. } = draft;
        let revision = self.see(&key, record.clone(), time);
        self.leadership.settled(&Settled { key, record, sent: at(time), revision: Some(revision) });
        revision
    }

    /// Whatever it wants is stored, until it wants nothing. Returns the keys.
    fn store_all(&mut self, time: u64) -> Vec<Key> {
        let mut keys = Vec::new();
        loop {
            let drafts = self.wants(time);
            if drafts.is_empty() {
                return keys;
            }
            for draft in drafts {
                keys.push(draft.key.clone());
                self.store(draft, time);
            }
        }
    }

    /// It leads in term 1, and has written the plan and the members of that term.
    fn leading() -> Self {
        let mut site = Self::new();
        site.node("me", 0);
        assert_eq!(site.store_all(0), [Key::Leader, Key::Plan, Key::Plan, Key::Members]);
        site
    }

    fn members(&self) -> &MembersRecord {
        &self.view.members.as_ref().unwrap().1
    }
}

fn term(draft: &Draft) -> Term {
    match &draft.record {
        Record::Leader(record) => record.term,
        Record::Plan(record) => record.term,
        other => panic!("{other:?} has no term"),
    }
}

#[test]
fn a_leader_that_was_silent_for_a_lease_is_followed_at_the_revision_that_was_silent() {
    let mut site = Site::new();
    let record = LeaderRecord { leader: Some(identity("other")), term: Term::new(3), by: stamp() };
    let silent = site.see(&Key::Leader, Record::Leader(record), 0);
    for time in [0, 333, 666, 999] {
        site.node("me", time);
        assert_eq!(site.wants(time), []);
    }
    let [draft] = <[Draft; 1]>::try_from(site.wants(1_000)).unwrap();
    assert_eq!((draft.expected, term(&draft)), (silent, Term::new(4)));
}

#[test]
fn the_first_act_is_the_plan_of_an_older_term_under_ones_own() {
    let mut site = Site::new();
    site.node("me", 0);
    let planned = site.plan(7, Some("gone"), 0);
    let record = LeaderRecord { leader: None, term: Term::new(8), by: stamp() };
    site.see(&Key::Leader, Record::Leader(record), 0);
    let [lead] = <[Draft; 1]>::try_from(site.wants(0)).unwrap();
    site.store(lead, 0);
    let [first] = <[Draft; 1]>::try_from(site.wants(0)).unwrap();
    assert_eq!((&first.key, first.expected, term(&first)), (&Key::Plan, planned, Term::new(9)));
    let Record::Plan(plan) = &first.record else { panic!("no plan") };
    assert_eq!(plan.targets, [Some(identity("gone").node)]);
}

#[test]
fn a_leader_that_sees_the_plan_of_a_later_term_leads_no_more() {
    let mut site = Site::leading();
    assert_eq!(site.wants(1), []);
    site.plan(2, None, 1);
    assert_eq!(site.wants(2), []);
    assert_eq!(site.leadership.term(), None);
}

#[test]
fn who_is_silent_for_a_lease_is_declared_dead_where_it_was_silent() {
    let mut site = Site::leading();
    let silent = site.node("a", 10);
    for time in [333, 666, 999] {
        site.node("me", time);
    }
    let is_death =
        |draft: &Draft| matches!(&draft.record, Record::Node(record) if record.state == NodeState::Dead);
    assert!(!site.wants(1_009).iter().any(is_death));
    let deaths: Vec<_> = site.wants(1_010).into_iter().filter(is_death).collect();
    assert_eq!(deaths.iter().map(|draft| draft.expected).collect::<Vec<_>>(), [silent]);
    // Its next renewal comes first: it is not silent any more.
    site.node("a", 1_010);
    assert!(!site.wants(1_010).iter().any(is_death));
}

#[test]
fn a_shard_that_its_planned_owner_leaves_waiting_is_planned_for_another_one() {
    let mut site = Site::leading();
    site.node("z", 0);
    site.store_all(1);
    let plan = |site: &mut Site, time| {
        let plans = site.wants(time).into_iter().filter_map(|draft| match draft.record {
            Record::Plan(plan) => Some(plan.targets),
            _ => None,
        });
        plans.collect::<Vec<_>>()
    };
    for time in [333, 666, 999, 1_332, 1_665, 1_999] {
        site.node("me", time);
        site.node("z", time);
        assert_eq!(plan(&mut site, time), Vec::<Vec<_>>::new());
    }
    assert_eq!(plan(&mut site, 2_001), [[Some(identity("z").node)]]);
    // Whoever has it does not wait.
    let by = stamp();
    let record = ShardRecord { owner: Some(identity("z")), epoch: aether_core::Epoch::new(1), by };
    site.see(&Key::Shard(Shard::new(0)), Record::Shard(record), 2_002);
    assert_eq!(plan(&mut site, 9_000), Vec::<Vec<_>>::new());
}

#[test]
fn members_are_written_when_something_has_changed_and_not_for_renewals() {
    let mut site = Site::leading();
    site.node("a", 1);
    assert_eq!(site.store_all(1), [Key::Plan, Key::Members]);
    let seen = site.view.revision(&Key::Node(identity("a").node));
    assert_eq!(site.members().nodes[&identity("a").node].revision, seen);
    site.node("a", 2);
    assert_eq!(site.store_all(2), []);
    let standing = crate::placement::Standing::Cordoned;
    let record = Record::Standing(StandingRecord { standing, by: stamp() });
    site.see(&Key::Standing(identity("a").node), record, 3);
    assert_eq!(site.store_all(3), [Key::Plan, Key::Members]);
    assert_eq!(site.members().nodes[&identity("a").node].standing, standing);
}

#[test]
fn two_stand_by_and_go_on_until_they_are_gone() {
    let mut site = Site::leading();
    for name in ["d", "c", "b"] {
        site.node(name, 1);
        site.store_all(1);
    }
    let names = |site: &Site| site.members().standbys.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&site), ["d", "c"]);
    let Identity { node, incarnation } = identity("d");
    let (state, weight, labels) = (NodeState::Leaving, Weight::USUAL, Labels::new());
    let record =
        NodeRecord { incarnation, state, weight, labels, lease: 2, seen: Revision::NONE, by: stamp() };
    site.see(&Key::Node(node), Record::Node(record), 2);
    site.store_all(2);
    assert_eq!(names(&site), ["c", "b"]);
}

#[test]
fn members_are_written_again_where_a_list_would_not_show_that_an_owner_is_gone() {
    let mut site = Site::leading();
    site.node("z", 1);
    site.store_all(1);
    // An earlier life of z has taken the shard after the later one was listed.
    let owner = Identity { incarnation: Incarnation::new(77), ..identity("z") };
    let record = ShardRecord { owner: Some(owner), epoch: aether_core::Epoch::new(1), by: stamp() };
    site.see(&Key::Shard(Shard::new(0)), Record::Shard(record), 2);
    assert!(!site.store_all(2).contains(&Key::Members));
    site.node("z", 3);
    assert!(site.store_all(3).contains(&Key::Members));
}
