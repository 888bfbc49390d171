//! Counts sales into SQLite, from the embedded store, or from JetStream when `NATS_URL` says where that is.
//!
//! `sqlite-projection follow DATABASE EVENTS` does it into a file until it is killed, and `sqlite-projection finish DATABASE
//! EVENTS` until it has caught up: what the test does a hundred times.

use std::path::Path;

use aether::error::BoxError;
use aether::projection::{Projector, ProjectorHandle};
use aether::{Filter, JetStreamStore, MemoryStore, SharedStore};
use sqlite_projection::{Sales, fill, plain_fold};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => show().await,
        ["follow", database, events] => {
            let _running = start(Path::new(database), events.parse()?).await?;
            std::future::pending().await
        }
        ["finish", database, events] => finish(Path::new(database), events.parse()?).await,
        _ => Err("expected nothing, or follow or finish, a database and a number of events".into()),
    }
}

/// Counts some sales into a new database, and shows them.
async fn show() -> Result<(), BoxError> {
    const EVENTS: u64 = 200;
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("sales.sqlite");
    finish(&database, EVENTS).await?;
    let rows = Sales::open(&database)?.rows()?;
    for row in &rows {
        println!("Sales of {}: {} for {} cents", row.product, row.sold, row.cents);
    }
    println!("Equal to the plain fold: {}", rows == plain_fold(EVENTS));
    Ok(())
}

async fn finish(database: &Path, events: u64) -> Result<(), BoxError> {
    let running = start(database, events).await?;
    running.wait_until_caught_up().await?;
    running.stop().await?;
    Ok(())
}

async fn start(database: &Path, events: u64) -> Result<ProjectorHandle, BoxError> {
    let store = open_store().await?;
    fill(&store, events).await?;
    let projector = Projector::new("sales", store).filter(Filter::actor_type("order")?).batch_size(8);
    Ok(projector.start(Sales::open(database)?))
}

/// The embedded store, or the durable one where `NATS_URL` says.
async fn open_store() -> Result<SharedStore, BoxError> {
    let Ok(url) = std::env::var("NATS_URL") else {
        return Ok(SharedStore::new(MemoryStore::new()));
    };
    let client =
        aether::async_nats::connect(&url).await.map_err(|error| format!("NATS_URL={url:?}: {error}"))?;
    Ok(SharedStore::new(JetStreamStore::builder(client, "sqlite-projection".try_into()?).open().await?))
}
