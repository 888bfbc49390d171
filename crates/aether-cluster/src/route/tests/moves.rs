//! Shards that move while they are asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use aether_core::{CommandId, Epoch, EventStoreExt, Version};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::sync::Notify;

use super::script::Scripted;
use super::site::{Site, actor, until};
use crate::host::{Handled, Message};
use crate::protocol::{Address, Task};
use crate::rooms::RoomSettings;
use crate::route::wire;
use crate::testing::{CounterCommand, CounterReply};

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_is_kept_goes_to_the_next_owner_in_order_as_it_is() {
    let site = Site::new();
    let (one, two) = (site.node(1).await, site.node(2).await);
    let next = Scripted::new(|_, message: Message| async move { Handled::Answered(message.payload) });
    let three = site.node_with(3, next.clone(), RoomSettings::default()).await;
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    two.rooms.tell(shard, Task::Drain(Epoch::new(1)));
    two.drained(shard, 1).await;
    let to = Address { shard, epoch: Epoch::new(1), incarnation: two.me.incarnation };
    let mut replies = one.client.subscribe("replies.*").await.unwrap();
    let left = Duration::from_secs(20);
    for number in 0..50 {
        let command = CommandId::new(format!("command-{number}")).unwrap();
        let message = Message::new(name.clone(), command, Bytes::from(format!("{number}")), left);
        let (subject, payload) = (two.subjects.route(to), wire::question(&message));
        one.client.publish_with_reply(subject, format!("replies.{number}"), payload).await.unwrap();
    }
    // They are all kept before it goes on: whoever counts sees them.
    one.client.flush().await.unwrap();
    two.client.flush().await.unwrap();
    until("all are kept", async || two.rooms.kept(shard, 1) == 50).await;
    two.rooms.tell(shard, Task::Close(Epoch::new(1)));
    three.rooms.tell(shard, Task::Serve(Epoch::new(2)));
    two.rooms.tell(shard, Task::Forward(Epoch::new(1), Some(three.me.clone())));
    for _ in 0..50 {
        let reply = tokio::time::timeout(Duration::from_secs(30), replies.next()).await.unwrap().unwrap();
        assert!(matches!(wire::read_answer(reply.payload), Ok(crate::protocol::Reply::Answer(_))));
    }
    let seen = next.seen.lock().unwrap();
    let ids: Vec<_> = seen.iter().map(|message| message.command.to_string()).collect();
    let mut wanted: Vec<_> = (0..50).map(|number| format!("command-{number}")).collect();
    // Each has a task of its own: all are there; the order of forwarding is looked at in the state's own test.
    wanted.sort();
    let mut sorted = ids.clone();
    sorted.sort();
    assert_eq!(sorted, wanted);
    assert!(seen.iter().all(|message| message.left() <= left));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_copy_of_what_was_rejected_is_not_sent_on() {
    let site = Site::new();
    let goes_on = Arc::new(Notify::new());
    let wait = Arc::clone(&goes_on);
    let first = Scripted::new(move |_, _| {
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            Handled::Rejected(Bytes::from_static(b"null"))
        }
    });
    let next = Scripted::new(|_, message: Message| async move { Handled::Stored(message.payload) });
    let one = site.node(1).await;
    let two = site.node_with(2, first.clone(), RoomSettings::default()).await;
    let three = site.node_with(3, next.clone(), RoomSettings::default()).await;
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    let id = CommandId::generate();
    let asked = one.router.route(&name, "q").id(id.clone()).within(Duration::from_secs(20)).tell();
    let drains = async {
        until("it is under way", async || first.count() == 1).await;
        two.rooms.tell(shard, Task::Drain(Epoch::new(1)));
        goes_on.notify_waiters();
        two.drained(shard, 1).await;
    };
    let (answer, ()) = tokio::join!(asked, drains);
    assert!(matches!(answer, Err(crate::RouteError::Rejected(_))), "{answer:?}");
    // A copy while it drains, which is still this owner's to reject.
    let again = one.router.route(&name, "q").id(id.clone()).tell().await;
    assert!(matches!(again, Err(crate::RouteError::Rejected(_))), "{again:?}");
    site.move_shard_on(shard, &two, &three, 1);
    until("the former owner has let go", async || *first.released.lock().unwrap() == 1).await;
    assert_eq!(next.count(), 0);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_drain_that_is_called_off_serves_on() {
    let site = Site::new();
    let (one, two) = (site.node(1).await, site.node(2).await);
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    two.rooms.tell(shard, Task::Drain(Epoch::new(1)));
    two.drained(shard, 1).await;
    let add = CounterCommand::Add(1);
    let asked = one.router.route(&name, &add).within(Duration::from_secs(20)).ask::<CounterReply>();
    let serves = async {
        until("it is kept", async || two.rooms.kept(shard, 1) == 1).await;
        two.rooms.tell(shard, Task::Serve(Epoch::new(1)));
    };
    let (reply, ()) = tokio::join!(asked, serves);
    assert_eq!(reply.unwrap().value, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn asks_while_a_shard_moves_to_and_fro_take_effect_once() {
    const ASKS: u64 = 10_000;
    let site = Site::new();
    let (one, two, three) = (site.node(1).await, site.node(2).await, site.node(3).await);
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    let (done, epochs) = (AtomicU64::new(0), AtomicUsize::new(0));
    let asks = iter(0..ASKS).for_each_concurrent(64, async |number| {
        let node = [&one, &two, &three][number as usize % 3];
        let add = node.router.route(&name, &CounterCommand::Add(1)).within(Duration::from_secs(30));
        add.tell().await.unwrap();
        done.fetch_add(1, Ordering::Relaxed);
    });
    let moves = async {
        let (mut from, mut to, mut epoch) = (&two, &three, 1);
        while done.load(Ordering::Relaxed) < ASKS * 9 / 10 {
            let before = done.load(Ordering::Relaxed);
            site.move_shard(shard, from, to, epoch).await;
            (from, to, epoch) = (to, from, epoch + 1);
            epochs.fetch_add(1, Ordering::Relaxed);
            until("some more are done", async || done.load(Ordering::Relaxed) > before + 100).await;
        }
    };
    tokio::join!(asks, moves);
    let events = site.store.read_all(&name, Version::FIRST).await.unwrap();
    let ids: std::collections::HashSet<_> =
        events.iter().map(|event| event.event().command_id().unwrap().clone()).collect();
    assert_eq!((events.len() as u64, ids.len() as u64), (ASKS, ASKS));
    assert!(epochs.load(Ordering::Relaxed) > 3);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_drain_waits_for_what_is_under_way_and_begins_nothing() {
    let site = Site::new();
    let goes_on = Arc::new(Notify::new());
    let wait = Arc::clone(&goes_on);
    let host = Scripted::new(move |_, message: Message| {
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            Handled::Stored(message.payload)
        }
    });
    let (one, two) = (site.node(1).await, site.node_with(2, host.clone(), RoomSettings::default()).await);
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    let within = Duration::from_secs(20);
    let first = one.router.route(&name, "q").within(within).tell();
    let second = async {
        until("the first is under way", async || host.count() == 1).await;
        two.rooms.tell(shard, Task::Drain(Epoch::new(1)));
        let second = one.router.route(&name, "q").within(Duration::from_secs(1)).tell();
        let kept = until("the second is kept", async || two.rooms.kept(shard, 1) == 1);
        let (second, ()) = tokio::join!(second, kept);
        assert!(second.is_err() && host.count() == 1);
        assert!(two.drained.lock().await.try_recv().is_err());
        goes_on.notify_waiters();
        two.drained(shard, 1).await;
    };
    let (first, ()) = tokio::join!(first, second);
    first.unwrap();
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_command_that_comes_again_is_stored_once_whoever_owns_the_actor() {
    let site = Site::new();
    let (one, two, three) = (site.node(1).await, site.node(2).await, site.node(3).await);
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    let (id, add) = (CommandId::generate(), CounterCommand::Add(1));
    let ask = async || one.router.route(&name, &add).id(id.clone()).ask::<CounterReply>().await.unwrap();
    let first = ask().await;
    assert_eq!(ask().await, first);
    site.move_shard(shard, &two, &three, 1).await;
    assert_eq!(ask().await, first);
    assert_eq!(site.store.read_all(&name, Version::FIRST).await.unwrap().len(), 1);
}
