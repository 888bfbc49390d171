//! Joining: the bucket, what is settled, and then the node's own tasks.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, Subscriber};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::timeout;
use uuid::Uuid;

use super::handle::Inner;
use super::owners::Known;
use super::settled::{settle, settled};
use super::{Cluster, ClusterBuilder, Events, JoinError};
use crate::bucket::{Bucket, Config};
use crate::driver::{Board, Counts, Driver, Parts, Task, Told};
use crate::gate::Gate;
use crate::host::ShardHost;
use crate::meter::Meter;
use crate::owners::Owners;
use crate::placement::NodeId;
use crate::protocol::{Identity, Incarnation, Input, Lease, Node, Setup};
use crate::rooms::Rooms;
use crate::route::{RouteSettings, Router};
use crate::subjects::Subjects;

/// The shortest lease: a third of it must be enough for a round trip, also on a busy machine.
const LEAST_LEASE: Duration = Duration::from_millis(100);
/// The longest: a dead node's shards wait for as long.
const MOST_LEASE: Duration = Duration::from_secs(60 * 60);
/// Nobody tries to join for longer. Clocks cannot show any time there is.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// An answer is waited for at least so long, also with a shorter lease: one that comes late still counts.
const ANSWER: Duration = Duration::from_secs(1);
/// How much may wait for the driver. Hints beyond it are dropped, all else waits.
const WAITING: usize = 4_096;

pub(super) async fn join<H: ShardHost>(builder: ClusterBuilder<H>) -> Result<Cluster, JoinError> {
    let lease = builder.lease;
    if lease < LEAST_LEASE {
        return Err(JoinError::LeaseTooShort { wanted: lease, least: LEAST_LEASE });
    }
    if lease > MOST_LEASE {
        return Err(JoinError::LeaseTooLong { wanted: lease, most: MOST_LEASE });
    }
    builder.host.check().map_err(|source| JoinError::Host { source })?;
    let within = builder.join_within.unwrap_or((lease * 10).max(Duration::from_secs(10))).min(FOREVER);
    let config = Config::new(&builder.name, builder.replicas);
    let (client, api) = (builder.client.clone(), builder.api.clone());
    let bucket = Bucket::open(client, api, config, lease.max(ANSWER), within).await?;
    let incarnation = Incarnation::new(Uuid::now_v7().as_u128());
    let wanted = settled(builder.shards, lease, incarnation);
    settle(&bucket, wanted, within).await?;
    let cluster = start(builder, bucket, incarnation).await?;
    cluster.wait_to_join(within).await?;
    Ok(cluster)
}

async fn start<H: ShardHost>(
    builder: ClusterBuilder<H>,
    bucket: Bucket,
    incarnation: Incarnation,
) -> Result<Cluster, JoinError> {
    let node = builder.node.clone().map_or_else(any_id, Ok)?;
    let me = Identity { node, incarnation };
    let subjects = Subjects::new(&builder.name);
    let gate = Arc::new(Gate::new(builder.clock));
    let board = Arc::new(Board::new(builder.shards));
    let setup = setup(&builder);
    let (timeouts, lease) = (setup.timeouts, setup.lease);
    let (tell, told) = mpsc::channel(WAITING);
    let (drained_in, drained) = mpsc::unbounded_channel();
    let client = bucket.client().clone();
    let hints = subscribe(&client, subjects.node(&me.node)).await?;
    let known = Arc::new(Known { board: Arc::clone(&board), bucket: bucket.clone() });
    let (shards, clock) = (builder.shards, builder.clock);
    let rooms = Rooms::open(
        client.clone(),
        subjects.clone(),
        me.clone(),
        Arc::clone(&gate),
        builder.host,
        drained_in,
    );
    let rooms = rooms.await.map_err(|_| JoinError::Closed)?;
    let router = Router::open(
        client,
        subjects.clone(),
        me.clone(),
        shards,
        clock,
        Arc::clone(&known) as Arc<dyn Owners>,
        rooms.clone(),
        RouteSettings::of(lease),
    );
    let router = router.await.map_err(|_| JoinError::Closed)?;
    let driver = Driver::new(Parts {
        node: Node::new(me.clone(), setup, clock.now()),
        shards,
        lease: lease.length(),
        bucket,
        subjects,
        gate: Arc::clone(&gate),
        board: Arc::clone(&board),
        rooms: rooms.clone(),
        told: (tell.clone(), told),
        drained,
        meter: Meter::new(&builder.name, &me.node),
    });
    let hearing = hear(hints, driver.hears(), tell.clone(), Arc::clone(&board.counts));
    let mut tasks = vec![Task::spawn(hearing)];
    if let Some(broadcaster) = builder.broadcaster {
        // Before anything can happen.
        let events = Events::new(board.events.subscribe());
        tasks.push(Task::spawn(broadcaster.pass_on(events, builder.name.clone())));
    }
    tasks.push(Task::spawn(driver.run()));
    Ok(Cluster::new(Inner {
        name: builder.name,
        me,
        board,
        gate,
        known,
        rooms,
        router,
        tell,
        timeouts,
        tasks: tasks.into(),
    }))
}

fn setup<H>(builder: &ClusterBuilder<H>) -> Setup {
    let lease = Lease::new(builder.lease);
    let mut setup = Setup::new(lease, builder.shards);
    setup.policy = builder.policy.clone();
    setup.weight = builder.weight;
    setup.labels = builder.labels.clone();
    setup
}

/// An id that no other node has: who names none does not want one that stays.
fn any_id() -> Result<NodeId, JoinError> {
    NodeId::new(format!("node-{}", Uuid::now_v7().simple()))
        .map_err(|error| JoinError::Settings { source: error.into() })
}

async fn subscribe(client: &Client, subject: String) -> Result<Subscriber, JoinError> {
    client.subscribe(subject).await.map_err(|_| JoinError::Closed)
}

/// Passes on the hints of other nodes, as far as they are any and there is room: they come again.
async fn hear(
    mut hints: Subscriber,
    read: impl Fn(&[u8]) -> Option<Input>,
    tell: mpsc::Sender<Told>,
    counts: Arc<Counts>,
) {
    while let Some(message) = hints.next().await {
        match read(&message.payload) {
            Some(input) => drop(tell.try_send(Told::Input(input))),
            None if counts.unreadable.add_and_log() => {
                tracing::warn!(subject = %message.subject, "a hint that is none is passed over");
            }
            None => {}
        }
    }
}

impl Cluster {
    async fn wait_to_join(&self, within: Duration) -> Result<(), JoinError> {
        let board = self.board();
        let (mut joined, mut ended) = (board.joined.subscribe(), board.ended.subscribe());
        let node = self.me().node.clone();
        let waited = timeout(within, async {
            tokio::select! {
                joined = joined.wait_for(|joined| *joined) => joined.is_ok(),
                _ = ended.wait_for(Option::is_some) => false,
            }
        });
        match waited.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(JoinError::Died { node }),
            Err(_) => {
                let members = self.members();
                let other = members.get(&node).filter(|member| member.incarnation != self.me().incarnation);
                Err(match other.is_some_and(super::Member::is_alive) {
                    true => JoinError::NodeTaken { node },
                    false => JoinError::TimedOut { node, within },
                })
            }
        }
    }
}
