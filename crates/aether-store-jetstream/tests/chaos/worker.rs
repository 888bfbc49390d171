//! A worker: a process of its own that appends, claims and reads until its input ends, and writes down what it was told.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use aether_core::{
    ActorId, AppendError, AppendOptions, Consistency, Epoch, EventId, EventStore, EventStoreExt, Expected,
    NewEvent, RawJson, ReadOptions, Version,
};
use aether_store_jetstream::{JetStreamStore, Mechanism};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

use crate::actors::{self, Actors};
use crate::choice::{self, Beliefs, Choice};
use crate::content;
use crate::history::{Call, Line, Outcome, Recorder, Seen, now};

/// The environment variable that makes this program a worker.
pub(crate) const ORDERS: &str = "AETHER_CHAOS_ORDERS";

/// What a worker is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Orders {
    pub(crate) urls: Vec<String>,
    pub(crate) store: String,
    pub(crate) number: u64,
    pub(crate) seed: u64,
    /// How many tasks write to the actors that all race for.
    pub(crate) racers: u64,
    /// How many have actors that only their likes in other processes write to.
    pub(crate) others: u64,
    pub(crate) reads: u32,
    /// After so long without an answer its store asks again.
    pub(crate) answers_within: Duration,
    pub(crate) history: PathBuf,
    /// The mechanism that its store lacks.
    pub(crate) without: Option<String>,
}

/// Runs in the process of a worker; elsewhere there is nothing to do.
#[test]
fn a_process_without_orders_is_no_worker() {
    if let Ok(orders) = std::env::var(ORDERS) {
        run(&serde_json::from_str(&orders).unwrap());
        std::process::exit(0);
    }
}

fn run(orders: &Orders) {
    let ends = Arc::new(AtomicBool::new(false));
    std::thread::spawn({
        let ends = Arc::clone(&ends);
        move || {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            ends.store(true, Relaxed);
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let Some(store) = open(orders, &ends).await else { return };
        let worker = Arc::new(Worker {
            store,
            number: orders.number,
            reads: orders.reads,
            short_deadline: orders.answers_within.mul_f64(1.2),
            recorder: Recorder::create(&orders.history),
            calls: AtomicU64::new(0),
            ends,
        });
        let racers = (0..orders.racers).map(|_| Actors::fought_over());
        let others = (0..orders.others as usize).map(Actors::of_task);
        let tasks = (0..).zip(racers.chain(others)).map(|(task, actors)| {
            let seed = orders.seed.wrapping_add(orders.number << 16).wrapping_add(task);
            tokio::spawn(Arc::clone(&worker).work(actors, fastrand::Rng::with_seed(seed)))
        });
        futures_util::future::join_all(tasks.collect::<Vec<_>>()).await;
    });
}

async fn open(orders: &Orders, ends: &AtomicBool) -> Option<JetStreamStore> {
    while !ends.load(Relaxed) {
        let options = async_nats::ConnectOptions::new()
            .ignore_discovered_servers()
            .request_timeout(Some(Duration::from_secs(2)))
            .connection_timeout(Duration::from_millis(500))
            .ping_interval(Duration::from_secs(1))
            .reconnect_delay_callback(|_| Duration::from_millis(20));
        if let Ok(client) = options.connect(orders.urls.as_slice()).await {
            let mut builder = JetStreamStore::builder(client, orders.store.as_str().try_into().unwrap())
                .answer_timeout(orders.answers_within)
                .deadline(Duration::from_secs(4));
            if let Some(mechanism) = orders.without.as_deref().and_then(mechanism) {
                builder = builder.without(mechanism);
            }
            if let Ok(store) = builder.open().await {
                return Some(store);
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

pub(crate) const MECHANISMS: [Mechanism; 6] = [
    Mechanism::ExpectedSequence,
    Mechanism::OwnWriteRecognition,
    Mechanism::LeaderReads,
    Mechanism::SameBytesOnRetry,
    Mechanism::AnyResolvedOnce,
    Mechanism::HeadEpochCheck,
];

fn mechanism(name: &str) -> Option<Mechanism> {
    MECHANISMS.into_iter().find(|mechanism| format!("{mechanism:?}") == name)
}

struct Worker {
    store: JetStreamStore,
    number: u64,
    reads: u32,
    /// That of some appends: for one attempt without an answer, and a look at what became of it.
    short_deadline: Duration,
    recorder: Recorder,
    calls: AtomicU64,
    ends: Arc<AtomicBool>,
}

impl Worker {
    async fn work(self: Arc<Self>, mut actors: Actors, mut random: fastrand::Rng) {
        let mut beliefs = Beliefs::default();
        while !self.ends.load(Relaxed) {
            let actor = actors.next(&mut random);
            let id = actors::id(actor);
            let number = self.calls.fetch_add(1, Relaxed);
            let outcome = match choice::choose(&mut random, &beliefs, actor, self.reads) {
                Choice::Append { expected, epoch, count } => {
                    let ids = (0..count).map(|index| format!("w{}-{number}-{index}", self.number)).collect();
                    let mut options = AppendOptions::default();
                    options.epoch = epoch;
                    options.deadline = (random.u32(0..8) == 0).then_some(self.short_deadline);
                    self.append(number, &id, expected, ids, options, &mut random).await
                }
                Choice::Claim(epoch) => {
                    self.invoked(number, &id, Call::Claim { epoch: epoch.number() }).await;
                    let outcome = match self.store.claim(&id, epoch).await {
                        Ok(head) => Outcome::Claimed { version: head.version.number() },
                        Err(error) => refused(&error),
                    };
                    if matches!(outcome, Outcome::Claimed { .. }) {
                        beliefs.epoch(actor, epoch.number());
                    }
                    self.ended(number, outcome).await
                }
                Choice::Read { leader } => self.read(number, &id, leader).await,
            };
            match outcome {
                Outcome::Stored { last: version, .. }
                | Outcome::Claimed { version }
                | Outcome::Read { version, .. }
                | Outcome::Conflict { current: version } => beliefs.version(actor, version),
                Outcome::Fenced { current } => beliefs.epoch(actor, current),
                // Nobody is there: not again at once.
                Outcome::Failed { .. } => tokio::time::sleep(Duration::from_millis(10)).await,
                Outcome::Reused | Outcome::Unknown => {}
            }
        }
    }

    /// Appends, and repeats what has no outcome, mostly.
    async fn append(
        &self,
        number: u64,
        actor: &ActorId,
        mut expected: Expected,
        ids: Vec<String>,
        mut options: AppendOptions,
        random: &mut fastrand::Rng,
    ) -> Outcome {
        let events: Vec<NewEvent> = ids.iter().map(|id| event(id)).collect();
        let content = content::hash(&ids.iter().map(|id| content::data(id)).collect::<String>());
        loop {
            let (epoch, ids) = (options.epoch.map(Epoch::number), ids.clone());
            let call = Call::Append { expected: expected.to_string(), epoch, ids, content };
            self.invoked(number, actor, call).await;
            match self.store.append_with(actor, expected, events.clone(), options).await {
                Ok(commit) => {
                    let outcome = Outcome::Stored {
                        first: commit.events.first().map_or(0, |event| event.version().number()),
                        last: commit.version.number(),
                        sequence: commit.position.sequence(),
                        already: commit.already_stored,
                    };
                    return self.ended(number, outcome).await;
                }
                Err(error) => {
                    let outcome = self.ended(number, refused(&error)).await;
                    let Some(unknown) = error.unknown().filter(|_| random.u32(0..10) > 0) else {
                        return outcome;
                    };
                    expected = unknown.expected;
                    options.deadline = None;
                }
            }
        }
    }

    /// Reads the head, and the latest few events where the leader is asked.
    async fn read(&self, number: u64, actor: &ActorId, leader: bool) -> Outcome {
        self.invoked(number, actor, Call::Read { leader }).await;
        let consistency = if leader { Consistency::Leader } else { Consistency::Any };
        let head = match self.store.head(actor, consistency).await {
            Ok(head) => head.version.number(),
            Err(error) => return self.ended(number, Outcome::Failed { error: error.to_string() }).await,
        };
        let from = Version::new(head.saturating_sub(8)).unwrap();
        let options = ReadOptions::default().consistency(consistency);
        let mut stream = self.store.read_with(actor, from, options);
        let mut events = Vec::new();
        while let Some(Ok(event)) = stream.next().await {
            events.push(Seen {
                version: event.version().number(),
                id: event.id().as_str().to_owned(),
                content: content::hash(event.raw_data().as_str()),
            });
        }
        self.ended(number, Outcome::Read { version: head, events }).await
    }

    async fn invoked(&self, number: u64, actor: &ActorId, call: Call) {
        let actor = actor.as_str().to_owned();
        self.recorder.write(&Line::Invoked { number, at: now(), actor, call }).await;
    }

    async fn ended(&self, number: u64, outcome: Outcome) -> Outcome {
        self.recorder.write(&Line::Ended { number, at: now(), outcome: outcome.clone() }).await;
        outcome
    }
}

pub(crate) fn event(id: &str) -> NewEvent {
    NewEvent::new(content::EVENT_TYPE.try_into().unwrap(), RawJson::parse(content::data(id)).unwrap())
        .with_id(EventId::new(id).unwrap())
        .with_timestamp(content::TIMESTAMP.parse().unwrap())
}

fn refused(error: &AppendError) -> Outcome {
    match error {
        AppendError::Conflict(conflict) => Outcome::Conflict { current: conflict.current.number() },
        AppendError::Fenced(fenced) => Outcome::Fenced { current: fenced.current.number() },
        AppendError::IdReused(_) => Outcome::Reused,
        AppendError::Unknown(_) => Outcome::Unknown,
        error => Outcome::Failed { error: error.to_string() },
    }
}
