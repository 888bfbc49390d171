//! Checkpoints of a log that is not this one, since the store lost its tail.

use aether_core::error::HistoryRewound;
use aether_core::{EventId, Position, StartAt, Subscribe, SubscriptionError};

use super::reader::{Reader, actors, append};
use crate::suite::check::same;
use crate::suite::{Fixture, StoreUnderTest};

/// Returns what a subscription says that must find a rewound log, at once or with its first item.
async fn rewound(store: &impl Subscribe, position: Position) -> HistoryRewound {
    let start = StartAt::After(vec![position].into());
    let error = match store.subscribe(aether_core::Filter::any(), start).await {
        Err(error) => Some(error),
        Ok(subscription) => Reader(subscription).item().await.and_then(Result::err),
    };
    match error {
        Some(SubscriptionError::Rewound(rewound)) => *rewound,
        other => {
            panic!("a checkpoint of another log is said to be so\n  wanted: Rewound\n    seen: {other:?}")
        }
    }
}

pub(crate) async fn a_position_beyond_the_end_is_of_a_rewound_log<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 1));
    let end = append(&store, &actors[0], 1).await.position;
    let lost = EventId::generate();
    for id in [Some(lost), None] {
        let beyond = Position::new(end.partition(), end.sequence() + 1_000, 0, id);
        same("the error names the position", rewound(&store, beyond.clone()).await.position, beyond);
    }
}

pub(crate) async fn another_event_at_a_position_is_of_a_rewound_log<F>(fixture: Fixture<F>)
where
    F: StoreUnderTest<Store: Subscribe>,
{
    let (store, actors) = (fixture.open().await, actors(&fixture, 1));
    let at = append(&store, &actors[0], 1).await.position;
    append(&store, &actors[0], 1).await;
    let lost = Position::new(at.partition(), at.sequence(), at.index(), Some(EventId::generate()));
    same("the error names the position", rewound(&store, lost.clone()).await.position, lost);
}
