//! What was rejected, for as long as copies of it may be under way. Pure.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use super::mail::Key;
use crate::protocol::Moment;

/// The commands that one ownership has rejected. None is forgotten before its time: who fills it has to stop before it is full.
#[derive(Debug, Default)]
pub(super) struct Rejected {
    answers: HashMap<Key, Bytes>,
    /// In the order in which they are forgotten.
    order: VecDeque<(Moment, Key)>,
}

impl Rejected {
    pub(super) fn insert(&mut self, key: Key, answer: Bytes, now: Moment, remember: Duration) {
        if self.answers.insert(key.clone(), answer).is_none() {
            self.order.push_back((now.plus(remember), key));
        }
    }

    pub(super) fn find(&self, key: &Key) -> Option<&Bytes> {
        self.answers.get(key)
    }

    /// How many there are, after those whose time has come were forgotten.
    pub(super) fn count(&mut self, now: Moment) -> usize {
        while self.order.front().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, key)) = self.order.pop_front() {
                self.answers.remove(&key);
            }
        }
        self.answers.len()
    }
}

#[cfg(test)]
mod tests {
    use aether_core::{ActorId, CommandId};

    use super::*;

    #[test]
    fn a_rejected_command_is_remembered_for_its_time() {
        let key = |id: &str| Key { actor: ActorId::new("a").unwrap(), command: CommandId::new(id).unwrap() };
        let at = |seconds| Moment::new(Duration::from_secs(seconds));
        let mut rejected = Rejected::default();
        rejected.insert(key("1"), Bytes::from_static(b"no"), at(0), Duration::from_secs(60));
        rejected.insert(key("2"), Bytes::from_static(b"no"), at(30), Duration::from_secs(60));
        assert_eq!(rejected.count(at(59)), 2);
        assert_eq!(rejected.count(at(60)), 1);
        assert!(rejected.find(&key("1")).is_none() && rejected.find(&key("2")).is_some());
        assert_eq!(rejected.count(at(90)), 0);
    }
}
