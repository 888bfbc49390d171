//! Opening a bus that spans nodes.

use std::sync::Arc;
use std::time::Duration;

use aether_core::Namespace;
use async_nats::Client;
use tokio::time::Instant;
use uuid::Uuid;

use super::bus::{Handle, Tasks};
use super::shared::Shared;
use super::wire::NodeNumber;
use super::{NatsEventBus, OpenError, tasks};
use crate::EventBus;

/// Says how a bus is opened. Made by [`NatsEventBus::builder`].
///
/// | setting | default |
/// | --- | --- |
/// | [`prefix`](Self::prefix) | `aether.bus` |
/// | [`restricted_to`](Self::restricted_to) | not restricted |
/// | [`confirm_within`](Self::confirm_within) | 5 s |
/// | [`outbox_bytes`](Self::outbox_bytes) | 8 MiB |
/// | [`patience`](Self::patience) | 1 s |
#[derive(Debug, Clone)]
pub struct NatsEventBusBuilder {
    client: Client,
    prefix: String,
    only: Option<Namespace>,
    confirm_within: Duration,
    outbox_bytes: usize,
    patience: Duration,
}

impl NatsEventBusBuilder {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            prefix: "aether.bus".to_owned(),
            only: None,
            confirm_within: Duration::from_secs(5),
            outbox_bytes: 8 * 1024 * 1024,
            patience: Duration::from_secs(1),
        }
    }

    /// Begins all subjects with this. Nodes with another prefix hear nothing of this one.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Restricts the bus to one namespace: nothing else can be published or subscribed to. The server has to enforce it, too, where the
    /// process is not trusted: `docs/bus.md` has the permissions.
    #[must_use]
    pub fn restricted_to(self, namespace: Namespace) -> Self {
        Self { only: Some(namespace), ..self }
    }

    /// Waits so long for the server to show that it knows of a subscription, or has taken what was published.
    #[must_use]
    pub fn confirm_within(self, confirm_within: Duration) -> Self {
        Self { confirm_within, ..self }
    }

    /// Keeps at most about so many bytes of what is to leave the node.
    #[must_use]
    pub fn outbox_bytes(self, outbox_bytes: usize) -> Self {
        Self { outbox_bytes, ..self }
    }

    /// Has publishers wait so long while the outbox is full. After that, and until there is room again, what is published does not leave
    /// the node, and subscribers of others are told how much they missed.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Opens the bus: as a node with an id of its own.
    ///
    /// Its tasks run on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub async fn open(self) -> Result<NatsEventBus, OpenError> {
        if !is_subject(&self.prefix) {
            return Err(OpenError::InvalidPrefix { prefix: self.prefix });
        }
        let local = self.only.map_or_else(EventBus::new, EventBus::restricted_to);
        let node = NodeNumber(Uuid::now_v7().as_u128());
        let (client, prefix) = (self.client, self.prefix);
        let shared = Arc::new(Shared::new(client, prefix, node, local, self.outbox_bytes, self.patience));
        let own = shared.probes.subject.clone();
        let answers = shared.client.subscribe(own.clone()).await.map_err(|_| OpenError::Closed)?;
        let listening = Arc::clone(&shared);
        let tasks = Tasks(vec![
            tokio::spawn(async move { listening.probes.listen(answers).await }),
            tokio::spawn(tasks::send(Arc::clone(&shared))),
            tokio::spawn(tasks::watch(Arc::clone(&shared))),
        ]);
        let bus = NatsEventBus::new(Handle::new(shared, tasks, self.confirm_within));
        match bus.round_trip(Instant::now() + self.confirm_within).await {
            Ok(()) => Ok(bus.connected()),
            Err(_) => Err(OpenError::NoRoundTrip { subject: own.to_string() }),
        }
    }
}

fn is_subject(prefix: &str) -> bool {
    let is_odd = |byte: u8| byte <= b' ' || byte == 0x7f || matches!(byte, b'*' | b'>');
    !prefix.bytes().any(is_odd) && prefix.split('.').all(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_the_beginning_of_a_subject() {
        assert!(is_subject("aether.bus") && is_subject("é"));
        for odd in ["", ".", "a.", ".a", "a..b", "a b", "a.*", ">", "a\n"] {
            assert!(!is_subject(odd), "{odd:?}");
        }
    }
}
