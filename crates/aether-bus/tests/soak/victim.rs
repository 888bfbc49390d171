//! Nodes that are killed in the middle of what they do: with their runtime, at once.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use aether_bus::{EventFilter, Overflow, Pattern};
use aether_core::{ActorId, Namespace};

use crate::{Site, event, node};

pub(crate) async fn run(site: Arc<Site>) {
    while !site.is_over() {
        let victim = Arc::clone(&site);
        let killed = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            // Whatever it is doing then, it ends with it.
            let _ = runtime.block_on(tokio::time::timeout(Duration::from_millis(700), live(victim)));
        });
        killed.await.unwrap();
        site.killed.fetch_add(1, Relaxed);
    }
}

async fn live(site: Arc<Site>) {
    let (node, namespace) = (node(&site.url).await, Namespace::new("victims.news").unwrap());
    let all = node.subscribe(Pattern::all(), EventFilter::any(), Overflow::drop_oldest(1_000)).await;
    let actor = ActorId::new(format!("victim-{}", node.node_id())).unwrap();
    for version in 1.. {
        node.publish(&namespace, event(&actor, version)).await.unwrap();
        site.published_by_victims.fetch_add(1, Relaxed);
        tokio::task::yield_now().await;
    }
    drop(all);
}
