//! Three nodes that stay: what they publish is counted, and so is what their subscribers get and miss.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use aether_bus::{Delivery, EventFilter, Missed, NatsEventBus, Overflow, Pattern, Subscription};
use aether_core::{ActorId, Namespace};
use tokio::task::JoinHandle;

use crate::{Site, event, node, until};

/// So many are published, and then others may run. A thousand times a second at most.
const AT_A_TIME: u64 = 200;

/// What one subscriber has got and missed, in all.
#[derive(Debug, Default)]
struct Tally {
    delivered: AtomicU64,
    missed: AtomicU64,
}

pub(crate) struct Stable {
    nodes: Vec<NatsEventBus>,
    publishers: Vec<JoinHandle<()>>,
    subscribers: Vec<(Arc<Tally>, JoinHandle<()>)>,
}

fn overflows() -> [Overflow; 3] {
    [Overflow::drop_oldest(4_096), Overflow::drop_newest(64), Overflow::block(256, Duration::from_millis(20))]
}

impl Stable {
    pub(crate) async fn start(site: &Arc<Site>) -> Self {
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(node(&site.url).await);
        }
        let mut subscribers = Vec::new();
        for node in &nodes {
            for (pattern, overflow) in ["stable.*", "stable.>", "*.orders"].into_iter().zip(overflows()) {
                let pattern = Pattern::new(pattern).unwrap();
                let heard = node.subscribe(pattern, EventFilter::any(), overflow).await.unwrap();
                let tally = Arc::<Tally>::default();
                let subscriber = tokio::spawn(listen(Arc::clone(site), heard, Arc::clone(&tally)));
                subscribers.push((tally, subscriber));
            }
        }
        let mut publishers = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            let actor = ActorId::new(format!("stable-{number}")).unwrap();
            let namespace = Namespace::new("stable.orders").unwrap();
            // Heard by all before anything can be lost: so they know where each begins.
            node.publish(&namespace, event(&actor, 1)).await.unwrap();
            site.published.fetch_add(1, Relaxed);
            publishers.push((node.clone(), namespace, actor));
        }
        let all = publishers.len() as u64;
        until("everybody has heard everybody", || {
            subscribers.iter().all(|(tally, _)| tally.delivered.load(Relaxed) == all)
        })
        .await;
        let publishers = publishers
            .into_iter()
            .map(|(node, namespace, actor)| tokio::spawn(publish(Arc::clone(site), node, namespace, actor)));
        Self { publishers: publishers.collect(), nodes, subscribers }
    }

    pub(crate) fn nodes(&self) -> Vec<NatsEventBus> {
        self.nodes.clone()
    }

    /// Waits until each subscriber has got or missed all that was published, and not one more; then stops.
    pub(crate) async fn finish(self, site: &Site) {
        for publisher in self.publishers {
            publisher.await.unwrap();
        }
        let published = site.published.load(Relaxed);
        for (number, (tally, _)) in self.subscribers.iter().enumerate() {
            let sum = || tally.delivered.load(Relaxed) + tally.missed.load(Relaxed);
            until(&format!("subscriber {number} has all of {published}"), || {
                assert!(sum() <= published, "subscriber {number}: {tally:?} of {published}");
                sum() == published
            })
            .await;
        }
        for node in &self.nodes {
            node.stop().await;
        }
        for (tally, subscriber) in self.subscribers {
            subscriber.await.unwrap();
            assert_eq!(tally.delivered.load(Relaxed) + tally.missed.load(Relaxed), published, "{tally:?}");
            site.delivered.fetch_add(tally.delivered.load(Relaxed), Relaxed);
            site.missed.fetch_add(tally.missed.load(Relaxed), Relaxed);
        }
    }
}

async fn publish(site: Arc<Site>, node: NatsEventBus, namespace: Namespace, actor: ActorId) {
    let mut version = 1;
    while !site.is_over() {
        for _ in 0..AT_A_TIME {
            version += 1;
            node.publish(&namespace, event(&actor, version)).await.unwrap();
        }
        site.published.fetch_add(AT_A_TIME, Relaxed);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn listen(site: Arc<Site>, mut heard: Subscription, tally: Arc<Tally>) {
    let mut last: HashMap<ActorId, u64> = HashMap::new();
    while let Some(delivery) = heard.next().await {
        match delivery {
            Delivery::Event(event) => {
                let version = event.version().number();
                let before = last.insert(event.actor().clone(), version).unwrap_or(0);
                assert!(version > before, "{}: {version} after {before}", event.actor());
                tally.delivered.fetch_add(1, Relaxed);
            }
            Delivery::Missed(missed) => {
                if let Missed::AtLeast(_) = missed {
                    site.reconnects_said.fetch_add(1, Relaxed);
                }
                tally.missed.fetch_add(missed.count(), Relaxed);
            }
            other => panic!("{other:?}"),
        }
    }
}
