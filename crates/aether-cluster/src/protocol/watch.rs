//! Who is silent: a record that has not changed for a lease, by the clock of whoever watches.
//!
//! Silence counts only while the watch is known to work. An observer renews a record of its own and waits to see it come
//! through the same watch. When it has not for two thirds of a lease, it may be the watch or the bucket that is silent: then all its
//! clocks start again, and it asks for a new watch. So after an outage in which nobody could renew, nobody is declared dead.
//!
//! A follower's watch does not show the own renewals. It declares nobody dead, and those of the leader are its sign of life.

use std::collections::BTreeMap;
use std::time::Duration;

use aether_core::key_value::Revision;

use super::key::Key;
use super::scope::Scope;
use super::time::{Lease, Moment};

/// How long each record has not changed.
#[derive(Debug)]
pub struct Watch {
    lease: Lease,
    own: Key,
    scope: Scope,
    /// Whether it has shown what was there.
    is_synced: bool,
    /// The latest of the own records that came through the watch, and when.
    own_seen: (Revision, Moment),
    since: BTreeMap<Key, (Revision, Moment)>,
    /// When a new watch was last asked for.
    asked: Moment,
    /// Up to where everything was shown, and the latest that was shown at all.
    shown: Revision,
    latest: Revision,
    /// Off in a test only.
    needs_own: bool,
}

impl Watch {
    /// A watch of an observer whose own record is `own`.
    #[must_use]
    pub fn new(lease: Lease, own: Key, now: Moment, needs_own: bool) -> Self {
        let (scope, own_seen, since) = (Scope::All, (Revision::NONE, now), BTreeMap::new());
        let (shown, latest) = (Revision::NONE, Revision::NONE);
        Self { lease, own, scope, is_synced: false, own_seen, since, asked: now, shown, latest, needs_own }
    }

    /// How much it shows.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// It is replaced by one of this scope: all silence counts anew.
    pub fn begin(&mut self, scope: Scope, now: Moment) {
        (self.scope, self.is_synced, self.own_seen.1, self.asked) = (scope, false, now, now);
        self.since.retain(|key, _| scope.shows(key));
        self.since.values_mut().for_each(|(_, since)| *since = now);
    }

    /// It has shown what was there.
    pub fn synced(&mut self) {
        self.is_synced = true;
        self.shown = self.latest;
    }

    /// Up to where it has shown everything: it shows changes in their order, once it has shown what was there.
    #[must_use]
    pub fn shown(&self) -> Revision {
        self.shown
    }

    /// Whether it shows everything, and has.
    #[must_use]
    pub fn knows_all(&self) -> bool {
        self.scope == Scope::All && self.is_synced
    }

    /// Takes what came through the watch, whether or not it can be read.
    pub fn see(&mut self, key: &Key, revision: Revision, now: Moment) {
        self.latest = self.latest.max(revision);
        if self.is_synced {
            self.shown = self.latest;
        }
        if *key == self.own && revision > self.own_seen.0 {
            if !self.is_trusted(now) {
                self.since.values_mut().for_each(|(_, since)| *since = now);
            }
            self.own_seen = (revision, now);
        }
        let seen = self.since.entry(key.clone()).or_insert((revision, now));
        if revision > seen.0 {
            *seen = (revision, now);
        }
    }

    /// Takes that nothing has come where something should be: it is silent from now on.
    pub fn miss(&mut self, key: &Key, now: Moment) {
        if !self.since.contains_key(key) {
            self.since.insert(key.clone(), (Revision::NONE, now));
        }
    }

    /// For how long the key has not changed, whether or not that counts.
    #[must_use]
    pub fn unchanged(&self, key: &Key, now: Moment) -> Option<(Revision, Duration)> {
        self.since.get(key).map(|(revision, since)| (*revision, now.since(*since)))
    }

    /// The revision at which the key has been silent for a lease, if it has and that counts.
    #[must_use]
    pub fn silent(&self, key: &Key, now: Moment) -> Option<Revision> {
        let (revision, unchanged) = self.unchanged(key, now)?;
        let counts = self.scope == Scope::All && self.is_trusted(now);
        (unchanged >= self.lease.length() && counts).then_some(revision)
    }

    /// Whether the key has not changed for two thirds of a lease, if that counts: it may soon be silent.
    #[must_use]
    pub fn suspects(&self, key: &Key, now: Moment) -> bool {
        let unchanged = self.unchanged(key, now);
        let is_late = unchanged.is_some_and(|(_, unchanged)| unchanged >= self.lease.trust());
        is_late && self.scope.shows(key) && self.is_trusted(now)
    }

    /// Whether a new watch is to be made now: once, and again each third of a lease until it shows a sign of life.
    pub fn asks_for_another(&mut self, now: Moment) -> bool {
        let is_due = !self.is_trusted(now) && now.since(self.asked) >= self.lease.renewal();
        if is_due {
            self.asked = now;
        }
        is_due
    }

    /// When there is something to do if nothing is seen.
    #[must_use]
    pub fn due(&self, now: Moment) -> Moment {
        let distrust = self.sign_of_life().plus(self.lease.trust());
        let again = self.asked.plus(self.lease.renewal());
        let silences = self.since.values().map(|(_, since)| since.plus(self.lease.length()));
        silences.filter(|at| *at > now).chain([distrust.max(again)]).min().unwrap_or(distrust)
    }

    fn is_trusted(&self, now: Moment) -> bool {
        let is_alive = now.since(self.sign_of_life()) < self.lease.trust();
        is_alive || (self.scope == Scope::All && !self.needs_own)
    }

    /// When it was last seen to work: it shows the own renewals, or to followers those of the leader.
    fn sign_of_life(&self) -> Moment {
        match self.scope {
            Scope::All => self.own_seen.1,
            Scope::Follower => self.since.get(&Key::Leader).map_or(self.own_seen.1, |(_, since)| *since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::NodeId;

    fn node(name: &str) -> Key {
        Key::Node(NodeId::new(name).unwrap())
    }

    fn at(milliseconds: u64) -> Moment {
        Moment::new(Duration::from_millis(milliseconds))
    }

    fn watch() -> Watch {
        Watch::new(Lease::new(Duration::from_secs(1)), node("me"), at(0), true)
    }

    /// Sees own renewals each third of a second, from one moment to another.
    fn renew(watch: &mut Watch, from: u64, to: u64) {
        for time in (from..=to).step_by(333) {
            watch.see(&node("me"), Revision::new(100 + time), at(time));
        }
    }

    #[test]
    fn a_record_is_silent_after_a_lease_without_a_change() {
        let mut watch = watch();
        watch.see(&node("a"), Revision::new(1), at(0));
        renew(&mut watch, 0, 999);
        assert_eq!(watch.silent(&node("a"), at(999)), None);
        assert_eq!(watch.silent(&node("a"), at(1_000)), Some(Revision::new(1)));
        watch.see(&node("a"), Revision::new(2), at(1_000));
        assert_eq!(watch.silent(&node("a"), at(1_001)), None);
    }

    #[test]
    fn an_observer_that_does_not_see_itself_counts_nobody_silent() {
        let mut watch = watch();
        watch.see(&node("a"), Revision::new(1), at(0));
        renew(&mut watch, 0, 333);
        assert_eq!(watch.silent(&node("a"), at(1_100)), None);
        assert!(watch.asks_for_another(at(1_100)));
        assert!(!watch.asks_for_another(at(1_101)));
        // It sees itself again: from then on it counts from the start.
        renew(&mut watch, 1_500, 2_500);
        assert_eq!(watch.silent(&node("a"), at(2_499)), None);
        assert_eq!(watch.silent(&node("a"), at(2_500)), Some(Revision::new(1)));
    }

    #[test]
    fn an_old_record_of_ones_own_that_comes_again_is_no_sign() {
        let mut watch = watch();
        renew(&mut watch, 0, 0);
        watch.see(&node("me"), Revision::new(100), at(600));
        assert!(watch.asks_for_another(at(700)));
    }
}
