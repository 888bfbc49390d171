//! Nodes of one cluster in one process, over a real server, with owners that the test says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aether_core::{ActorId, Epoch};
use aether_store_memory::MemoryStore;
use async_nats::{Client, RequestErrorKind};
use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::gate::Gate;
use crate::host::ShardHost;
use crate::name::ClusterName;
use crate::owners::Owners;
use crate::placement::{NodeId, Shard, ShardCount};
use crate::protocol::{Identity, Incarnation, Lease, Task};
use crate::rooms::{RoomSettings, Rooms};
use crate::route::{RouteSettings, Router};
use crate::subjects::Subjects;
use crate::testing::Counters;

/// What is said of who owns what: as far as askers know, and as it is.
#[derive(Default)]
pub(super) struct Said {
    known: Mutex<HashMap<Shard, (Identity, Epoch)>>,
    truth: Mutex<HashMap<Shard, (Identity, Epoch)>>,
    pub(super) looks: std::sync::atomic::AtomicUsize,
}

impl Owners for Said {
    fn known(&self, shard: Shard) -> Option<(Identity, Epoch)> {
        self.known.lock().unwrap().get(&shard).cloned()
    }

    fn look(&self, shard: Shard) -> BoxFuture<'_, Option<(Identity, Epoch)>> {
        self.looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let truth = self.truth.lock().unwrap().get(&shard).cloned();
        truth.clone().map(|owner| self.known.lock().unwrap().insert(shard, owner));
        async move { truth }.boxed()
    }
}

impl Said {
    pub(super) fn is_owned(&self, shard: Shard, owner: Option<(&Identity, u64)>) {
        let mut truth = self.truth.lock().unwrap();
        match owner {
            Some((owner, epoch)) => truth.insert(shard, (owner.clone(), Epoch::new(epoch))),
            None => truth.remove(&shard),
        };
    }

    pub(super) fn is_believed(&self, shard: Shard, owner: &Identity, epoch: u64) {
        self.known.lock().unwrap().insert(shard, (owner.clone(), Epoch::new(epoch)));
    }
}

pub(super) struct Node {
    pub(super) me: Identity,
    pub(super) client: Client,
    pub(super) subjects: Subjects,
    pub(super) gate: Arc<Gate>,
    pub(super) rooms: Rooms,
    pub(super) router: Router,
    pub(super) drained: tokio::sync::Mutex<mpsc::UnboundedReceiver<(Shard, Epoch)>>,
}

pub(super) struct Site {
    pub(super) said: Arc<Said>,
    pub(super) store: MemoryStore,
    name: ClusterName,
}

pub(super) const SHARDS: u32 = 4;

pub(super) fn actor(name: &str) -> (ActorId, Shard) {
    let actor = ActorId::new(name).unwrap();
    let shard = ShardCount::new(SHARDS).unwrap().shard_of(&actor);
    (actor, shard)
}

impl Site {
    pub(super) fn new() -> Self {
        let name = ClusterName::new(format!("test{:016x}", fastrand::u64(..))).unwrap();
        Self { said: Arc::default(), store: MemoryStore::new(), name }
    }

    /// A node whose lease lasts, with counters from 0 to a million.
    pub(super) async fn node(&self, number: u128) -> Node {
        self.node_with(number, Counters::new(self.store.clone(), 1_000_000), RoomSettings::default()).await
    }

    pub(super) async fn node_with<H: ShardHost>(&self, number: u128, host: H, limits: RoomSettings) -> Node {
        let url = aether_nats_harness::shared().unwrap().url();
        let client = async_nats::connect(url).await.unwrap();
        let me = Identity {
            node: NodeId::new(format!("node-{number}")).unwrap(),
            incarnation: Incarnation::new(number),
        };
        let (clock, subjects) = (Clock::default(), Subjects::new(&self.name));
        let gate = Arc::new(Gate::new(clock));
        gate.open_until(Some(clock.now().plus(Duration::from_secs(600))));
        let (sender, drained) = mpsc::unbounded_channel();
        let rooms = Rooms::open_with(
            client.clone(),
            subjects.clone(),
            me.clone(),
            Arc::clone(&gate),
            host,
            sender,
            limits,
        );
        let rooms = rooms.await.unwrap();
        // One message behind the subscription: when it is answered the server knows where the node listens.
        let nobody = client.request("nobody.listens.here", "".into()).await.unwrap_err();
        assert_eq!(nobody.kind(), RequestErrorKind::NoResponders);
        let shards = ShardCount::new(SHARDS).unwrap();
        let settings = RouteSettings::of(Lease::new(Duration::from_secs(1)));
        let owners: Arc<dyn Owners> = Arc::clone(&self.said) as _;
        let router = Router::open(
            client.clone(),
            subjects.clone(),
            me.clone(),
            shards,
            clock,
            owners,
            rooms.clone(),
            settings,
        );
        let router = router.await.unwrap();
        // What was subscribed is known to the server.
        client.flush().await.unwrap();
        Node { me, client, subjects, gate, rooms, router, drained: drained.into() }
    }

    /// Has a node own the shard from now on.
    pub(super) fn give(&self, node: &Node, shard: Shard, epoch: u64) {
        node.rooms.tell(shard, Task::Listen(Epoch::new(epoch)));
        self.said.is_owned(shard, Some((&node.me, epoch)));
        node.rooms.tell(shard, Task::Serve(Epoch::new(epoch)));
    }

    /// Moves the shard as nodes do, and returns when it has moved.
    pub(super) async fn move_shard(&self, shard: Shard, from: &Node, to: &Node, epoch: u64) {
        let (old, new) = (Epoch::new(epoch), Epoch::new(epoch + 1));
        to.rooms.tell(shard, Task::Listen(new));
        from.rooms.tell(shard, Task::Drain(old));
        from.drained(shard, epoch).await;
        self.move_shard_on(shard, from, to, epoch);
    }

    /// Moves a shard on that is drained.
    pub(super) fn move_shard_on(&self, shard: Shard, from: &Node, to: &Node, epoch: u64) {
        let (old, new) = (Epoch::new(epoch), Epoch::new(epoch + 1));
        from.rooms.tell(shard, Task::Close(old));
        self.said.is_owned(shard, Some((&to.me, epoch + 1)));
        to.rooms.tell(shard, Task::Serve(new));
        from.rooms.tell(shard, Task::Forward(old, Some(to.me.clone())));
    }
}

impl Node {
    pub(super) async fn drained(&self, shard: Shard, epoch: u64) {
        let mut drained = self.drained.lock().await;
        loop {
            let next = tokio::time::timeout(Duration::from_secs(30), drained.recv()).await;
            if next.unwrap() == Some((shard, Epoch::new(epoch))) {
                return;
            }
        }
    }
}

/// Waits until something is so, and asks again and again.
pub(super) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "it is still not so that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
