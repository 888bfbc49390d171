//! A server that lost its tail, as a power cut without an fsync leaves it.

use std::path::{Path, PathBuf};
use std::process::Command;

use aether_core::StreamName;
use aether_nats_harness::Server;
use aether_store_jetstream::JetStreamStore;
use async_nats::Client;

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// A server whose store can be put back to an earlier copy.
pub(crate) struct Crashing {
    server: Server,
    copy: PathBuf,
    _folder: tempfile::TempDir,
}

impl Crashing {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { server: Server::start().unwrap(), copy: folder.path().join("copy"), _folder: folder }
    }

    pub(crate) fn remember(&mut self) {
        self.server.stop().unwrap();
        copy(&self.server.store_dir(), &self.copy);
        self.server.start_again().unwrap();
    }

    pub(crate) fn lose_the_tail(&mut self) {
        self.server.kill().unwrap();
        std::fs::remove_dir_all(self.server.store_dir()).unwrap();
        copy(&self.copy, &self.server.store_dir());
        self.server.start_again().unwrap();
    }

    pub(crate) async fn connect(&self) -> Client {
        async_nats::connect(self.server.url()).await.unwrap()
    }

    pub(crate) async fn open(&self, name: &StreamName) -> JetStreamStore {
        self.open_in(name, 1).await
    }

    pub(crate) async fn open_in(&self, name: &StreamName, partitions: u32) -> JetStreamStore {
        let client = self.connect().await;
        JetStreamStore::builder(client, name.clone()).partitions(partitions).open().await.unwrap()
    }
}
