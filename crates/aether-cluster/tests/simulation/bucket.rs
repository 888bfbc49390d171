//! A bucket: compare-and-set by key, revisions over all keys, and what must be so at each change.

use std::collections::BTreeMap;

use aether_cluster::protocol::{Identity, Key, NodeRecord, Record, ShardRecord, Term};
use aether_core::key_value::Revision;

use crate::world::{LEASE, Micros, OUTAGE_MARGIN};

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) revision: Revision,
    /// Nothing where nobody can read it.
    pub(crate) record: Option<Record>,
    pub(crate) at: Micros,
}

#[derive(Debug, Default)]
pub(crate) struct Bucket {
    last: u64,
    entries: BTreeMap<Key, Entry>,
    /// What stood there before: for readings that are old.
    before: BTreeMap<Key, Entry>,
    /// The last record that stood there.
    readable: BTreeMap<Key, Record>,
    /// The highest epoch that was ever given.
    given: BTreeMap<Key, u64>,
    /// When it took no changes.
    outages: Vec<(Micros, Micros)>,
    pub(crate) leader_changed: Micros,
}

impl Bucket {
    pub(crate) fn get(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The record that stands there, or did before somebody wrote over it.
    pub(crate) fn record(&self, key: &Key) -> Option<&Record> {
        self.readable.get(key)
    }

    /// The keys that nobody can read, but for those of nodes and operators, which nobody has to repair.
    pub(crate) fn broken(&self) -> Option<&Key> {
        let is_left = |key: &Key| matches!(key, Key::Node(_) | Key::Standing(_));
        self.entries.iter().find(|(key, entry)| entry.record.is_none() && !is_left(key)).map(|(key, _)| key)
    }

    pub(crate) fn get_old(&self, key: &Key) -> Option<&Entry> {
        self.before.get(key).or_else(|| self.get(key))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        self.entries.iter()
    }

    pub(crate) fn shard(&self, key: &Key) -> Option<&ShardRecord> {
        match self.record(key) {
            Some(Record::Shard(record)) => Some(record),
            _ => None,
        }
    }

    pub(crate) fn fail(&mut self, from: Micros, to: Micros) {
        match self.outages.last_mut().filter(|(_, end)| *end >= from) {
            Some((_, end)) => *end = to.max(*end),
            None => self.outages.push((from, to)),
        }
    }

    pub(crate) fn is_out(&self, now: Micros) -> bool {
        self.outages.iter().any(|(from, to)| (*from..*to).contains(&now))
    }

    /// Stores the record where the key stands at `expected`, or wherever it stands without one.
    pub(crate) fn put(
        &mut self,
        key: &Key,
        expected: Option<Revision>,
        record: Record,
        now: Micros,
    ) -> Result<Option<Revision>, String> {
        let stands = self.get(key).map_or(Revision::NONE, |entry| entry.revision);
        if expected.is_some_and(|expected| expected != stands) {
            return Ok(None);
        }
        self.check(key, &record, now)?;
        if let (Key::Leader, Some(Record::Leader(old)), Record::Leader(new)) =
            (key, self.record(key), &record)
            && old.term != new.term
        {
            self.leader_changed = now;
        }
        self.readable.insert(key.clone(), record.clone());
        if let (Key::Shard(_), Record::Shard(record)) = (key, &record) {
            self.given.insert(key.clone(), record.epoch.number());
        }
        Ok(Some(self.insert(key, Some(record), now)))
    }

    /// Deletes what stands there at `expected`: a node that is over.
    pub(crate) fn delete(
        &mut self,
        key: &Key,
        expected: Option<Revision>,
        now: Micros,
    ) -> Result<Option<Revision>, String> {
        let stands = self.get(key).map_or(Revision::NONE, |entry| entry.revision);
        if expected.is_some_and(|expected| expected != stands) {
            return Ok(None);
        }
        let present = self.get(key).and_then(|entry| entry.record.as_ref());
        match present {
            Some(Record::Node(node)) if !node.state.is_over() => Err(format!("{key}: forgotten, and lives")),
            _ => Ok(Some(self.insert(key, None, now))),
        }
    }

    /// Somebody else writes there, or deletes it.
    pub(crate) fn spoil(&mut self, key: &Key, now: Micros) -> Revision {
        self.insert(key, None, now)
    }

    fn insert(&mut self, key: &Key, record: Option<Record>, now: Micros) -> Revision {
        self.last += 1;
        let revision = Revision::new(self.last);
        if let Some(old) = self.entries.insert(key.clone(), Entry { revision, record, at: now }) {
            self.before.insert(key.clone(), old);
        }
        revision
    }

    fn check(&self, key: &Key, new: &Record, now: Micros) -> Result<(), String> {
        match (new, self.record(key)) {
            (Record::Node(new), Some(Record::Node(old))) => self.check_node(key, old, new, now),
            (Record::Leader(new), Some(Record::Leader(old))) => check_term("leader", old.term, new.term),
            (Record::Plan(new), Some(Record::Plan(old))) => check_term("plan", old.term, new.term),
            (Record::Members(new), Some(Record::Members(old))) => check_term("members", old.term, new.term),
            (Record::Shard(new), old) => {
                let old = old.and_then(|old| if let Record::Shard(old) = old { Some(old) } else { None });
                self.check_shard(key, old, new)
            }
            _ => Ok(()),
        }
    }

    fn check_node(&self, key: &Key, old: &NodeRecord, new: &NodeRecord, now: Micros) -> Result<(), String> {
        if old.incarnation == new.incarnation && old.state.is_over() && !new.state.is_over() {
            return Err(format!("{key}: a dead incarnation came back"));
        }
        let is_death = new.by.incarnation != new.incarnation && !old.state.is_over();
        if is_death {
            let since = self.get(key).map_or(0, |entry| entry.at);
            let out: Micros =
                self.outages.iter().map(|(from, to)| (*to).min(now).saturating_sub((*from).max(since))).sum();
            let could = (now - since).saturating_sub(out);
            if could < LEASE * OUTAGE_MARGIN / 100 {
                return Err(format!("{key}: declared dead, and could have renewed for {could} us only"));
            }
        }
        Ok(())
    }

    fn check_shard(&self, key: &Key, old: Option<&ShardRecord>, new: &ShardRecord) -> Result<(), String> {
        let (owner, epoch) = old.map_or((None, 0), |old| (old.owner.as_ref(), old.epoch.number()));
        let given = self.given.get(key).copied().unwrap_or_default();
        if self.get(key).is_some_and(|entry| entry.record.is_none()) {
            let is_unused = new.owner.is_none() && new.epoch.number() > given;
            return if is_unused { Ok(()) } else { Err(format!("{key}: {new:?} over what nobody can read")) };
        }
        match (&new.owner, owner) {
            (None, Some(_)) if new.epoch.number() == epoch => Ok(()),
            (Some(_), None) if new.epoch.number() == epoch + 1 => Ok(()),
            (Some(_), Some(owner)) if new.epoch.number() == epoch + 1 => {
                if self.is_over(owner) {
                    Ok(())
                } else {
                    Err(format!("{key}: taken from {owner}, which lives"))
                }
            }
            _ => Err(format!("{key}: {old:?} became {new:?}")),
        }
    }

    pub(crate) fn is_over(&self, identity: &Identity) -> bool {
        match self.record(&Key::Node(identity.node.clone())) {
            Some(Record::Node(node)) => node.incarnation != identity.incarnation || node.state.is_over(),
            _ => false,
        }
    }
}

fn check_term(what: &str, old: Term, new: Term) -> Result<(), String> {
    if new < old { Err(format!("{what}: term {new:?} after {old:?}")) } else { Ok(()) }
}
