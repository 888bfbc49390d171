//! Nodes with counters in one store, each in a place that outlives it.

use std::sync::{Arc, Mutex};

use aether_cluster::Cluster;
use aether_cluster::placement::NodeId;
use aether_cluster::testing::Counters;
use aether_store_jetstream::JetStreamStore;
use tokio::time::timeout;

use crate::site::{PATIENCE, Site, id, settled};

/// No counter reaches it.
const LIMIT: i64 = 1_000_000_000;

/// A cluster's nodes by place, with the store that all their hosts keep counters in.
pub(crate) struct Town {
    pub(crate) site: Site,
    places: Vec<Place>,
}

/// Where a node runs, one life after the other.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) id: NodeId,
    node: Arc<Mutex<Option<Cluster>>>,
}

impl Place {
    /// The node that runs here now.
    pub(crate) fn node(&self) -> Option<Cluster> {
        self.node.lock().unwrap().clone()
    }
}

impl Town {
    /// Nodes of these names, when each shard is where it belongs.
    pub(crate) async fn of(names: &[&str]) -> Self {
        let place = |name: &&str| Place { id: id(name), node: Arc::default() };
        let town = Self { site: Site::new(), places: names.iter().map(place).collect() };
        for place in &town.places {
            town.start(place).await;
        }
        settled(&town.nodes()).await;
        town
    }

    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// The nodes that run now.
    pub(crate) fn nodes(&self) -> Vec<Cluster> {
        self.places.iter().filter_map(Place::node).collect()
    }

    /// Opens the store on a connection of its own, as each process does.
    pub(crate) async fn store(&self) -> JetStreamStore {
        let name = self.site.name.to_string().try_into().unwrap();
        let builder = JetStreamStore::builder(self.site.connect().await, name).replicas(self.site.replicas);
        builder.open().await.unwrap()
    }

    /// Begins another life of the node of this place.
    pub(crate) async fn start(&self, place: &Place) {
        let counters = Counters::new(self.store().await, LIMIT);
        let builder = self.site.builder_on(self.site.connect().await, place.id.as_str()).host(counters);
        let node = builder.join().await.unwrap();
        *place.node.lock().unwrap() = Some(node);
    }

    /// Lets the node of this place leave, and then go: askers have it until it has left.
    pub(crate) async fn leave(&self, place: &Place) {
        let node = place.node().unwrap();
        timeout(PATIENCE, node.leave()).await.unwrap().unwrap();
        *place.node.lock().unwrap() = None;
    }
}
