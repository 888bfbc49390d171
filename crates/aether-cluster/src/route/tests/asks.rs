//! Asks find the owner, and every one ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aether_core::{CommandId, EventStoreExt, Version};
use bytes::Bytes;
use tokio::sync::Notify;

use super::script::Scripted;
use super::site::{Site, actor, until};
use crate::host::Handled;
use crate::protocol::{Identity, Incarnation, Task};
use crate::rooms::RoomSettings;
use crate::route::RouteError;
use crate::testing::{CounterCommand, CounterReply, Counters, OutOfBounds};

fn said(text: &str) -> Bytes {
    format!("{text:?}").into()
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_ask_reaches_the_owner_wherever_it_is_asked() {
    let site = Site::new();
    let (one, two) = (site.node(1).await, site.node(2).await);
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    for (node, value) in [(&one, 1), (&two, 2)] {
        let reply: CounterReply = node.router.route(&name, &CounterCommand::Add(1)).ask().await.unwrap();
        assert_eq!(reply.value, value);
        let read = node.router.route(&name, &CounterCommand::Read).linearizable();
        assert_eq!(read.ask::<CounterReply>().await.unwrap(), reply);
        let limit = node.router.route(&name, &CounterCommand::Add(-9)).ask::<CounterReply>().await;
        let Err(RouteError::Rejected(rejection)) = limit else { panic!("{limit:?}") };
        assert_eq!(rejection.decode::<OutOfBounds>().unwrap(), OutOfBounds { value, change: -9 });
        assert_eq!(node.router.waiting(), 0);
    }
    let wrong = one.router.route(&name, &CounterCommand::Read).ask::<String>().await;
    assert!(matches!(wrong, Err(RouteError::Decode { stored: false, .. })), "{wrong:?}");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_local_ask_does_not_touch_the_network() {
    let site = Site::new();
    let node = site.node(1).await;
    let (name, shard) = actor("order-1");
    site.give(&node, shard, 1);
    let statistics = node.client.statistics();
    let counted = || statistics.out_messages.load(Ordering::Relaxed);
    let before = counted();
    node.router.route(&name, &CounterCommand::Add(1)).tell().await.unwrap();
    assert_eq!(counted(), before);
    // What does touch it is counted.
    node.client.publish("somewhere", Bytes::new()).await.unwrap();
    node.client.flush().await.unwrap();
    assert!(counted() > before);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_a_former_owner_or_nobody_answers_is_tried_again_with_the_same_id() {
    let site = Site::new();
    let (one, two, three) = (site.node(1).await, site.node(2).await, site.node(3).await);
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 7);
    // Node 3 is there, but never owned it; nobody has incarnation 99.
    let nobody = Identity { incarnation: Incarnation::new(99), ..three.me.clone() };
    for (known, value) in [(&three.me, 1), (&nobody, 2)] {
        site.said.is_believed(shard, known, 3);
        let looks = site.said.looks.load(Ordering::Relaxed);
        let add = CounterCommand::Add(1);
        let reply: CounterReply = one.router.route(&name, &add).ask().await.unwrap();
        assert_eq!(reply.value, value);
        assert!(site.said.looks.load(Ordering::Relaxed) > looks);
    }
    assert_eq!(site.store.read_all(&name, Version::FIRST).await.unwrap().len(), 2);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_paused_owner_is_asked_again_and_what_it_does_late_is_done_once() {
    let site = Site::new();
    let (one, two) = (site.node(1).await, site.node(2).await);
    let (paused, goes_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, wait) = (Arc::clone(&paused), Arc::clone(&goes_on));
    let host = Scripted::new(move |_, _| {
        let (count, wait) = (Arc::clone(&count), Arc::clone(&wait));
        async move {
            count.fetch_add(1, Ordering::Relaxed);
            wait.notified().await;
            Handled::Moved
        }
    });
    let three = site.node_with(3, host.clone(), RoomSettings::default()).await;
    let (name, shard) = actor("order-1");
    site.give(&three, shard, 1);
    let add = CounterCommand::Add(1);
    let asked = one.router.route(&name, &add).within(Duration::from_secs(30)).ask::<CounterReply>();
    let elsewhere = async {
        until("the paused owner has it", async || paused.load(Ordering::Relaxed) == 1).await;
        site.give(&two, shard, 2);
    };
    let (reply, ()) = tokio::join!(asked, elsewhere);
    assert_eq!(reply.unwrap().value, 1);
    let events = site.store.read_all(&name, Version::FIRST).await.unwrap();
    let command = host.seen.lock().unwrap().first().map(|message| message.command.clone());
    assert_eq!(events.first().unwrap().event().command_id(), command.as_ref());
    // Attempts at the paused one joined the first.
    assert_eq!((events.len(), host.count()), (1, 1));
    goes_on.notify_waiters();
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_late_answer_to_an_attempt_that_was_followed_counts_only_when_it_was_stored() {
    for stores in [true, false] {
        let site = Site::new();
        let one = site.node(1).await;
        let goes_on = Arc::new(Notify::new());
        let wait = Arc::clone(&goes_on);
        let late = Scripted::new(move |_, _| {
            let wait = Arc::clone(&wait);
            async move {
                wait.notified().await;
                if stores { Handled::Stored(said("late")) } else { Handled::Answered(said("late")) }
            }
        });
        let never = Scripted::new(|_, _| std::future::pending());
        let two = site.node_with(2, late, RoomSettings::default()).await;
        let three = site.node_with(3, never.clone(), RoomSettings::default()).await;
        let (name, shard) = actor("order-1");
        site.give(&two, shard, 1);
        let asked = one.router.route(&name, "q").within(Duration::from_secs(3)).ask::<String>();
        let moves = async {
            site.said.is_believed(shard, &two.me, 1);
            three.rooms.tell(shard, Task::Serve(aether_core::Epoch::new(2)));
            site.said.is_owned(shard, Some((&three.me, 2)));
            until("another attempt is under way", async || never.count() == 1).await;
            goes_on.notify_waiters();
        };
        let (answer, ()) = tokio::join!(asked, moves);
        match answer {
            Ok(answer) => assert!(stores && answer == "late"),
            Err(error) => assert!(!stores && matches!(error, RouteError::Deadline { .. }), "{error:?}"),
        }
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn every_ask_ends_and_says_why() {
    let site = Site::new();
    let host = Scripted::new(|_, _| std::future::pending());
    let limits = RoomSettings { under_way: 2, ..RoomSettings::default() };
    let (one, two) = (site.node(1).await, site.node_with(2, host.clone(), limits).await);
    let (name, shard) = actor("order-1");
    let short = Duration::from_millis(300);
    let none = one.router.route(&name, "q").within(short).tell().await;
    assert!(matches!(none, Err(RouteError::NoOwner { lasting, .. }) if lasting > Duration::ZERO), "{none:?}");
    site.give(&two, shard, 1);
    let slow = one.router.route(&name, "q").within(short).tell().await;
    assert!(matches!(slow, Err(RouteError::Deadline { .. })), "{slow:?}");
    let second = async { one.router.route(&name, "q").within(short).tell().await };
    let third = async {
        until("two are under way", async || host.count() == 2).await;
        one.router.route(&name, "q").within(short).tell().await
    };
    let (second, third) = tokio::join!(second, third);
    assert!(matches!(second, Err(RouteError::Deadline { .. })), "{second:?}");
    assert!(matches!(third, Err(RouteError::Overloaded { attempts: 1, .. })), "{third:?}");
    let large = vec![0u8; 2_000_000];
    let large = one.router.route(&name, &large).tell().await;
    assert!(matches!(large, Err(RouteError::TooLarge { .. })), "{large:?}");
    one.router.stop();
    let stopped = one.router.route(&name, "q").tell().await;
    assert!(matches!(stopped, Err(RouteError::Stopped)), "{stopped:?}");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_answer_that_stores_nothing_leaves_only_while_the_gate_is_open() {
    let site = Site::new();
    let (one, goes_on) = (site.node(1).await, Arc::new(Notify::new()));
    let wait = Arc::clone(&goes_on);
    let host = Scripted::new(move |_, message| {
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            match message.payload.as_ref() {
                b"\"store\"" => Handled::Stored(said("stored")),
                b"\"reject\"" => Handled::Rejected(said("no")),
                _ => Handled::Answered(said("answer")),
            }
        }
    });
    let two = site.node_with(2, host.clone(), RoomSettings::default()).await;
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    for (question, ends) in [("store", true), ("reject", false), ("read", false)] {
        two.gate.open_until(Some(two.gate.clock().now().plus(Duration::from_secs(600))));
        let begun = host.count();
        let asked = one.router.route(&name, question).within(Duration::from_secs(1)).ask::<String>();
        let shuts = async {
            until("it is under way", async || host.count() > begun).await;
            two.gate.open_until(None);
            goes_on.notify_waiters();
        };
        let (answer, ()) = tokio::join!(asked, shuts);
        let is_late = matches!(answer, Err(RouteError::Deadline { .. }));
        assert_eq!((answer.is_ok(), is_late), (ends, !ends), "{question}: {answer:?}");
        // Nothing is begun behind a shut gate.
        assert_eq!(host.count(), begun + 1);
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_command_that_is_asked_twice_at_a_time_is_handled_once() {
    let site = Site::new();
    let goes_on = Arc::new(Notify::new());
    let wait = Arc::clone(&goes_on);
    let host = Scripted::new(move |_, _| {
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            Handled::Rejected(said("no"))
        }
    });
    let (one, two) = (site.node(1).await, site.node_with(2, host.clone(), RoomSettings::default()).await);
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    let id = CommandId::generate();
    let ends = Mutex::new(0);
    let ask = async || {
        let answer = one.router.route(&name, "q").id(id.clone()).within(Duration::from_secs(20)).tell().await;
        assert!(matches!(answer, Err(RouteError::Rejected(_))), "{answer:?}");
        *ends.lock().unwrap() += 1;
    };
    let first = ask();
    let second = async {
        until("the first is under way", async || host.count() == 1).await;
        let more = async {
            until("the second waits for it", async || two.rooms.kept(shard, 1) == 1).await;
            goes_on.notify_waiters();
        };
        tokio::join!(ask(), more)
    };
    tokio::join!(first, second);
    // And whenever it comes again: the host does not see it.
    ask().await;
    assert_eq!((host.count(), *ends.lock().unwrap()), (1, 3));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_was_rejected_is_never_forgotten_early() {
    let site = Site::new();
    let host = Scripted::new(|_, _| async { Handled::Rejected(said("no")) });
    let limits = RoomSettings { rejected: 2, ..RoomSettings::default() };
    let (one, two) = (site.node(1).await, site.node_with(2, host.clone(), limits).await);
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    let ids: Vec<_> = (0..3).map(|_| CommandId::generate()).collect();
    for (id, is_rejected) in [(0, true), (1, true), (2, false), (0, true), (1, true)] {
        let answer = one.router.route(&name, "q").id(ids[id].clone()).tell().await;
        let is_overloaded = matches!(answer, Err(RouteError::Overloaded { .. }));
        assert_eq!(matches!(answer, Err(RouteError::Rejected(_))), is_rejected, "{answer:?}");
        assert_eq!(is_overloaded, !is_rejected);
    }
    assert_eq!(host.count(), 2);
    // Also if the ownership is given up, and goes on.
    two.rooms.tell(shard, Task::Stop(aether_core::Epoch::new(1)));
    two.rooms.tell(shard, Task::Serve(aether_core::Epoch::new(1)));
    let answer = one.router.route(&name, "q").id(ids[0].clone()).tell().await;
    assert!(matches!(answer, Err(RouteError::Rejected(_))), "{answer:?}");
    assert_eq!(host.count(), 2);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_host_that_panics_harms_nobody() {
    let site = Site::new();
    let panics = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&panics);
    let host = Scripted::new(move |_, _| {
        let count = Arc::clone(&count);
        async move {
            if count.fetch_add(1, Ordering::Relaxed) == 0 {
                panic!("as the test wants it");
            }
            Handled::Answered(said("well"))
        }
    });
    let (one, two) = (site.node(1).await, site.node_with(2, host, RoomSettings::default()).await);
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    let answer = one.router.route(&name, "q").within(Duration::from_secs(20)).ask::<String>().await;
    assert_eq!(answer.unwrap(), "well");
    two.rooms.tell(shard, Task::Drain(aether_core::Epoch::new(1)));
    two.drained(shard, 1).await;
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_owner_that_sees_a_later_one_in_the_log_stops() {
    let site = Site::new();
    let (one, two) = (site.node(1).await, site.node(2).await);
    let three = site.node_with(3, Counters::new(site.store.clone(), 10), RoomSettings::default()).await;
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    one.router.route(&name, &CounterCommand::Add(1)).tell().await.unwrap();
    site.give(&three, shard, 2);
    let read = CounterCommand::Read;
    three.router.route(&name, &read).linearizable().tell().await.unwrap();
    // Node 2 still believes in itself, and so does node 1.
    site.said.is_believed(shard, &two.me, 1);
    let reply: CounterReply = one.router.route(&name, &CounterCommand::Add(1)).ask().await.unwrap();
    assert_eq!(reply.value, 2);
    let head = site.store.read_all(&name, Version::FIRST).await.unwrap();
    assert_eq!(head.len(), 2);
}
