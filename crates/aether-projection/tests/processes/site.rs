//! The server, and the processes.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aether_nats_harness::Server;
use aether_store_jetstream::{JetStreamKeyValue, JetStreamStore};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::worker::{LEASE, Note, ORDERS, Orders};

pub(crate) struct Site {
    server: Server,
    folder: TempDir,
    workers: Vec<Child>,
    started: u64,
    faults: usize,
}

/// Opens the store and the keys, as each process does.
pub(crate) async fn open(url: &str) -> (JetStreamStore, JetStreamKeyValue) {
    let client = async_nats::connect(url).await.unwrap();
    let name = "followed".try_into().unwrap();
    let store = JetStreamStore::builder(client.clone(), name).open().await.unwrap();
    (store, JetStreamKeyValue::builder(client, "groups".try_into().unwrap()).open().await.unwrap())
}

impl Site {
    pub(crate) async fn start(workers: usize) -> Self {
        let (server, folder) = (Server::start().unwrap(), tempfile::tempdir().unwrap());
        let mut site = Self { server, folder, workers: Vec::new(), started: 0, faults: 0 };
        open(&site.server.url()).await;
        (0..workers).for_each(|_| site.start_worker());
        site
    }

    pub(crate) async fn store(&self) -> JetStreamStore {
        open(&self.server.url()).await.0
    }

    pub(crate) async fn keys(&self) -> JetStreamKeyValue {
        open(&self.server.url()).await.1
    }

    fn start_worker(&mut self) {
        self.started += 1;
        let notes = self.folder.path().join(format!("{}.jsonl", self.started));
        let orders = Orders { url: self.server.url(), number: self.started, notes };
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "worker::a_process_without_orders_is_no_worker", "--nocapture"]);
        command.env(ORDERS, serde_json::to_string(&orders).unwrap());
        self.workers.push(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
    }

    /// Kills a worker and starts another, or stops one for longer than its lease lasts.
    pub(crate) fn make_a_fault(&mut self) {
        self.faults += 1;
        let mut worker = self.workers.remove(0);
        if self.faults.is_multiple_of(2) {
            worker.kill().unwrap();
            worker.wait().unwrap();
            self.start_worker();
        } else {
            signal(&worker, Signal::STOP);
            std::thread::sleep(LEASE * 2 + Duration::from_millis(300));
            signal(&worker, Signal::CONT);
            self.workers.push(worker);
        }
    }

    pub(crate) fn let_all_go_on(&mut self) {
        self.workers.iter().for_each(|worker| signal(worker, Signal::CONT));
    }

    /// What all workers have noted, each one's in order.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let files = (1..=self.started).map(|number| self.folder.path().join(format!("{number}.jsonl")));
        let texts = files.filter_map(|file| std::fs::read_to_string(file).ok());
        texts
            .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
            .collect()
    }
}

fn signal(worker: &Child, signal: Signal) {
    kill_process(Pid::from_child(worker), signal).unwrap();
}

impl Drop for Site {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}
