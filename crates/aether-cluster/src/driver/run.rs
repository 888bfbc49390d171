//! The task that owns the node.

use std::sync::Arc;
use std::time::Duration;

use aether_core::Epoch;
use aether_core::key_value::Revision;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver};
use tokio::task::JoinSet;

use super::board::Board;
use super::tasks::Task;
use super::told::Told;
use super::watching::{Watcher, record};
use super::{hint, publish};
use crate::bucket::Bucket;
use crate::gate::Gate;
use crate::meter::Meter;
use crate::placement::{Shard, ShardCount};
use crate::protocol::{Answer, Ended, Input, Key, Moment, Node, Output, Record, Scope};
use crate::rooms::Rooms;
use crate::subjects::Subjects;

/// What a driver is made of.
pub(crate) struct Parts {
    pub(crate) node: Node,
    pub(crate) shards: ShardCount,
    pub(crate) lease: Duration,
    pub(crate) bucket: Bucket,
    pub(crate) subjects: Subjects,
    pub(crate) gate: Arc<Gate>,
    pub(crate) board: Arc<Board>,
    pub(crate) rooms: Rooms,
    /// Where others tell it what happens, and where it hears that.
    pub(crate) told: (Sender<Told>, Receiver<Told>),
    pub(crate) drained: UnboundedReceiver<(Shard, Epoch)>,
    pub(crate) meter: Meter,
}

/// One node on its way.
pub(crate) struct Driver {
    node: Node,
    shards: ShardCount,
    bucket: Bucket,
    subjects: Subjects,
    gate: Arc<Gate>,
    board: Arc<Board>,
    rooms: Rooms,
    tell: Sender<Told>,
    told: Receiver<Told>,
    drained: UnboundedReceiver<(Shard, Epoch)>,
    meter: Meter,
    watcher: Watcher,
    /// The present watch, and how many there have been: what an earlier one still shows does not count.
    watch: Option<Task>,
    generation: u64,
    /// What the present watch is to show, since when it is being made, and whether it has shown anything.
    watching: Option<(Scope, Moment, bool)>,
    /// How long a watch may take to show something.
    patience: Duration,
    /// The requests under way; they end with the driver.
    requests: JoinSet<()>,
    dirty: publish::Dirty,
}

impl Driver {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { node, shards, lease, bucket, subjects, gate, board, rooms, told, drained, meter } = parts;
        let (tell, told) = told;
        let watcher = Watcher {
            bucket: bucket.clone(),
            node: node.identity().node.clone(),
            // Servers take no less than 100 ms.
            heartbeat: lease.max(Duration::from_millis(200)),
            counts: Arc::clone(&board.counts),
            told: tell.clone(),
        };
        let (watch, generation, requests) = (None, 0, JoinSet::new());
        let (watching, patience) = (None, lease.max(Duration::from_secs(1)));
        let dirty = publish::Dirty::default();
        Self {
            node,
            shards,
            bucket,
            subjects,
            gate,
            board,
            rooms,
            tell,
            told,
            drained,
            meter,
            watcher,
            watch,
            generation,
            watching,
            patience,
            requests,
            dirty,
        }
    }

    /// Runs until the node is a member no more.
    pub(crate) async fn run(mut self) {
        self.watch(Scope::All);
        while self.node.ended().is_none() {
            let Some(input) = self.next().await else { continue };
            self.turn(input);
        }
    }

    /// Waits for what happens next; nothing for what does not count any more.
    ///
    /// What has been told comes before the time: a node that was held up must hear of renewals before it counts silences.
    async fn next(&mut self) -> Option<Input> {
        let clock = self.gate.clock();
        let wake = self.node.wake_at(clock.now()).map(|at| clock.until(at));
        tokio::select! {
            biased;
            told = self.told.recv() => match told? {
                Told::Input(input) => Some(input),
                Told::Watched { generation, .. } if generation != self.generation => None,
                Told::Watched { input, .. } => {
                    self.watching.iter_mut().for_each(|(_, _, shows)| *shows = true);
                    Some(input)
                }
            },
            Some((shard, epoch)) = self.drained.recv() => Some(Input::Drained(shard, epoch)),
            () = sleep(wake) => Some(Input::Wake),
        }
    }

    /// Lets the node take what has happened, and does what it wants.
    ///
    /// The clock is read before anything else: what the node sends counts from then, so that whatever holds this task up makes a
    /// lease look older, and never fresher.
    fn turn(&mut self, input: Input) {
        let now = self.gate.clock().now();
        let before = self.node.may_serve_until();
        self.dirty.by(&input);
        let outputs = self.node.handle(input, now);
        let until = self.node.may_serve_until();
        self.gate.open_until(until);
        if until > before {
            self.renewed(before, now);
        }
        for output in outputs {
            self.carry_out(output);
        }
        while self.requests.try_join_next().is_some() {}
        publish::publish(&self.node, &self.board, &self.meter, &mut self.dirty, now);
    }

    fn renewed(&self, before: Option<Moment>, now: Moment) {
        self.board.counts.renewals.add();
        if let Some(before) = before {
            self.meter.lease_margin(before.since(now));
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Change { key, expected, record } => self.change(key, expected, &record),
            Output::Read(key) => self.read(key),
            Output::Watch(scope) => self.watch(scope),
            Output::Ready(to, shard, epoch) => {
                if let Ok(hint) = hint::encode(shard, epoch, self.node.identity().clone()) {
                    let (client, subject) = (self.bucket.client().clone(), self.subjects.node(&to));
                    self.requests.spawn(async move { drop(client.publish(subject, hint.into()).await) });
                }
            }
            Output::Tell(shard, task) => {
                self.dirty.locals = true;
                self.rooms.tell(shard, task);
            }
            // The loop sees it.
            Output::Ended(ended) => tracing::info!(me = %self.node.identity(), ?ended, "a member no more"),
        }
    }

    /// Attempts a change. Without an answer the node is told nothing: it reads the key when its patience is over.
    fn change(&mut self, key: Key, expected: Revision, record: &Record) {
        let (bucket, tell, counts) = (self.bucket.clone(), self.tell.clone(), Arc::clone(&self.board.counts));
        let stamp = record.stamp();
        let Ok(value) = record.encode() else { return };
        let deletes = matches!(record, Record::Deleted(_));
        self.requests.spawn(async move {
            let text = key.to_string();
            let answer = match deletes {
                true => bucket.delete(&text, expected).await,
                false => bucket.put(&text, expected, value).await,
            };
            match answer {
                Ok(answer) => {
                    if answer == Answer::Refused {
                        counts.refused.add();
                    }
                    // Fails when the driver has ended: then nobody asks.
                    let _ = tell.send(Told::Input(Input::Answered(key, stamp, answer))).await;
                }
                Err(failure) => {
                    counts.unanswered.add();
                    tracing::debug!(%key, %failure, "a change of the bucket has no answer");
                }
            }
        });
    }

    fn read(&mut self, key: Key) {
        let (bucket, tell, counts) = (self.bucket.clone(), self.tell.clone(), Arc::clone(&self.board.counts));
        self.requests.spawn(async move {
            let found = match bucket.read(&key.to_string()).await {
                Ok(None) => None,
                Ok(Some(value)) => {
                    let revision = value.revision;
                    Some((revision, record(&counts, &key, value)))
                }
                Err(failure) => {
                    counts.unanswered.add();
                    tracing::debug!(%key, %failure, "a key of the bucket could not be read");
                    return;
                }
            };
            let _ = tell.send(Told::Input(Input::Found(key, found))).await;
        });
    }

    /// Makes a watch in place of the present one, unless that is just being made: begun anew each time, a slow one would never show anything.
    fn watch(&mut self, scope: Scope) {
        let now = self.gate.clock().now();
        let is_being_made = |(present, since, shows): (Scope, Moment, bool)| {
            present == scope && !shows && now.since(since) < self.patience
        };
        if self.watching.is_some_and(is_being_made) {
            return;
        }
        self.watching = Some((scope, now, false));
        self.generation += 1;
        // The one before is dropped first, and its consumer with it.
        self.watch = None;
        self.watch = Some(self.watcher.start(scope, self.generation));
    }

    /// How many shards there are, for who reads hints.
    pub(crate) fn hears(&self) -> impl Fn(&[u8]) -> Option<Input> + Send + 'static {
        let shards = self.shards;
        move |bytes| hint::decode(bytes, shards)
    }
}

impl Drop for Driver {
    /// Also when it is aborted: nobody renews the lease any more.
    fn drop(&mut self) {
        self.gate.open_until(None);
        self.rooms.stop();
        // Whoever waits for the end would wait for ever.
        if std::thread::panicking() && self.board.ended.borrow().is_none() {
            self.board.end(Ended::Dead);
        }
    }
}

async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
