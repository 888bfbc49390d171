//! How far a slice has come: what was handed to the lanes and what of it is done. Pure.

use std::collections::{BTreeMap, VecDeque};

use aether_core::{Checkpoint, Position};

/// Keeps, of one slice, the events that are being handled, in the order of their positions.
#[derive(Debug)]
pub(crate) struct Tracker {
    /// Everything up to here is done.
    done: Checkpoint,
    /// The latest event that was handed to a lane, or passed over for its actor is parked, in each partition.
    handed: Checkpoint,
    /// By partition.
    open: BTreeMap<u32, VecDeque<Open>>,
}

#[derive(Debug)]
struct Open {
    position: Position,
    is_done: bool,
}

impl Tracker {
    /// Goes on after `checkpoint`.
    pub(crate) fn new(checkpoint: Checkpoint) -> Self {
        Self { handed: checkpoint.clone(), done: checkpoint, open: BTreeMap::new() }
    }

    /// Everything up to here was handed out, or done before.
    pub(crate) fn handed(&self) -> &Checkpoint {
        &self.handed
    }

    /// Says whether the event at `position` was handed out, or done before.
    pub(crate) fn has(&self, position: &Position) -> bool {
        self.handed.covers(position)
    }

    /// Notes that the event at `position` is handed to a lane.
    pub(crate) fn hand(&mut self, position: Position) {
        self.handed.advance(position.clone());
        self.open.entry(position.partition()).or_default().push_back(Open { position, is_done: false });
    }

    /// Notes that the event at `position` was passed over.
    pub(crate) fn pass_over(&mut self, position: &Position) {
        self.hand(position.clone());
        self.complete(position);
    }

    /// Notes that the event at `position` is done.
    pub(crate) fn complete(&mut self, position: &Position) {
        let Some(open) = self.open.get_mut(&position.partition()) else { return };
        let place = |position: &Position| (position.sequence(), position.index());
        if let Ok(at) = open.binary_search_by_key(&place(position), |open| place(&open.position))
            && let Some(event) = open.get_mut(at)
        {
            event.is_done = true;
        }
        while open.front().is_some_and(|first| first.is_done)
            && let Some(first) = open.pop_front()
        {
            self.done.advance(first.position);
        }
    }

    /// Notes that everything up to `checkpoint` was read: what was not handed out of it is nothing for this slice.
    pub(crate) fn read(&mut self, checkpoint: &Checkpoint) {
        for position in checkpoint.positions() {
            if self.open.get(&position.partition()).is_none_or(VecDeque::is_empty) {
                self.done.advance(position.clone());
                self.handed.advance(position.clone());
            }
        }
    }

    /// Everything up to here is done.
    pub(crate) fn checkpoint(&self) -> &Checkpoint {
        &self.done
    }

    /// How many events are being handled.
    pub(crate) fn open(&self) -> usize {
        self.open.values().map(VecDeque::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(partition: u32, sequence: u64) -> Position {
        Position::new(partition, sequence, 0, None)
    }

    #[test]
    fn nothing_that_is_being_handled_is_passed() {
        let mut tracker = Tracker::new(Checkpoint::default());
        [3, 5, 8].into_iter().for_each(|sequence| tracker.hand(at(0, sequence)));
        tracker.hand(at(1, 2));
        tracker.complete(&at(0, 5));
        tracker.read(&vec![at(0, 9), at(1, 9)].into());
        assert_eq!(tracker.checkpoint(), &Checkpoint::default());
        tracker.complete(&at(0, 3));
        assert_eq!(tracker.checkpoint(), &vec![at(0, 5)].into());
        tracker.complete(&at(0, 8));
        tracker.read(&vec![at(0, 9), at(1, 9)].into());
        assert_eq!(tracker.checkpoint(), &vec![at(0, 9)].into());
        tracker.complete(&at(1, 2));
        assert_eq!(tracker.checkpoint(), &vec![at(0, 9), at(1, 2)].into());
        assert_eq!(tracker.open(), 0);
    }

    proptest! {
        #[test]
        fn the_checkpoint_covers_what_is_done_up_to_what_is_not(order in Just((1..60u64).collect::<Vec<_>>()).prop_shuffle()) {
            let mut tracker = Tracker::new(Checkpoint::default());
            (1..60).for_each(|sequence| tracker.hand(at(0, sequence)));
            let mut done = std::collections::BTreeSet::new();
            for sequence in order {
                tracker.complete(&at(0, sequence));
                done.insert(sequence);
                let all = (1..60).take_while(|sequence| done.contains(sequence)).last();
                prop_assert_eq!(tracker.checkpoint().positions().next().map(Position::sequence), all);
            }
        }
    }
}
