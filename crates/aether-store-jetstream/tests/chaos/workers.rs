//! The worker processes of a round, and the round's own plain client.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use tokio::runtime::Runtime;

use crate::site::Site;
use crate::worker::{ORDERS, Orders};

pub(crate) struct Workers {
    pub(crate) runtime: Runtime,
    pub(crate) client: async_nats::Client,
    orders: Orders,
    directory: PathBuf,
    children: Vec<Child>,
    spawned: u64,
}

impl Workers {
    pub(crate) fn new(site: &Site, orders: Orders, directory: &Path) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options =
            async_nats::ConnectOptions::new().reconnect_delay_callback(|_| Duration::from_millis(20));
        let client = runtime.block_on(options.connect(site.urls())).unwrap();
        Self { runtime, client, orders, directory: directory.to_owned(), children: Vec::new(), spawned: 0 }
    }

    /// Starts a further worker: with a connection and a history of its own.
    pub(crate) fn spawn(&mut self) {
        self.spawned += 1;
        let history = self.history(self.spawned);
        let orders = Orders { number: self.spawned, history, ..self.orders.clone() };
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "worker::a_process_without_orders_is_no_worker", "--nocapture"]);
        command.env(ORDERS, serde_json::to_string(&orders).unwrap());
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        self.children.push(command.spawn().unwrap());
    }

    fn history(&self, number: u64) -> PathBuf {
        self.directory.join(format!("worker-{number:04}.jsonl"))
    }

    /// The histories of all workers, those that were killed included.
    pub(crate) fn histories(&self) -> Vec<PathBuf> {
        (1..=self.spawned).map(|number| self.history(number)).collect()
    }

    /// Kills a worker as a crash would, and starts another.
    pub(crate) fn replace_one(&mut self, random: &mut fastrand::Rng) {
        let mut child = self.children.swap_remove(random.usize(..self.children.len()));
        child.kill().unwrap();
        child.wait().unwrap();
        self.spawn();
    }

    /// Has the workers finish what they are doing.
    pub(crate) fn finish(&mut self) {
        self.children.iter_mut().for_each(|child| drop(child.stdin.take()));
        let latest = Instant::now() + Duration::from_secs(20);
        for child in &mut self.children {
            while child.try_wait().unwrap().is_none() {
                if Instant::now() > latest {
                    child.kill().unwrap();
                }
                sleep(Duration::from_millis(5));
            }
        }
    }

    /// Has the stream's leader hand over; says whether it was told.
    pub(crate) fn step_down(&self, stream: &str) -> bool {
        let subject = format!("$JS.API.STREAM.LEADER.STEPDOWN.{stream}");
        let limit = Duration::from_millis(500);
        let asked = async { tokio::time::timeout(limit, self.client.request(subject, "".into())).await };
        self.runtime.block_on(asked).is_ok_and(|answer| answer.is_ok())
    }

    /// The number of messages in the stream, when it can be told just now.
    pub(crate) fn messages(&self, stream: &str) -> Option<u64> {
        let limit = Duration::from_millis(300);
        let asked = async {
            let context = jetstream::new(self.client.clone());
            tokio::time::timeout(limit, context.get_stream(stream)).await
        };
        Some(self.runtime.block_on(asked).ok()?.ok()?.cached_info().state.messages)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
