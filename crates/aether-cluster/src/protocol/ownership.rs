//! Who may write what at the key of a shard. Written by nodes only: released by its owner, acquired by its planned target, and
//! only once it is released or its owner is known to have stopped.

use aether_core::Epoch;
use aether_core::key_value::Revision;

use super::identity::{Identity, Stamp};
use super::key::Key;
use super::record::ShardRecord;
use super::view::View;
use crate::placement::Shard;

/// The epoch after this one.
#[must_use]
pub fn next(epoch: Epoch) -> Epoch {
    Epoch::new(epoch.number().saturating_add(1))
}

/// What stands in the way of acquiring a shard: nothing, with the revision to change and the epoch that follows; or a living
/// owner, with the epoch that would follow its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody owns it, or whoever does has stopped for good.
    Free {
        /// The revision to change.
        revision: Revision,
        /// The epoch to acquire it at.
        epoch: Epoch,
    },
    /// Somebody owns it.
    Owned {
        /// Who.
        owner: Identity,
        /// The epoch after theirs.
        epoch: Epoch,
    },
    /// What stands there cannot be read, and whoever owned it may serve on: nobody takes it until the leader has released it.
    Unknown,
}

/// An epoch that nobody had before `unreadable`, the revision of what cannot be read at the shard's key.
///
/// Each acquisition takes a revision and counts one epoch. So no epoch is higher than the revision that it was given at, and none that
/// was given before `unreadable` as high as that. Where a bucket was copied, and its revisions began anew, the last record that was
/// seen tells: there were no more acquisitions since than there are revisions.
#[must_use]
pub fn unused(last: Option<(Revision, Epoch)>, unreadable: Revision) -> Epoch {
    let since = last.map_or(0, |(revision, epoch)| {
        epoch.number().saturating_add(unreadable.number().saturating_sub(revision.number()))
    });
    Epoch::new(since.max(unreadable.number()))
}

/// How a shard stands in the view. With `revokes` off, as in a test only, a living owner stands in nobody's way.
#[must_use]
pub fn standing(view: &View, shard: Shard, revokes: bool) -> Standing {
    if view.is_unreadable(&Key::Shard(shard)) {
        return Standing::Unknown;
    }
    let Some((revision, record)) = view.shards.get(&shard) else {
        return Standing::Free { revision: Revision::NONE, epoch: Epoch::new(1) };
    };
    let epoch = next(record.epoch);
    match &record.owner {
        Some(owner) if revokes && !view.is_gone(owner, *revision) => {
            Standing::Owned { owner: owner.clone(), epoch }
        }
        _ => Standing::Free { revision: *revision, epoch },
    }
}

/// What is written to acquire a shard at an epoch.
#[must_use]
pub fn acquired(owner: Identity, epoch: Epoch, by: Stamp) -> ShardRecord {
    ShardRecord { owner: Some(owner), epoch, by }
}

/// What is written to release a shard: the epoch stays.
#[must_use]
pub fn released(epoch: Epoch, by: Stamp) -> ShardRecord {
    ShardRecord { owner: None, epoch, by }
}

#[cfg(test)]
mod tests {
    use super::super::identity::Incarnation;
    use super::super::record::{NodeRecord, NodeState, Record};
    use super::*;
    use crate::placement::{Labels, NodeId, Weight};

    const SHARD: Shard = Shard::new(0);

    fn view(owner: Option<u128>, node: Option<(u64, u128, NodeState)>) -> View {
        let (name, by) = (NodeId::new("a").unwrap(), Stamp { incarnation: Incarnation::new(9), nonce: 0 });
        let mut view = View::default();
        let owner = owner.map(|life| Identity { node: name.clone(), incarnation: Incarnation::new(life) });
        let shard = ShardRecord { owner, epoch: Epoch::new(4), by };
        view.see(&Key::Shard(SHARD), Revision::new(10), Record::Shard(shard));
        if let Some((revision, life, state)) = node {
            let record = NodeRecord {
                incarnation: Incarnation::new(life),
                state,
                weight: Weight::USUAL,
                labels: Labels::new(),
                lease: 1,
                seen: Revision::NONE,
                by,
            };
            view.see(&Key::Node(name), Revision::new(revision), Record::Node(record));
        }
        view
    }

    #[test]
    fn a_shard_is_free_when_released_or_when_its_owner_has_stopped_for_good() {
        use NodeState::{Dead, Leaving, Left, Up};
        for (name, view, is_free) in [
            ("released", view(None, None), true),
            ("the owner lives", view(Some(1), Some((11, 1, Up))), false),
            ("the owner is leaving", view(Some(1), Some((11, 1, Leaving))), false),
            ("the owner is dead", view(Some(1), Some((11, 1, Dead))), true),
            ("the owner has left", view(Some(1), Some((9, 1, Left))), true),
            ("a later life stands in its place", view(Some(1), Some((11, 2, Up))), true),
            ("an older record of an earlier life", view(Some(2), Some((9, 1, Dead))), false),
            ("nothing is known of the owner", view(Some(1), None), false),
        ] {
            let found = matches!(standing(&view, SHARD, true), Standing::Free { .. });
            assert_eq!(found, is_free, "{name}");
        }
    }

    #[test]
    fn nobody_takes_what_cannot_be_read() {
        let mut view = view(None, None);
        assert!(!view.see_unreadable(&Key::Shard(SHARD), Revision::new(10)));
        assert!(view.see_unreadable(&Key::Shard(SHARD), Revision::new(20)));
        assert_eq!(standing(&view, SHARD, true), Standing::Unknown);
        assert_eq!(view.revision(&Key::Shard(SHARD)), Revision::new(20));
    }

    #[test]
    fn an_unused_epoch_is_higher_than_any_that_can_have_been_given() {
        let last = |revision, epoch| Some((Revision::new(revision), Epoch::new(epoch)));
        for (name, last, wanted) in [
            ("nothing was seen", None, 20),
            // It may have changed hands at 11, 12, and so on: at 19 for the ninth time.
            ("the highest that can be", last(10, 10), 20),
            ("it was acquired a few times only", last(10, 3), 20),
            ("of a copied bucket", last(10, 500), 510),
            ("there is none higher", last(10, u64::MAX), u64::MAX),
        ] {
            assert_eq!(unused(last, Revision::new(20)), Epoch::new(wanted), "{name}");
        }
    }

    #[test]
    fn acquiring_counts_and_releasing_does_not() {
        let Standing::Free { revision, epoch } = standing(&view(None, None), SHARD, true) else {
            panic!("not free");
        };
        assert_eq!((revision, epoch), (Revision::new(10), Epoch::new(5)));
        let free = standing(&View::default(), SHARD, true);
        assert_eq!(free, Standing::Free { revision: Revision::NONE, epoch: Epoch::new(1) });
    }
}
