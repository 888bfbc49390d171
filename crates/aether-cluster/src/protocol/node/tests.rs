use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::placement::{Labels, NodeId, ShardCount, Weight};
use crate::protocol::change::Answer;
use crate::protocol::identity::{Incarnation, Term};
use crate::protocol::record::{LeaderRecord, Listed, MembersRecord, NodeRecord, NodeState};
use crate::protocol::scope::Scope;
use crate::protocol::time::Lease;

fn identity(node: &str) -> Identity {
    Identity { node: NodeId::new(node).unwrap(), incarnation: Incarnation::new(node.len() as u128) }
}

fn by() -> Stamp {
    Stamp { incarnation: Incarnation::new(9), nonce: 0 }
}

/// The node `me`, of which every change of its own record is stored at once, and seen where it is watched.
struct Site {
    node: Node,
    revision: u64,
    /// What it has had done, but for its own record.
    done: Vec<Output>,
}

impl Site {
    /// It has joined a cluster that `boss` leads in term 1.
    fn new() -> Self {
        let setup = Setup::new(Lease::new(Duration::from_secs(1)), ShardCount::new(1).unwrap());
        let node = Node::new(identity("me"), setup, Moment::START);
        let mut site = Self { node, revision: 0, done: Vec::new() };
        site.lead(Some("boss"), 0);
        site.tell(Input::Synced, 0);
        site
    }

    fn tell(&mut self, input: Input, time: u64) {
        let now = Moment::new(Duration::from_millis(time));
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            for output in self.node.handle(input, now) {
                let Output::Change { key: key @ Key::Node(_), record, .. } = output else {
                    self.done.push(output);
                    continue;
                };
                self.revision += 1;
                let revision = Revision::new(self.revision);
                inputs.push(Input::Answered(key.clone(), record.stamp(), Answer::Stored(revision)));
                if self.node.scope() == Scope::All {
                    inputs.push(Input::Watched(key, revision, record));
                }
            }
        }
    }

    fn see(&mut self, key: Key, record: Record, time: u64) {
        self.revision += 1;
        self.tell(Input::Watched(key, Revision::new(self.revision), record), time);
    }

    fn lead(&mut self, leader: Option<&str>, time: u64) {
        let record = LeaderRecord { leader: leader.map(identity), term: Term::new(1), by: by() };
        self.see(Key::Leader, Record::Leader(record), time);
    }

    fn list(&mut self, standbys: &[&str], time: u64) {
        let Identity { node, incarnation } = identity("me");
        let listed = Listed {
            revision: Revision::new(1),
            incarnation,
            state: NodeState::Up,
            weight: Weight::USUAL,
            labels: Labels::new(),
            standing: crate::placement::Standing::Open,
        };
        let nodes = BTreeMap::from([(node, listed)]);
        let standbys = standbys.iter().map(|name| identity(name).node).collect();
        let record = MembersRecord { term: Term::new(1), nodes, standbys, by: by() };
        self.see(Key::Members, Record::Members(record), time);
    }

    /// What it has had done meanwhile, when time goes on in steps of 10 ms.
    fn wait(&mut self, from: u64, to: u64) -> Vec<(u64, Output)> {
        let mut done = Vec::new();
        for time in (from..=to).step_by(10) {
            self.tell(Input::Wake, time);
            done.extend(std::mem::take(&mut self.done).into_iter().map(|output| (time, output)));
        }
        done
    }

    fn follower() -> Self {
        let mut site = Self::new();
        site.list(&["a", "b"], 0);
        assert_eq!(std::mem::take(&mut site.done), [Output::Watch(Scope::Follower)]);
        site.tell(Input::Synced, 1);
        site
    }
}

fn campaigns(output: &Output) -> bool {
    matches!(output, Output::Change { key: Key::Leader, .. })
}

#[test]
fn who_is_listed_and_no_standby_watches_the_leader_until_it_is_named_one() {
    let mut site = Site::new();
    assert_eq!((site.node.scope(), site.done.len()), (Scope::All, 0));
    site.list(&["a", "me"], 0);
    assert_eq!(site.node.scope(), Scope::All);
    site.list(&["a", "b"], 1);
    assert_eq!(site.node.scope(), Scope::Follower);
    site.list(&["me", "b"], 2);
    assert_eq!(site.done, [Output::Watch(Scope::Follower), Output::Watch(Scope::All)]);
}

#[test]
fn a_follower_whose_leader_is_silent_asks_for_a_watch_then_watches_all_and_leads_a_lease_later() {
    let mut site = Site::follower();
    let watches = site.wait(0, 1_990);
    let (first, all) = (Output::Watch(Scope::Follower), Output::Watch(Scope::All));
    assert_eq!(watches.iter().map(|(_, output)| output).collect::<Vec<_>>(), [&first, &all]);
    assert_eq!(watches.iter().map(|(time, _)| *time).collect::<Vec<_>>(), [670, 1_000]);
    site.tell(Input::Synced, 1_995);
    // The new watch has not shown the leader changed for a lease, and shows the own renewals.
    let done = site.wait(2_000, 2_010);
    assert!(matches!(&done[..], [(2_000, output)] if campaigns(output)), "{done:?}");
}

#[test]
fn a_leader_that_is_seen_again_is_followed_again() {
    let mut site = Site::follower();
    site.wait(0, 1_000);
    assert_eq!(site.node.scope(), Scope::All);
    site.tell(Input::Synced, 1_010);
    site.lead(Some("boss"), 1_020);
    assert_eq!(std::mem::take(&mut site.done), [Output::Watch(Scope::Follower)]);
}

#[test]
fn a_follower_goes_over_and_back_once_in_a_failover() {
    let mut site = Site::follower();
    // Its clock is ahead of the standbys': it has gone over before one of them leads.
    let asked = site.wait(0, 1_100);
    assert_eq!(asked.last().map(|(_, output)| output.clone()), Some(Output::Watch(Scope::All)));
    site.tell(Input::Synced, 1_110);
    let leader = LeaderRecord { leader: Some(identity("a")), term: Term::new(2), by: by() };
    site.see(Key::Leader, Record::Leader(leader.clone()), 1_120);
    assert_eq!(
        (site.wait(1_120, 1_400), site.node.scope()),
        (vec![], Scope::All),
        "who stands by is not said yet"
    );
    let (_, members) = site.node.view().members.clone().unwrap();
    let members = MembersRecord { term: Term::new(2), ..members };
    site.see(Key::Members, Record::Members(members), 1_410);
    assert_eq!(std::mem::take(&mut site.done), [Output::Watch(Scope::Follower)]);
    site.tell(Input::Synced, 1_420);
    // Renewals come as late as they may, and what is watched stays so.
    for time in (1_900..8_000).step_by(600) {
        site.see(Key::Leader, Record::Leader(leader.clone()), time);
        assert_eq!(site.wait(time, time + 590), []);
    }
}

#[test]
fn nobody_campaigns_who_has_not_been_shown_everything() {
    let mut site = Site::follower();
    site.lead(None, 10);
    assert_eq!(std::mem::take(&mut site.done), [Output::Watch(Scope::All)]);
    assert_eq!(site.wait(20, 300), []);
    site.tell(Input::Synced, 310);
    assert!(matches!(&site.done[..], [output] if campaigns(output)), "{:?}", site.done);
}

#[test]
fn a_follower_learns_of_its_own_death_from_the_list() {
    let mut site = Site::follower();
    let mut members = site.node.view().members.clone().unwrap().1;
    for listed in members.nodes.values_mut() {
        (listed.state, listed.revision) = (NodeState::Dead, Revision::new(99));
    }
    site.see(Key::Members, Record::Members(members), 5);
    assert!(matches!(site.done[..], [Output::Ended(_)]), "{:?}", site.done);
}

#[test]
fn renewals_of_others_are_taken_without_a_look_at_all_shards() {
    let setup = Setup::new(Lease::new(Duration::from_secs(1)), ShardCount::new(4_096).unwrap());
    let node = Node::new(identity("me"), setup, Moment::START);
    let mut site = Site { node, revision: 0, done: Vec::new() };
    site.tell(Input::Synced, 0);
    let others: Vec<_> = (0..100).map(|number| identity(&format!("n{number}"))).collect();
    let record = |of: &Identity, lease| {
        let (state, weight, labels) = (NodeState::Up, Weight::USUAL, Labels::new());
        let (incarnation, seen, by) = (of.incarnation, Revision::NONE, by());
        Record::Node(NodeRecord { incarnation, state, weight, labels, lease, seen, by })
    };
    others.iter().for_each(|other| site.see(Key::Node(other.node.clone()), record(other, 0), 1));
    site.done.clear();
    let (before, looks, began) = (site.revision, site.node.looks, std::time::Instant::now());
    for lease in 1..=1_000 {
        for other in &others {
            site.see(Key::Node(other.node.clone()), record(other, lease), 2);
        }
    }
    println!("100,000 renewals in {:?}", began.elapsed());
    assert_eq!((site.revision - before, site.done.len()), (100_000, 0));
    assert_eq!(site.node.looks - looks, 0, "not once has it looked at everything");
    // What has changed is looked at, at once.
    let left = NodeState::Left;
    let Record::Node(last) = record(&others[0], 9) else { panic!("no node") };
    site.see(Key::Node(others[0].node.clone()), Record::Node(NodeRecord { state: left, ..last }), 2);
    assert_eq!(site.node.looks - looks, 1);
}
