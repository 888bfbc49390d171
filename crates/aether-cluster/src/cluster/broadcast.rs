//! Telling a broadcaster what happens.

use std::fmt;
use std::sync::Arc;

use aether_core::{ActorId, Event, EventBroadcaster, Namespace, NewEvent, Version};
use futures_util::StreamExt;

use super::Events;
use crate::name::ClusterName;

/// Whoever is told what happens.
#[derive(Clone)]
pub(super) struct Broadcaster(Arc<dyn EventBroadcaster>);

impl Broadcaster {
    pub(super) fn new(broadcaster: impl EventBroadcaster + 'static) -> Self {
        Self(Arc::new(broadcaster))
    }

    /// Passes on what happens until nothing does any more.
    pub(super) async fn pass_on(self, mut events: Events, cluster: ClusterName) {
        // A cluster's name is a part of an actor's id.
        let Ok(actor) = ActorId::new(format!("cluster-{cluster}")) else { return };
        let namespace = Namespace::internal();
        while let Some(event) = events.next().await {
            match NewEvent::encode(&event) {
                Ok(event) => self.0.happened(&namespace, Event::new(actor.clone(), Version::INITIAL, event)),
                Err(error) => tracing::debug!(%error, "an event of the cluster cannot be written"),
            }
        }
    }
}

impl fmt::Debug for Broadcaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Broadcaster")
    }
}
