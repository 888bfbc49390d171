//! Subscribers that come and go.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use aether_bus::{EventFilter, NatsEventBus, Overflow, Pattern};

use crate::Site;

pub(crate) async fn run(site: Arc<Site>, nodes: Vec<NatsEventBus>) {
    let patterns = ["stable.orders", "*.*", ">", "victims.>", "nobody.is.here", "*.orders", "stable.*"];
    // Seven patterns and three nodes: each meets each.
    for (node, pattern) in nodes.iter().cycle().zip(patterns.into_iter().cycle()) {
        if site.is_over() {
            return;
        }
        let pattern = Pattern::new(pattern).unwrap();
        // Refused while the server is away: then another one comes.
        let room = Overflow::drop_oldest(16);
        let subscribed =
            tokio::time::timeout(Duration::from_secs(1), node.subscribe(pattern, EventFilter::any(), room));
        if let Ok(Ok(mut heard)) = subscribed.await {
            let _ = tokio::time::timeout(Duration::from_millis(20), heard.next()).await;
            site.came_and_went.fetch_add(1, Relaxed);
        }
    }
}
