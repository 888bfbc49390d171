//! Changing a key until it is known what became of it.
//!
//! A refusal (10071, 10164) and no answer say nothing yet: an earlier attempt may have been stored. So the key is read at the
//! leader of the bucket, and what is there decides.

use std::collections::BTreeMap;
use std::time::Duration;

use aether_core::key_value::Revision;

use super::identity::Stamp;
use super::key::Key;
use super::record::Record;
use super::time::Moment;

/// What the bucket said to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was stored, as this revision.
    Stored(Revision),
    /// The key did not stand where it was expected.
    Refused,
}

/// What reading the key tells of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was stored.
    Stored(Revision),
    /// Not yet, or this reading is older: attempt the same again.
    Repeat,
    /// Somebody else's stands there: it was not stored, or is not there any more.
    Lost,
}

/// Judges a change of a key from `expected` by what stands there: its own value means success, an unchanged key that it is to be
/// repeated, anything else that it is lost. What has no stamp is no record, and somebody else's.
#[must_use]
pub fn judge(expected: Revision, stamp: Stamp, found: Option<(Revision, Option<Stamp>)>) -> Verdict {
    match found {
        Some((revision, Some(found))) if found == stamp => Verdict::Stored(revision),
        Some((revision, _)) if revision > expected => Verdict::Lost,
        // At `expected`, or before it, as a leader may read that does not know yet that it is one no more.
        _ => Verdict::Repeat,
    }
}

/// A change whose outcome is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The key.
    pub key: Key,
    /// What was to be written.
    pub record: Record,
    /// When it was first sent: what it proves, it proves of no later moment.
    pub sent: Moment,
    /// The revision that it was stored as, or nothing when it was lost.
    pub revision: Option<Revision>,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Nothing.
    Wait,
    /// Attempt this.
    Attempt(Key, Revision, Record),
    /// Read the key at the bucket's leader.
    Read(Key),
    /// The outcome is known.
    Settled(Settled),
}

#[derive(Debug)]
struct Open {
    expected: Revision,
    record: Record,
    sent: Moment,
    asked: Moment,
    /// Since a refusal: the key is being read, or is to be.
    is_reading: bool,
}

/// The changes under way: one of a key at most.
#[derive(Debug)]
pub struct Changes {
    open: BTreeMap<Key, Open>,
    patience: Duration,
}

impl Changes {
    /// No changes; an answer is waited for so long.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        Self { open: BTreeMap::new(), patience }
    }

    /// Whether a change of the key is under way.
    #[must_use]
    pub fn is_open(&self, key: &Key) -> bool {
        self.open.contains_key(key)
    }

    /// Begins a change. One that is under way goes on instead.
    pub fn begin(&mut self, key: Key, expected: Revision, record: Record, now: Moment) -> Step {
        if self.is_open(&key) {
            return Step::Wait;
        }
        let open = Open { expected, record: record.clone(), sent: now, asked: now, is_reading: false };
        self.open.insert(key.clone(), open);
        Step::Attempt(key, expected, record)
    }

    /// Takes the answer to the attempt that wrote `stamp`.
    pub fn answered(&mut self, key: &Key, stamp: Stamp, answer: Answer, now: Moment) -> Step {
        let Some(open) = self.open.get_mut(key).filter(|open| open.record.stamp() == stamp) else {
            return Step::Wait;
        };
        match answer {
            Answer::Stored(revision) => self.settle(key, Some(revision)),
            Answer::Refused if open.is_reading => Step::Wait,
            Answer::Refused => {
                (open.is_reading, open.asked) = (true, now);
                Step::Read(key.clone())
            }
        }
    }

    /// Takes what was read at the key.
    pub fn found(&mut self, key: &Key, found: Option<(Revision, Option<Stamp>)>, now: Moment) -> Step {
        let Some(open) = self.open.get_mut(key) else { return Step::Wait };
        match judge(open.expected, open.record.stamp(), found) {
            Verdict::Stored(revision) => self.settle(key, Some(revision)),
            Verdict::Lost => self.settle(key, None),
            Verdict::Repeat => {
                (open.is_reading, open.asked) = (false, now);
                Step::Attempt(key.clone(), open.expected, open.record.clone())
            }
        }
    }

    /// Reads the keys of the changes that nobody has answered.
    pub fn overdue(&mut self, now: Moment) -> Vec<Step> {
        let patience = self.patience;
        let late = self.open.iter_mut().filter(|(_, open)| now.since(open.asked) >= patience);
        late.map(|(key, open)| {
            (open.is_reading, open.asked) = (true, now);
            Step::Read(key.clone())
        })
        .collect()
    }

    /// When [`overdue`](Self::overdue) has something to do.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        self.open.values().map(|open| open.asked.plus(self.patience)).min()
    }

    fn settle(&mut self, key: &Key, revision: Option<Revision>) -> Step {
        match self.open.remove(key) {
            Some(Open { record, sent, .. }) => {
                Step::Settled(Settled { key: key.clone(), record, sent, revision })
            }
            None => Step::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::{Incarnation, Term};
    use super::super::record::LeaderRecord;
    use super::*;

    fn stamp(nonce: u64) -> Stamp {
        Stamp { incarnation: Incarnation::new(1), nonce }
    }

    fn at(revision: u64, nonce: u64) -> Option<(Revision, Option<Stamp>)> {
        Some((Revision::new(revision), Some(stamp(nonce))))
    }

    #[test]
    fn the_table_of_verdicts() {
        let expected = Revision::new(5);
        for (name, found, wanted) in [
            ("its own value", at(8, 1), Verdict::Stored(Revision::new(8))),
            ("unchanged", at(5, 7), Verdict::Repeat),
            ("an older reading", at(4, 7), Verdict::Repeat),
            ("somebody else's", at(8, 7), Verdict::Lost),
            ("what nobody can read", Some((Revision::new(8), None)), Verdict::Lost),
            ("the same, before", Some((Revision::new(5), None)), Verdict::Repeat),
            ("nothing", None, Verdict::Repeat),
        ] {
            assert_eq!(judge(expected, stamp(1), found), wanted, "{name}");
        }
    }

    #[test]
    fn a_change_without_an_answer_is_read_and_then_repeated_as_it_was() {
        let record = Record::Leader(LeaderRecord { leader: None, term: Term::new(1), by: stamp(1) });
        let (mut changes, patience) = (Changes::new(Duration::from_secs(1)), Duration::from_secs(1));
        let (start, later) = (Moment::START, Moment::START.plus(patience));
        let first = changes.begin(Key::Leader, Revision::NONE, record.clone(), start);
        assert_eq!(changes.overdue(start), []);
        assert_eq!(changes.overdue(later), [Step::Read(Key::Leader)]);
        assert_eq!(changes.found(&Key::Leader, None, later), first);
        // The first attempt's answer, which is also the second one's.
        let settled = changes.answered(&Key::Leader, stamp(1), Answer::Stored(Revision::new(3)), later);
        let revision = Some(Revision::new(3));
        assert_eq!(settled, Step::Settled(Settled { key: Key::Leader, record, sent: start, revision }));
        assert!(!changes.is_open(&Key::Leader));
    }
}
