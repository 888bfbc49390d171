//! How much of the bucket a node watches: everything, or what a quiet follower needs.

use aether_core::key_value::Revision;

use super::identity::Identity;
use super::key::Key;
use super::time::{Lease, Moment};
use super::view::View;
use super::watch::Watch;

/// How much of the bucket a node watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything: the leader, its standbys, and whoever does not know that somebody leads.
    All,
    /// All but the nodes and what operators want of them: of these the leader tells, at `members`.
    Follower,
}

impl Scope {
    /// Whether a watch of this scope shows what stands at the key.
    #[must_use]
    pub fn shows(self, key: &Key) -> bool {
        self == Self::All || !matches!(key, Key::Node(_) | Key::Standing(_))
    }
}

/// Chooses the scope for one node.
#[derive(Debug, Default)]
pub struct Scoping {
    /// Where the leader was silent for a lease: until it has been renewed, whoever noticed watches everything.
    silent_at: Option<Revision>,
}

impl Scoping {
    /// How much the member `me` is to watch.
    pub fn wanted(
        &mut self,
        me: &Identity,
        leads: bool,
        view: &View,
        watch: &Watch,
        lease: Lease,
        now: Moment,
    ) -> Scope {
        let Some((revision, record)) = view.leader.as_ref().filter(|(_, record)| record.leader.is_some())
        else {
            return Scope::All;
        };
        if watch.unchanged(&Key::Leader, now).is_some_and(|(_, time)| time >= lease.length()) {
            self.silent_at = Some(*revision);
        }
        self.silent_at = self.silent_at.filter(|silent| *silent >= *revision);
        if leads || self.silent_at.is_some() {
            return Scope::All;
        }
        let Some((_, members)) = view.members.as_ref().filter(|(_, members)| members.term == record.term)
        else {
            // A leader that has only just begun: who its standbys are is to be seen.
            return watch.scope();
        };
        let listed = members.nodes.get(&me.node);
        let is_listed = listed.is_some_and(|listed| listed.incarnation == me.incarnation);
        if is_listed && !members.standbys.contains(&me.node) { Scope::Follower } else { Scope::All }
    }
}
