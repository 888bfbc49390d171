//! From what the node knows to what is shown: only what may have changed is looked at, only what has is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch::Sender;

use super::board::{Board, Local};
use crate::cluster::{Leader, Members, ShardPlaces, changes};
use crate::meter::Meter;
use crate::placement::Shard;
use crate::protocol::{Input, Key, Moment, Node, Stage};

/// What may have changed since it was last shown.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    members: bool,
    leader: bool,
    shards: bool,
    pub(super) locals: bool,
}

impl Dirty {
    /// Notes what an input may change.
    pub(super) fn by(&mut self, input: &Input) {
        match input {
            Input::Watched(key, ..)
            | Input::Unreadable(key, _)
            | Input::Answered(key, ..)
            | Input::Found(key, _) => self.at(key),
            // Time makes suspects.
            Input::Wake => (self.members, self.locals) = (true, true),
            _ => self.locals = true,
        }
    }

    fn at(&mut self, key: &Key) {
        match key {
            Key::Node(_) | Key::Standing(_) | Key::Members => self.members = true,
            Key::Config => {}
            Key::Leader => self.leader = true,
            Key::Plan | Key::Shard(_) => (self.shards, self.locals) = (true, true),
        }
    }
}

/// Shows what has changed.
pub(super) fn publish(node: &Node, board: &Board, meter: &Meter, dirty: &mut Dirty, now: Moment) {
    let Dirty { members, leader, shards, locals } = std::mem::take(dirty);
    if members && let Some((before, after)) = replace(&board.members, || Members::of(node, now)) {
        meter.members(&after);
        changes::of_members(&before, &after).into_iter().for_each(|event| board.tell(event));
    }
    if leader
        && let Some((before, after)) = replace(&board.leader, || Leader::of(node.view()))
        && let Some(event) = changes::of_leader(before.as_ref(), after.as_ref())
    {
        meter.leader_changed();
        board.tell(event);
    }
    if shards
        && let Some((before, after)) =
            replace(&board.shards, || ShardPlaces::of(node.view(), board.shards.borrow().count()))
    {
        changes::of_shards(&before, &after).into_iter().for_each(|event| board.tell(event));
    }
    if locals && let Some((before, after)) = replace(&board.locals, || Arc::new(locals_of(node, board))) {
        meter.locals(&before, &after);
    }
    let is_inside = node.may_serve_until().is_some();
    board.joined.send_if_modified(|joined| !std::mem::replace(joined, *joined || is_inside) && is_inside);
    if let Some(why) = node.ended() {
        board.end(why);
    }
}

/// Shows the present value if it is another one, and returns both.
fn replace<T: Clone + PartialEq>(place: &Sender<T>, present: impl FnOnce() -> T) -> Option<(T, T)> {
    let after = present();
    if *place.borrow() == after {
        return None;
    }
    let before = place.send_replace(after.clone());
    Some((before, after))
}

fn locals_of(node: &Node, board: &Board) -> BTreeMap<Shard, Local> {
    let count = board.shards.borrow().count();
    let all =
        count.shards().map(|shard| (shard, Local { stage: node.stage(shard), epoch: node.epoch(shard) }));
    all.filter(|(_, local)| local.stage != Stage::Elsewhere).collect()
}
