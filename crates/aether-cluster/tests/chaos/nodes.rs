//! The node processes: started, killed, stopped and gone on with.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::node::{ORDERS, Orders};

/// All nodes, and the lives that they had.
pub(crate) struct Nodes {
    orders: Vec<Orders>,
    folder: PathBuf,
    children: Vec<Option<Child>>,
    lives: u64,
    /// The histories of lives that ended in the middle of what they did.
    pub(crate) killed: BTreeSet<String>,
}

impl Nodes {
    pub(crate) fn new(orders: Vec<Orders>, folder: PathBuf) -> Self {
        let children = orders.iter().map(|_| None).collect();
        Self { orders, folder, children, lives: 0, killed: BTreeSet::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.orders.len()
    }

    /// Starts a node: as another incarnation, with a history of its own.
    pub(crate) fn start(&mut self, node: usize) {
        self.lives += 1;
        let history = self.folder.join(format!("{node}-{:04}.history", self.lives));
        let orders = self.orders[node].clone().of_life(self.lives, history);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "node::a_process_without_orders_is_no_node", "--nocapture"]);
        command.env(ORDERS, serde_json::to_string(&orders).unwrap());
        let errors = std::fs::File::create(orders.history.with_extension("errors")).unwrap();
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(errors);
        self.orders[node] = orders;
        self.children[node] = Some(command.spawn().unwrap());
    }

    /// How many processes there have been.
    pub(crate) fn lives(&self) -> u64 {
        self.lives
    }

    pub(crate) fn is_running(&self, node: usize) -> bool {
        self.children[node].is_some()
    }

    /// Kills a node as a crash would.
    pub(crate) fn kill(&mut self, node: usize) {
        let Some(mut child) = self.children[node].take() else { return };
        child.kill().unwrap();
        child.wait().unwrap();
        let history = self.orders[node].history.file_stem().unwrap();
        self.killed.insert(history.to_string_lossy().into_owned());
    }

    /// Stops a node where it is, as a suspended machine is.
    pub(crate) fn pause(&self, node: usize) {
        self.signal(node, Signal::STOP);
    }

    pub(crate) fn resume(&self, node: usize) {
        self.signal(node, Signal::CONT);
    }

    fn signal(&self, node: usize, signal: Signal) {
        if let Some(child) = &self.children[node] {
            let process = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            kill_process(process, signal).unwrap();
        }
    }

    /// Has a node finish what it does, leave, and end.
    pub(crate) fn begin_to_leave(&mut self, node: usize) {
        if let Some(child) = &mut self.children[node] {
            drop(child.stdin.take());
        }
    }

    /// Waits until a node that was asked to has ended; says whether it did in time, and kills it if not.
    pub(crate) fn has_left(&mut self, node: usize, within: Duration) -> bool {
        let latest = Instant::now() + within;
        while let Some(child) = &mut self.children[node] {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "node {node} failed: see {:?}", self.orders[node].history);
                self.children[node] = None;
                return true;
            }
            if Instant::now() > latest {
                self.kill(node);
                return false;
            }
            sleep(Duration::from_millis(5));
        }
        true
    }

    /// Fails when a node has ended by itself.
    pub(crate) fn assert_alive(&mut self) {
        for (node, child) in self.children.iter_mut().enumerate() {
            let ended = child
                .as_mut()
                .filter(|child| child.stdin.is_some())
                .and_then(|child| child.try_wait().unwrap());
            assert!(
                ended.is_none(),
                "node {node} has ended by itself: {ended:?}, see {:?}",
                self.orders[node].history
            );
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for child in self.children.iter_mut().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
