//! What keeps a node from looking at everything: when it has to, and what it need not for.

use super::Node;
use crate::protocol::key::Key;
use crate::protocol::record::Record;
use crate::protocol::time::Moment;

impl Node {
    /// When to wake it, if nothing happens before.
    #[must_use]
    pub fn wake_at(&self, now: Moment) -> Option<Moment> {
        (!self.has_ended && self.is_synced).then_some(self.next.max(now))
    }

    /// When it has something to do if nothing happens.
    pub(super) fn due(&self, now: Moment) -> Moment {
        let lease = self.setup.lease;
        let shards = self.shards.iter().filter_map(|shard| shard.due(&self.setup.timeouts, lease.renewal()));
        let leaving = self.leaving.map(|since| since.plus(self.setup.timeouts.leave));
        let others = [self.member.due(), self.leadership.due(), self.changes.due(), leaving];
        let all = others.into_iter().flatten().chain(shards).filter(|at| *at > now);
        all.fold(self.watch.due(now).max(now), Moment::min)
    }

    /// Whether this says of another node what is known, but for its renewals, and nobody waits for what it has seen.
    pub(super) fn is_renewal(&self, key: &Key, record: &Record) -> bool {
        let (Key::Node(node), Record::Node(record)) = (key, record) else { return false };
        let known = self.view.nodes.get(node).filter(|_| !self.view.is_unreadable(key));
        *node != self.member.identity().node
            && known.is_some_and(|(_, known)| known.is_renewed_by(record))
            && !self.view.unreadable().any(|(key, _)| matches!(key, Key::Shard(_)))
    }
}
