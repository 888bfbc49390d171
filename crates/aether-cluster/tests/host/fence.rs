//! What reaches the log late: an append that a former owner sent before it lost the shard.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aether_cluster::placement::Shard;
use aether_cluster::protocol::Incarnation;
use aether_cluster::testing::{CounterCommand, CounterReply, Counters, drain, ownership};
use aether_cluster::{Handled, Mechanism, Mechanisms, Message, Ownership, ShardHost};
use aether_core::{ActorId, CommandId, Epoch, EventStoreExt, Version};
use aether_nats_harness::{Direction, Proxy};
use aether_store_jetstream::JetStreamStore;
use async_nats::Client;
use tokio::time::timeout;

use crate::site::{PATIENCE, server, until};

const LIMIT: i64 = 5;

/// An owner of the counter, whose link to the log can be held up.
struct Owner {
    counters: Arc<Counters<JetStreamStore>>,
    ownership: Ownership,
    proxy: Proxy,
    client: Client,
}

impl Owner {
    async fn new(store: &str, epoch: u64, mechanisms: Mechanisms) -> Self {
        let proxy = Proxy::start(server().url()).unwrap();
        let options = async_nats::ConnectOptions::new().ignore_discovered_servers();
        let client = options.connect(proxy.url()).await.unwrap();
        let builder = JetStreamStore::builder(client.clone(), store.to_owned().try_into().unwrap());
        // It waits for the answer that is held up, and asks nobody else meanwhile.
        let builder = builder.answer_timeout(PATIENCE).deadline(PATIENCE);
        let replicas = u8::try_from(server().replicas()).unwrap();
        let store = builder.replicas(replicas).open().await.unwrap();
        let ownership = ownership(Shard::new(0), Epoch::new(epoch), Incarnation::new(epoch.into()));
        Self { counters: Arc::new(Counters::new(store, LIMIT).with(mechanisms)), ownership, proxy, client }
    }

    /// Begins to handle a message, in the order of these calls.
    fn begins(&self, message: Message) -> tokio::task::JoinHandle<Handled> {
        let (counters, ownership) = (Arc::clone(&self.counters), self.ownership.clone());
        tokio::spawn(async move { counters.handle(&ownership, message).await })
    }

    async fn handles(&self, command: CounterCommand) -> Handled {
        timeout(PATIENCE, self.begins(message(command))).await.unwrap().unwrap()
    }

    /// Sends an append that stays on its way until the link is healed.
    async fn sends_late(&self, command: CounterCommand) -> tokio::task::JoinHandle<Handled> {
        self.proxy.delay(Direction::ToServer, PATIENCE * 10);
        let statistics = self.client.statistics();
        let sent = || statistics.out_messages.load(Ordering::Relaxed);
        let before = sent();
        let handled = self.begins(message(command));
        until("the append is on its way", || sent() > before).await;
        handled
    }
}

fn actor() -> ActorId {
    ActorId::new("counter-1").unwrap()
}

fn message(command: CounterCommand) -> Message {
    let payload = serde_json::to_vec(&command).unwrap().into();
    Message::new(actor(), CommandId::generate(), payload, Duration::from_secs(30))
}

fn name() -> String {
    format!("fence-{}", uuid::Uuid::now_v7().simple())
}

/// The second owner rejects, and what the first one sent before arrives: says whether that was stored.
async fn lands_after_a_rejection(mechanisms: Mechanisms) -> bool {
    let name = name();
    let former = Owner::new(&name, 1, Mechanisms::default()).await;
    assert!(matches!(former.handles(CounterCommand::Add(1)).await, Handled::Stored(_)));
    let late = former.sends_late(CounterCommand::Add(2)).await;

    let later = Owner::new(&name, 2, mechanisms).await;
    let rejected = later.handles(CounterCommand::Add(LIMIT)).await;
    assert!(matches!(rejected, Handled::Rejected(_)), "{rejected:?}");
    let Handled::Answered(read) = later.handles(CounterCommand::Read).await else { panic!("no answer") };
    let read: CounterReply = serde_json::from_slice(&read).unwrap();
    assert_eq!(read, CounterReply { version: 1, value: 1 });

    former.proxy.heal();
    let handled = timeout(PATIENCE, late).await.unwrap().unwrap();
    let store =
        JetStreamStore::builder(server_client().await, name.try_into().unwrap()).open().await.unwrap();
    let events = store.read_all(&actor(), Version::FIRST).await.unwrap().len();
    match handled {
        Handled::Stored(_) => assert_eq!((events, former.ownership.is_closed()), (2, false)),
        Handled::Moved => assert_eq!((events, former.ownership.is_closed()), (1, true)),
        other => panic!("{other:?}"),
    }
    events == 2
}

async fn server_client() -> Client {
    async_nats::connect(server().urls()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_a_former_owner_sent_before_fails_once_a_later_one_has_rejected() {
    assert!(!lands_after_a_rejection(Mechanisms::default()).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn without_the_claim_it_lands_after_the_rejection() {
    assert!(lands_after_a_rejection(Mechanisms::all_but(Mechanism::Claim)).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_waits_for_its_turn_when_the_drain_begins_is_given_back_as_it_is() {
    let owner = Owner::new(&name(), 1, Mechanisms::default()).await;
    assert!(matches!(owner.handles(CounterCommand::Add(1)).await, Handled::Stored(_)));
    let first = owner.sends_late(CounterCommand::Add(1)).await;
    let waits = message(CounterCommand::Add(1));
    let command = waits.command.clone();
    let second = owner.begins(waits);
    drain(&owner.ownership);
    owner.proxy.heal();
    assert!(matches!(timeout(PATIENCE, first).await.unwrap().unwrap(), Handled::Stored(_)));
    match timeout(PATIENCE, second).await.unwrap().unwrap() {
        Handled::NotBegun(message) => assert_eq!(message.command, command),
        other => panic!("{other:?}"),
    }
}
