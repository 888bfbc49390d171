use super::super::identity::{Incarnation, Stamp, Term};
use super::super::key::Key;
use super::super::record::{PlanRecord, Record, ShardRecord};
use super::super::time::Lease;
use super::*;
use crate::placement::{NodeId, Nodes};

const SHARD: Shard = Shard::new(0);

fn at(milliseconds: u64) -> Moment {
    Moment::new(Duration::from_millis(milliseconds))
}

fn identity(node: &str) -> Identity {
    Identity { node: NodeId::new(node).unwrap(), incarnation: Incarnation::new(node.len() as u128) }
}

/// A shard at node `me`, and what that node sees: the planned target, and the owner with the epoch.
struct Site {
    shard: LocalShard,
    view: View,
    timeouts: Timeouts,
    revision: u64,
}

impl Site {
    fn new() -> Self {
        let timeouts = Timeouts::of(Lease::new(Duration::from_secs(1)));
        Self { shard: LocalShard::new(SHARD), view: View::default(), timeouts, revision: 0 }
    }

    fn see(&mut self, key: &Key, record: Record) {
        self.revision += 1;
        assert!(self.view.see(key, Revision::new(self.revision), record));
    }

    fn plan(&mut self, target: &str) {
        let by = Stamp { incarnation: Incarnation::new(9), nonce: 0 };
        let targets = vec![Some(NodeId::new(target).unwrap())];
        let (planned_for, reasons) = (Nodes::new(), Vec::new());
        let plan = PlanRecord { term: Term::new(1), targets, planned_for, reasons, by };
        self.see(&Key::Plan, Record::Plan(plan));
    }

    fn own(&mut self, owner: Option<&str>, epoch: u64) {
        let by = Stamp { incarnation: Incarnation::new(9), nonce: 0 };
        let record = ShardRecord { owner: owner.map(identity), epoch: Epoch::new(epoch), by };
        self.see(&Key::Shard(SHARD), Record::Shard(record));
    }

    fn with(
        &mut self,
        time: u64,
        with: impl FnOnce(&mut LocalShard, &Circumstances<'_>) -> Vec<Act>,
    ) -> Vec<Act> {
        let circumstances = Circumstances {
            view: &self.view,
            me: &identity("me"),
            now: at(time),
            may_serve: true,
            leaving: None,
            timeouts: &self.timeouts,
            rest: Duration::from_millis(333),
            revokes: true,
        };
        with(&mut self.shard, &circumstances)
    }

    fn step(&mut self, time: u64) -> Vec<Act> {
        self.with(time, LocalShard::step)
    }

    /// The shard serves at epoch 1.
    fn serving() -> Self {
        let mut site = Self::new();
        site.plan("me");
        let acquire = Act::Acquire(Revision::NONE, Epoch::new(1));
        assert_eq!(site.step(0), [Act::Tell(Task::Listen(Epoch::new(1))), acquire]);
        site.own(Some("me"), 1);
        let acts = site.with(1, |shard, at| shard.settled(true, at));
        assert_eq!(acts, [Act::Tell(Task::Serve(Epoch::new(1)))]);
        site
    }

    /// The shard is being drained, since another node is ready for it.
    fn draining() -> Self {
        let mut site = Self::serving();
        site.plan("other");
        assert_eq!(site.step(10), []);
        site.shard.ready(identity("other"), Epoch::new(2));
        assert_eq!(site.step(20), [Act::Tell(Task::Drain(Epoch::new(1)))]);
        site
    }
}

#[test]
fn a_shard_is_drained_closed_released_and_forwarded() {
    let mut site = Site::draining();
    assert_eq!(site.step(30), []);
    site.shard.drained(Epoch::new(1));
    let release = Act::Release(Revision::new(2), Epoch::new(1));
    assert_eq!(site.step(40), [Act::Tell(Task::Close(Epoch::new(1))), release]);
    site.own(None, 1);
    let acts = site.with(50, |shard, at| shard.settled(true, at));
    assert_eq!(acts, [Act::Tell(Task::Forward(Epoch::new(1), Some(identity("other"))))]);
    assert_eq!(site.step(30_049), []);
    assert_eq!(site.step(30_050), [Act::Tell(Task::Stop(Epoch::new(1)))]);
}

#[test]
fn turns_that_do_not_end_hold_up_nobody_for_longer_than_the_drain() {
    let mut site = Site::draining();
    assert_eq!(site.step(5_019), []);
    assert!(matches!(site.step(5_020)[..], [Act::Tell(Task::Close(_)), Act::Release(..)]));
}

#[test]
fn an_owner_that_is_planned_again_while_it_drains_serves_on() {
    let mut site = Site::draining();
    site.plan("me");
    assert_eq!(site.step(30), [Act::Tell(Task::Serve(Epoch::new(1)))]);
}

#[test]
fn a_shard_is_given_up_for_the_planned_node_alone_and_at_the_next_epoch() {
    let mut site = Site::serving();
    site.plan("other");
    for (who, epoch) in [("somebody", 2), ("other", 3), ("other", 1)] {
        site.shard.ready(identity(who), Epoch::new(epoch));
        assert_eq!(site.step(10), [], "{who} at {epoch}");
    }
}

#[test]
fn a_target_waits_for_the_release_and_gives_up_after_a_while() {
    let mut site = Site::new();
    site.own(Some("other"), 4);
    site.plan("me");
    let ready = Act::Ready(identity("other"), Epoch::new(5));
    assert_eq!(site.step(1_000), [Act::Tell(Task::Listen(Epoch::new(5))), ready.clone()]);
    assert_eq!(site.step(1_100), []);
    assert_eq!(site.step(1_400), [ready]);
    assert_eq!(site.step(3_000), [Act::Tell(Task::Stop(Epoch::new(5)))]);
    // And tries again later.
    assert_eq!(site.step(3_332), []);
    assert!(matches!(site.step(3_333)[..], [Act::Tell(Task::Listen(_)), Act::Ready(..)]));
    site.own(None, 4);
    assert_eq!(site.step(3_400), [Act::Acquire(Revision::new(3), Epoch::new(5))]);
}

#[test]
fn an_acquisition_that_is_lost_is_not_served() {
    let mut site = Site::new();
    site.plan("me");
    site.step(0);
    site.own(Some("other"), 1);
    let acts = site.with(1, |shard, at| shard.settled(false, at));
    assert_eq!(acts, [Act::Tell(Task::Stop(Epoch::new(1)))]);
    assert_eq!(site.shard.epoch(), None);
}

#[test]
fn an_owner_that_sees_another_one_stops() {
    let mut site = Site::serving();
    site.own(Some("other"), 2);
    assert_eq!(site.step(10), [Act::Tell(Task::Stop(Epoch::new(1)))]);
}

#[test]
fn a_former_owner_that_is_planned_again_prepares_at_once() {
    let mut site = Site::draining();
    site.shard.drained(Epoch::new(1));
    site.step(30);
    site.own(None, 1);
    site.with(40, |shard, at| shard.settled(true, at));
    site.own(Some("other"), 2);
    site.plan("me");
    let (stop, listen) = (Task::Stop(Epoch::new(1)), Task::Listen(Epoch::new(3)));
    let ready = Act::Ready(identity("other"), Epoch::new(3));
    assert_eq!(site.step(50), [Act::Tell(stop), Act::Tell(listen), ready]);
}
