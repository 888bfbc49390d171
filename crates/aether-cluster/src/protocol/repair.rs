//! What a leader writes over what nobody can read: values of others, of later versions, and deletions.
//!
//! As if the last record at the key still held, but what it cannot have seen counts against it: a silence begins anew, and an owner
//! whose record is not there is taken for alive until it must have stopped.

use aether_core::key_value::Revision;

use super::identity::Stamp;
use super::key::Key;
use super::leader::Draft;
use super::ownership;
use super::record::{NodeRecord, NodeState, Record};
use super::time::Moment;
use super::view::View;
use super::watch::Watch;
use crate::placement::{Labels, Shard, Weight};

/// Declares those owners dead of whose end nothing tells, once nothing was heard of them for a lease.
pub(super) fn owners(
    view: &View,
    watch: &Watch,
    now: Moment,
    mut stamp: impl FnMut() -> Stamp,
) -> Vec<Draft> {
    let lost = view.lost_owners().filter_map(|owner| {
        let key = Key::Node(owner.node.clone());
        let expected = watch.silent(&key, now).filter(|silent| *silent == view.revision(&key))?;
        Some((key, expected, owner.incarnation))
    });
    lost.map(|(key, expected, incarnation)| {
        let record = NodeRecord {
            incarnation,
            state: NodeState::Dead,
            weight: Weight::USUAL,
            labels: Labels::new(),
            lease: 0,
            seen: Revision::NONE,
            by: stamp(),
        };
        Draft { key, expected, record: Record::Node(record) }
    })
    .collect()
}

/// Releases the shards whose record cannot be read, at an epoch that nobody had: whoever owned one has given it up by then.
pub(super) fn shards(
    view: &View,
    watch: &Watch,
    now: Moment,
    mut stamp: impl FnMut() -> Stamp,
) -> Vec<Draft> {
    let unreadable = view.unreadable().filter_map(|(key, revision)| match key {
        Key::Shard(shard) => Some((*shard, revision)),
        _ => None,
    });
    let given_up = unreadable.filter(|(_, revision)| all_have_seen(view, watch, *revision, now));
    given_up.map(|(shard, revision)| release(view, shard, revision, stamp())).collect()
}

fn release(view: &View, shard: Shard, revision: Revision, by: Stamp) -> Draft {
    let last = view.shards.get(&shard).map(|(revision, record)| (*revision, record.epoch));
    let record = ownership::released(ownership::unused(last, revision), by);
    Draft { key: Key::Shard(shard), expected: revision, record: Record::Shard(record) }
}

/// Whether nobody can answer by what stood at a key before `revision`: each node has been shown that, or is over.
///
/// Who owned the shard last is not known: there may have been changes that nobody saw. But it was a member before `revision`, and all
/// members of that time were shown to this node. They give up what they own when they are shown that its record cannot be read, before
/// they say how much they were shown. Where a node's record cannot be read either, it has not been renewed for a lease.
fn all_have_seen(view: &View, watch: &Watch, revision: Revision, now: Moment) -> bool {
    let has_seen = |record: &NodeRecord| record.seen >= revision;
    let unreadable = view.unreadable().filter_map(|(key, at)| match key {
        Key::Node(node) => Some((key, at, view.nodes.get(node))),
        _ => None,
    });
    let are_silent = |(key, at, last): (&Key, Revision, Option<&(Revision, NodeRecord)>)| {
        last.is_some_and(|(_, record)| has_seen(record)) || watch.silent(key, now) == Some(at)
    };
    let mut nodes = view.nodes.values();
    watch.shown() >= revision
        && nodes.all(|(_, record)| record.state.is_over() || has_seen(record))
        && unreadable.into_iter().all(are_silent)
}
