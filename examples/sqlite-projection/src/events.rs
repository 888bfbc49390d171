//! What happened: always the same, so that the read model can be compared with what it must be.

use std::collections::BTreeMap;

use aether::error::BoxError;
use aether::{ActorId, EventId, EventStore, EventStoreExt, Expected, NewEvent, Version};
use serde::{Deserialize, Serialize};

use crate::SalesRow;

const PRODUCTS: [&str; 3] = ["coffee", "tea", "water"];
/// The events of one order.
const PER_ORDER: u64 = 4;

/// An order's events.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "eventType", content = "data")]
pub enum OrderEvent {
    /// Something was sold.
    Sold {
        /// What.
        product: String,
        /// For how much.
        cents: u64,
    },
}

fn sold(number: u64) -> OrderEvent {
    let product = PRODUCTS.into_iter().cycle().nth((number % 7) as usize).unwrap_or_default();
    OrderEvent::Sold { product: product.to_owned(), cents: 100 + number % 41 }
}

/// Appends the first `count` events, as far as they are not there yet.
///
/// # Errors
///
/// Whatever the store says.
pub async fn fill(store: &impl EventStore, count: u64) -> Result<(), BoxError> {
    for number in stored(store, count).await?..count {
        let order = order(number)?;
        // The ids are the same each time, since checkpoints carry them, and the embedded store is filled anew by each process.
        let event = NewEvent::encode(&sold(number))?.with_id(EventId::new(format!("sold-{number}"))?);
        let expected = Expected::Exactly(Version::new(number % PER_ORDER)?);
        store.append(&order, expected, [event]).await?;
    }
    Ok(())
}

fn order(number: u64) -> Result<ActorId, BoxError> {
    Ok(ActorId::new(format!("order-{}", number / PER_ORDER))?)
}

/// Returns how many of the first `count` events are there: they were appended one by one.
async fn stored(store: &impl EventStore, count: u64) -> Result<u64, BoxError> {
    let (mut there, mut missing) = (0, count);
    while there < missing {
        let middle = there + (missing - there) / 2;
        let version = store.latest_version(&order(middle)?).await?;
        if version.number() > middle % PER_ORDER { there = middle + 1 } else { missing = middle }
    }
    Ok(there)
}

/// What the read model must be after the first `count` events: by another way, without any store.
#[must_use]
pub fn plain_fold(count: u64) -> Vec<SalesRow> {
    let mut rows = BTreeMap::new();
    for OrderEvent::Sold { product, cents } in (0..count).map(sold) {
        let (orders, sum) = rows.entry(product).or_insert((0, 0));
        *orders += 1;
        *sum += cents;
    }
    rows.into_iter().map(|(product, (sold, cents))| SalesRow { product, sold, cents }).collect()
}
