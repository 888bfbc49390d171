//! Whom a leader forgets: nodes that have been over for long. What operators want of them stays, for when they come back.

use std::time::Duration;

use super::identity::Stamp;
use super::key::Key;
use super::leader::Draft;
use super::record::Record;
use super::time::Moment;
use super::view::View;
use super::watch::Watch;

/// Deletes what has not changed for so long at the keys of nodes that are over, own nothing and are planned for nothing.
pub(super) fn wanted(
    view: &View,
    watch: &Watch,
    after: Duration,
    now: Moment,
    mut stamp: impl FnMut() -> Stamp,
) -> Vec<Draft> {
    let keys = view.idle_over().into_iter().map(|node| Key::Node(node.clone()));
    let is_old = |key: &Key| {
        let unchanged = watch.unchanged(key, now);
        unchanged.is_some_and(|(at, time)| at == view.revision(key) && time >= after)
    };
    keys.filter(is_old)
        .map(|key| Draft { expected: view.revision(&key), key, record: Record::Deleted(stamp()) })
        .collect()
}
