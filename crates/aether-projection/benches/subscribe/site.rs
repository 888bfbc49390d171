//! A server, and stores on it.

use aether_bench::Result;
use aether_nats_harness::Server;
use aether_store_jetstream::JetStreamStore;
use async_nats::Client;

/// One server with file storage, as it is by default.
pub(crate) struct Site {
    pub(crate) client: Client,
    _server: Server,
}

impl Site {
    pub(crate) async fn start() -> Result<Self> {
        let server = Server::start()?;
        Ok(Self { client: async_nats::connect(server.url()).await?, _server: server })
    }

    /// Opens a store: a handle that remembers nothing.
    pub(crate) async fn open(&self, name: &str) -> Result<JetStreamStore> {
        Ok(JetStreamStore::builder(self.client.clone(), name.try_into()?).open().await?)
    }
}
