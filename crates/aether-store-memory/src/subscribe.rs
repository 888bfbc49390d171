//! Where subscriptions begin.

use std::sync::Arc;

use aether_core::error::{HistoryRewound, Unsupported};
use aether_core::{
    Checkpoint, Filter, Position, RecordedEvent, StartAt, Subscribe, Subscription, SubscriptionError,
    Timestamp,
};

use crate::MemoryStore;
use crate::data::Data;
use crate::follow::Follow;
use crate::order::Filled;

impl Subscribe for MemoryStore {
    /// As the contract says. [`StartAt::Time`] needs a store that
    /// [keeps times](crate::MemoryStoreBuilder::keep_times).
    ///
    /// The first subscription of a store puts into order all that is stored; from then on, that is done as it is read, and
    /// the store keeps a pointer more for each event.
    ///
    /// It ends, after the last event, when the last handle of the store is dropped: it is no handle itself.
    async fn subscribe(&self, filter: Filter, start: StartAt) -> Result<Subscription, SubscriptionError> {
        let data = self.data();
        let (from, follow) = begin(data, start)?;
        let log = Arc::downgrade(data);
        let end = move || log.upgrade().map(|data| data.latest.sequence());
        Ok(Subscription::new(filter, &from, follow).with_end(end))
    }
}

fn begin(data: &Arc<Data>, start: StartAt) -> Result<(Checkpoint, Follow), SubscriptionError> {
    let order = data.order.filled(data);
    let (next, from) = match start {
        StartAt::Beginning => (0, Checkpoint::default()),
        StartAt::After(checkpoint) => (after(&order, &checkpoint)?, checkpoint),
        StartAt::Time(time) => {
            let next = since(data, &order, time)?;
            (next, order.up_to(next))
        }
        StartAt::Now => (order.len(), order.whole()),
        _ => {
            return Err(
                unsupported("subscribe from there", "a start that this store knows", "another").into()
            );
        }
    };
    Ok((from, Follow::new(Arc::clone(data), next, order.len())))
}

/// Returns the number of the first event behind the checkpoint, which must be of this very log.
fn after(order: &Filled, checkpoint: &Checkpoint) -> Result<usize, SubscriptionError> {
    let mut next = 0;
    for position in checkpoint.positions() {
        let place = (position.sequence(), position.index());
        let at = order.before(place);
        let found = order.get(at).filter(|event| (event.sequence(), event.index()) == place);
        check(order, position, found)?;
        next = at + usize::from(found.is_some());
    }
    Ok(next)
}

/// Checks that the log has at a position what the position stands for.
fn check(
    order: &Filled,
    position: &Position,
    found: Option<&RecordedEvent>,
) -> Result<(), SubscriptionError> {
    let past_end = position.partition() != 0 || position.sequence() > order.end();
    let same = position.event_id().is_none_or(|id| found.is_some_and(|event| event.id() == id));
    if same && !past_end {
        return Ok(());
    }
    let what = || found.map_or_else(|| "no event".to_owned(), |event| format!("event {}", event.id()));
    let found = (!past_end).then(what);
    Err(Box::new(HistoryRewound { position: position.clone(), found }).into())
}

/// Returns the number of the first event that was stored at `time` or later.
fn since(data: &Data, order: &Filled, time: Timestamp) -> Result<usize, SubscriptionError> {
    let keeps = "a store that keeps times: MemoryStore::builder().keep_times()";
    let first = data.shards.first_since(time);
    let first = first.ok_or_else(|| unsupported("subscribe from a time", keeps, "one that keeps none"))?;
    Ok(first.map_or(order.len(), |sequence| order.before((sequence, 0))))
}

fn unsupported(operation: &'static str, needed: &str, found: &str) -> Unsupported {
    Unsupported { operation, needed: needed.to_owned(), found: found.to_owned() }
}
