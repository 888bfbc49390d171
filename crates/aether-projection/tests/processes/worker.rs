//! The process that handles events, and notes that it did.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use aether_core::{RecordedEvent, RetryPolicy};
use aether_projection::group::{Context, Group, Handler, Outcome};
use serde::{Deserialize, Serialize};

use crate::site;

pub(crate) const LEASE: Duration = Duration::from_secs(1);
pub(crate) const SLICES: u32 = 8;
/// Where a worker finds its orders.
pub(crate) const ORDERS: &str = "AETHER_GROUP_WORKER";

/// What a worker is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Orders {
    pub(crate) url: String,
    pub(crate) number: u64,
    pub(crate) notes: PathBuf,
}

/// A call of a handler that succeeded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) actor: String,
    pub(crate) version: u64,
    pub(crate) slice: u32,
    pub(crate) epoch: u64,
    pub(crate) worker: u64,
}

struct Noting {
    worker: u64,
    notes: Mutex<File>,
}

impl Handler for Noting {
    type Error = std::io::Error;

    async fn handle(&self, event: &RecordedEvent, context: &Context) -> Result<Outcome, std::io::Error> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if event.raw_data().as_str().contains("true") {
            return Err(std::io::Error::other("poison"));
        }
        let note = Note {
            actor: event.actor().to_string(),
            version: event.version().number(),
            slice: context.slice(),
            epoch: context.epoch().number(),
            worker: self.worker,
        };
        // One write, so that a kill leaves whole lines.
        let line = format!("{}\n", serde_json::to_string(&note)?);
        self.notes.lock().unwrap().write_all(line.as_bytes())?;
        Ok(Outcome::Done)
    }
}

/// With orders, a worker; its end is a kill.
#[test]
fn a_process_without_orders_is_no_worker() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let orders: Orders = serde_json::from_str(&orders).unwrap();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work(orders));
}

async fn work(orders: Orders) {
    let (store, keys) = site::open(&orders.url).await;
    let notes = OpenOptions::new().create(true).append(true).open(orders.notes).unwrap();
    let retry =
        RetryPolicy::default().attempts(3).delays(Duration::from_millis(10), Duration::from_millis(20));
    let builder = Group::builder(store, keys, "notes").slices(SLICES).lanes(4).lease(LEASE).attempts(retry);
    let _member = builder.start(Noting { worker: orders.number, notes: Mutex::new(notes) }).await.unwrap();
    // Until whoever gave the orders is gone.
    let mut input = String::new();
    let ends = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut input));
    let _ = ends.await;
    std::process::exit(0);
}
