//! Where it is measured: servers, a connection, a store on it.

use aether_bench::Result;
use aether_nats_harness::{Cluster, Server};
use aether_store_jetstream::{JetStreamStore, JetStreamStoreBuilder};
use async_nats::Client;

use crate::raw::Raw;

/// A store and the client that it uses, on servers that end with this.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) client: Client,
    replicas: u8,
    servers: Servers,
}

enum Servers {
    One { server: Server },
    Three { _cluster: Cluster },
}

impl Site {
    /// One server with file storage, as it is by default.
    pub(crate) async fn one() -> Result<Self> {
        let server = Server::start()?;
        let url = server.url();
        Self::on(url, 1, Servers::One { server }).await
    }

    /// A cluster of three.
    pub(crate) async fn three() -> Result<Self> {
        let cluster = Cluster::start()?;
        let url = cluster.server(0).url();
        Self::on(url, 3, Servers::Three { _cluster: cluster }).await
    }

    async fn on(url: String, replicas: u8, servers: Servers) -> Result<Self> {
        let client = async_nats::connect(&url).await?;
        Ok(Self { url, client, replicas, servers })
    }

    /// Opens a store: a handle that remembers nothing.
    pub(crate) async fn open(&self, name: &str) -> Result<JetStreamStore> {
        Ok(self.builder(name)?.open().await?)
    }

    pub(crate) fn builder(&self, name: &str) -> Result<JetStreamStoreBuilder> {
        let builder = JetStreamStore::builder(self.client.clone(), name.try_into()?);
        Ok(builder.replicas(self.replicas))
    }

    /// The one server's process.
    pub(crate) fn server_pid(&self) -> Option<u32> {
        match &self.servers {
            Servers::One { server } => server.pid(),
            Servers::Three { .. } => None,
        }
    }

    /// The client, used by hand on the store's stream.
    pub(crate) fn raw(&self, store: &JetStreamStore) -> Raw {
        Raw::new(self.client.clone(), store.streams().next().unwrap_or_default())
    }
}
