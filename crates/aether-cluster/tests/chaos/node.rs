//! A node: a process of its own that keeps counters in its shards, and asks counters of all nodes until its input ends.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use aether_cluster::placement::{NodeId, ShardCount};
use aether_cluster::testing::{CounterCommand, CounterReply, Counters};
use aether_cluster::{Clock, Cluster, ClusterName, RouteError};
use aether_core::{ActorId, CommandId, StreamName};
use aether_store_jetstream::JetStreamStore;
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};

use crate::history::{Asked, Book, Line, Outcome, now};

/// The environment variable that makes this program a node.
pub(crate) const ORDERS: &str = "AETHER_CHAOS_NODE";

const ACTORS: u64 = 40;
const SHARDS: u32 = 32;
/// So that some commands are rejected.
const MOST: i64 = 25;
const CLIENTS: u64 = 4;
const WITHIN: Duration = Duration::from_secs(3);

/// What a node is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Orders {
    urls: Vec<String>,
    name: String,
    node: usize,
    life: u64,
    seed: u64,
    lease: Duration,
    /// Its clock: how much earlier it began, and by how many millionths it is fast, or slow.
    ahead: Duration,
    fast_by_millionths: i32,
    pub(crate) history: PathBuf,
}

impl Orders {
    /// Those of one of five: with a clock that began hours before the others', and runs up to 2 % fast or slow.
    pub(crate) fn of(seed: u64, node: usize, name: &str, lease: Duration, urls: Vec<String>) -> Self {
        let number = u32::try_from(node).unwrap();
        Self {
            urls,
            name: name.to_owned(),
            node,
            life: 0,
            seed,
            lease,
            ahead: Duration::from_secs(3_600) * number,
            fast_by_millionths: 10_000 * (i32::try_from(number).unwrap() - 2),
            history: PathBuf::new(),
        }
    }
}

impl Orders {
    /// The same for another life, with a history of its own.
    pub(crate) fn of_life(self, life: u64, history: PathBuf) -> Self {
        Self { life, history, ..self }
    }
}

/// Runs in the process of a node; elsewhere there is nothing to do.
#[test]
fn a_process_without_orders_is_no_node() {
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
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(lives(orders, &ends));
}

/// One incarnation after the other: who was declared dead joins again.
async fn lives(orders: &Orders, ends: &Arc<AtomicBool>) {
    let options = async_nats::ConnectOptions::new()
        .ignore_discovered_servers()
        .retry_on_initial_connect()
        .connection_timeout(Duration::from_secs(1))
        .ping_interval(Duration::from_millis(500))
        .reconnect_delay_callback(|_| Duration::from_millis(50));
    let client = options.connect(orders.urls.clone()).await.unwrap();
    let (book, asked) = (Arc::new(Book::open(&orders.history)), Arc::new(AtomicU64::new(0)));
    while !ends.load(Relaxed) {
        let Some(cluster) = join(orders, &client).await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        book.write(&Line::Life("joined".to_owned()));
        let clients = (0..CLIENTS).map(|number| {
            let (book, asked, ends) = (Arc::clone(&book), Arc::clone(&asked), Arc::clone(ends));
            let seed = orders.seed ^ (orders.life << 16) ^ (number << 8);
            tokio::spawn(ask(cluster.clone(), orders.life, seed, book, asked, ends))
        });
        futures_util::future::join_all(clients.collect::<Vec<_>>()).await;
        let left = match ends.load(Relaxed) {
            // Somebody may have declared it dead: that is an end as well.
            true => cluster.leave().await.is_ok(),
            false => false,
        };
        book.write(&Line::Life(if left { "left" } else { "declared dead" }.to_owned()));
    }
}

async fn join(orders: &Orders, client: &async_nats::Client) -> Option<Cluster> {
    let joined = async {
        let stream = StreamName::new(orders.name.clone()).unwrap();
        let store = JetStreamStore::builder(client.clone(), stream).replicas(3).open().await;
        let store = store.map_err(|error| error.to_string())?;
        Cluster::builder(client.clone(), ClusterName::new(orders.name.clone()).unwrap())
            .node(NodeId::new(format!("node-{}", orders.node)).unwrap())
            .lease(orders.lease)
            .shards(ShardCount::new(SHARDS).unwrap())
            .replicas(3)
            .clock(Clock::set_apart(orders.ahead, orders.fast_by_millionths))
            .host(Counters::new(store, MOST))
            .join()
            .await
            .map_err(|error| error.to_string())
    };
    match timeout(Duration::from_secs(30), joined).await {
        Ok(Ok(cluster)) => Some(cluster),
        Ok(Err(error)) => {
            eprintln!("{error}");
            None
        }
        Err(_) => None,
    }
}

/// Asks one thing after the other until the node has ended, or is to.
async fn ask(
    cluster: Cluster,
    life: u64,
    seed: u64,
    book: Arc<Book>,
    asked: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
) {
    let mut random = fastrand::Rng::with_seed(seed);
    while !ends.load(Relaxed) && cluster.has_ended().is_none() {
        let command = CommandId::new(format!("{life}-{}", asked.fetch_add(1, Relaxed))).unwrap();
        let actor = format!("counter-{}", random.u64(..ACTORS));
        let what = match random.u8(..10) {
            0..6 => Asked::Add(if random.u8(..3) > 0 { random.i64(1..5) } else { -random.i64(1..5) }),
            6..9 => Asked::Read,
            _ => Asked::Linearizable,
        };
        let (named, within) = (command.to_string(), u64::try_from(WITHIN.as_micros()).unwrap());
        book.write(&Line::Begin {
            at: now(),
            command: named.clone(),
            actor: actor.clone(),
            asked: what,
            within,
        });
        let outcome = route(&cluster, &ActorId::new(actor).unwrap(), command, what).await;
        book.write(&Line::End { at: now(), command: named, outcome });
        sleep(Duration::from_millis(random.u64(1..15))).await;
    }
}

async fn route(cluster: &Cluster, actor: &ActorId, command: CommandId, what: Asked) -> Outcome {
    let message = match what {
        Asked::Add(change) => CounterCommand::Add(change),
        Asked::Read | Asked::Linearizable => CounterCommand::Read,
    };
    let route = cluster.route(actor, &message).id(command).within(WITHIN);
    let route = if what == Asked::Linearizable { route.linearizable() } else { route };
    match route.ask::<CounterReply>().await {
        Ok(CounterReply { version, value }) if matches!(what, Asked::Add(_)) => {
            Outcome::Stored { version, value }
        }
        Ok(CounterReply { version, value }) => Outcome::Answered { version, value },
        Err(RouteError::Rejected(_)) => Outcome::Rejected,
        Err(RouteError::Deadline { .. }) => Outcome::Failed("deadline".to_owned()),
        Err(RouteError::NoOwner { .. }) => Outcome::Failed("no owner".to_owned()),
        Err(RouteError::Overloaded { .. }) => Outcome::Failed("overloaded".to_owned()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}
