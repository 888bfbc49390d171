//! The process that keeps the view up to date.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aether_core::RetryPolicy;
use aether_projection::{ErrorPolicy, Projector};
use serde::{Deserialize, Serialize};

use crate::site::{connect, open_with};

/// Where a worker finds its orders.
const ORDERS: &str = "AETHER_VIEW_WORKER";
/// What it prints when it has begun.
pub(crate) const BEGUN: &str = "the worker has begun";

/// What a worker is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Orders {
    pub(crate) urls: Vec<String>,
    pub(crate) name: String,
    pub(crate) replicas: u8,
    pub(crate) is_atomic: bool,
}

impl Orders {
    pub(crate) fn start(&self) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "worker::a_process_without_orders_is_no_worker", "--nocapture"]);
        command.env(ORDERS, serde_json::to_string(self).unwrap());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }
}

/// With orders, a worker; its end is a kill.
#[test]
fn a_process_without_orders_is_no_worker() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let orders: Orders = serde_json::from_str(&orders).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(work(orders));
}

async fn work(orders: Orders) {
    let client = connect(&orders.urls).await;
    let (store, views) = open_with(client, &orders.name, orders.replicas, orders.is_atomic).await;
    let retry =
        RetryPolicy::default().attempts(50).delays(Duration::from_millis(5), Duration::from_millis(50));
    let projector = Projector::new("ledger", store).batch_size(8).on_error(ErrorPolicy::retry(retry));
    let _running = projector.start(views.projection());
    println!("{BEGUN}");
    // Until whoever gave the orders is gone.
    let mut input = String::new();
    let _ = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut input)).await;
    std::process::exit(0);
}
