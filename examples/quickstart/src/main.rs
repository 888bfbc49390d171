//! An order, rebuilt from its events.
//!
//! On the embedded store, or on JetStream when `NATS_URL` says where that is. Run it twice on JetStream: the second run
//! finds the order shipped, appends nothing, and shows the same state.

mod order;

use std::error::Error;

use aether::retry::{RetryPolicy, tokio_sleep};
use aether::{ActorId, JetStreamStore, Loader, MemoryStore, SharedStore};

use crate::order::Order;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let orders = Loader::<Order, SharedStore>::new(open_store().await?);
    let id = ActorId::new("order-123")?;

    // Load, decide, append: again if somebody else was first.
    let found = orders.load(&id).await?.version();
    let retry = RetryPolicy::default();
    orders.update(&id, &retry, tokio_sleep, |order| order.state().place(99.99, 3)).await?;
    orders.update(&id, &retry, tokio_sleep, |order| order.state().ship("FastShip", "FS123456")).await?;

    let order = orders.load(&id).await?;
    println!(
        "Found order-123 at version {found}, appended {} events",
        order.version().number() - found.number()
    );
    println!("Order state after replaying {} events:", order.version());
    println!("  {}", order.state());
    Ok(())
}

/// The embedded store, or the durable one where `NATS_URL` says.
async fn open_store() -> Result<SharedStore, Box<dyn Error>> {
    let Ok(url) = std::env::var("NATS_URL") else {
        return Ok(SharedStore::new(MemoryStore::new()));
    };
    let client =
        aether::async_nats::connect(&url).await.map_err(|error| format!("NATS_URL={url:?}: {error}"))?;
    Ok(SharedStore::new(JetStreamStore::builder(client, "quickstart".try_into()?).open().await?))
}
