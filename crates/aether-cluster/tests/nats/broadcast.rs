//! What happens to a cluster, on a bus.

use std::time::Duration;

use aether_bus::{Delivery, EventBus, EventFilter, Overflow};
use aether_cluster::ClusterEvent;
use aether_core::Namespace;
use tokio::time::timeout;

use crate::site::{PATIENCE, Site};

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_broadcaster_is_told_what_happens_as_events_that_are_read_back() {
    let (site, bus) = (Site::new(), EventBus::new());
    let full = Overflow::block(16, Duration::from_secs(5));
    let mut heard = bus.subscribe(&Namespace::internal(), EventFilter::any(), full).await.unwrap();
    let node = site.builder("a").await.broadcaster(bus.broadcaster()).join().await.unwrap();
    let (mut has_joined, mut leads) = (false, false);
    while !(has_joined && leads) {
        let delivery = timeout(PATIENCE, heard.next()).await.unwrap().unwrap();
        let Delivery::Event(event) = delivery else { panic!("something was missed: {delivery:?}") };
        assert_eq!(event.actor().as_str(), format!("cluster-{}", site.name));
        match event.decode::<ClusterEvent>().unwrap() {
            ClusterEvent::Joined { node: who } => has_joined |= who == *node.me(),
            ClusterEvent::LeaderChanged { leader } => {
                leads |= leader.is_some_and(|leader| leader.node == *node.me());
            }
            _ => {}
        }
    }
    node.leave().await.unwrap();
}
