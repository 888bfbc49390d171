//! Stores of several partitions: their streams, what keeps other numbers of partitions out, and their positions.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aether_core::{
    ActorId, AppendError, Checkpoint, Consistency, EventStore, EventStoreExt, Expected, Namespace, Position,
    RawJson, ReadError, Snapshot, SnapshotStore, StreamName, Version,
};
use aether_store_jetstream::{JetStreamStore, OpenError, Retention};
use async_nats::Client;
use common::crashing::Crashing;
use common::{actor, api, builder, connect, event, fresh_name, info, publish};
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn config(client: &Client, stream: &str) -> Value {
    info(client, stream).await["config"].take()
}

/// The names of all streams that are of a store, whatever its partitions.
async fn streams(client: &Client, name: &StreamName) -> BTreeSet<String> {
    let (mut found, mut offset) = (BTreeSet::new(), 0);
    loop {
        let page = api(client, "STREAM.NAMES", json!({ "offset": offset })).await;
        let names: Vec<String> = serde_json::from_value(page["streams"].clone()).unwrap_or_default();
        offset += names.len();
        found.extend(names.iter().filter(|stream| stream.contains(name.as_str())).cloned());
        if names.is_empty() || page["total"].as_u64().unwrap() <= offset as u64 {
            return found;
        }
    }
}

async fn open(name: &StreamName, partitions: u32) -> Result<JetStreamStore, OpenError> {
    builder(name).await.partitions(partitions).open().await
}

/// Actors, one in each partition, in their order.
fn one_in_each(store: &JetStreamStore) -> Vec<ActorId> {
    let ids = (0..1000).map(|n| actor(&format!("order-{n}")));
    let mut actors: BTreeMap<u32, ActorId> = ids.map(|id| (store.partition_of(&id), id)).collect();
    let partitions = 0..u32::try_from(store.streams().count()).unwrap();
    partitions.map(|partition| actors.remove(&partition).unwrap()).collect()
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn each_partition_has_two_streams_that_say_whose_they_are() {
    let (name, client) = (fresh_name(), connect().await);
    let namespace = Namespace::new("a.b").unwrap();
    let store = builder(&name).await.namespace(namespace).partitions(2).open().await.unwrap();
    let full = format!("a_b_{name}");
    let events: Vec<_> = store.streams().collect();
    assert_eq!(events, [format!("{full}%p0of2"), format!("{full}%p1of2")]);
    let both = events.iter().flat_map(|stream| [(*stream).to_owned(), format!("{stream}%snapshots")]);
    let all = both.chain([full.clone()]).collect();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        // In a cluster, who is asked may not have heard of the last one yet.
        let found = streams(&client, &name).await;
        if found == all {
            break;
        }
        assert!(found.is_subset(&all) && Instant::now() < deadline, "{found:?}");
    }

    let second = config(&client, events[1]).await;
    assert_eq!(second["subjects"], json!([format!("{full}%p1of2.events.>")]));
    let owner = json!({ "aether.role": "events", "aether.namespace": "a.b", "aether.name": name.as_str(), "aether.partition": "1of2" });
    let described: Value = serde_json::from_str(second["description"].as_str().unwrap()).unwrap();
    assert_eq!(described, owner);
    let beside = config(&client, &format!("{}%snapshots", events[1])).await;
    let subjects = ["snapshots", "anchors"].map(|kind| format!("{full}%p1of2.{kind}.>"));
    assert_eq!(beside["subjects"], json!(subjects));
    let count: Value =
        serde_json::from_str(config(&client, &full).await["description"].as_str().unwrap()).unwrap();
    assert_eq!((&count["aether.role"], &count["aether.partitions"]), (&json!("partitions"), &json!("2")));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn events_and_snapshots_are_where_the_hash_says_for_every_handle() {
    let name = fresh_name();
    let store = open(&name, 4).await.unwrap();
    // The vectors of `partition.rs`.
    for (id, partition) in [("order-1", 0), ("order-2", 3), ("a", 2), ("a.b", 3)] {
        assert_eq!(store.partition_of(&actor(id)), partition, "{id}");
    }
    let client = connect().await;
    for (partition, order) in one_in_each(&store).into_iter().enumerate() {
        let commit = store.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
        assert_eq!(commit.position.partition() as usize, partition);
        store.save_snapshot(Snapshot::new(order.clone(), commit.version, RawJson::NULL)).await.unwrap();
        let stream = format!("{name}%p{partition}of4");
        for (stream, kind) in [(stream.clone(), "events"), (format!("{stream}%snapshots"), "snapshots")] {
            let get = json!({ "last_by_subj": format!("{name}%p{partition}of4.{kind}.order.{order}") });
            let found = api(&client, &format!("STREAM.MSG.GET.{stream}"), get).await;
            assert_eq!(found["message"]["seq"], 1, "{found}");
        }
        let other = open(&name, 4).await.unwrap();
        for consistency in [Consistency::Any, Consistency::Leader] {
            let head = other.head(&order, consistency).await.unwrap();
            assert_eq!(head.position, Some(commit.position.clone()));
        }
        let read = other.read_all(&order, Version::FIRST).await.unwrap();
        assert_eq!(read[0].position(), commit.position);
        assert!(other.latest_snapshot(&order).await.unwrap().is_some());
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn another_number_of_partitions_is_refused_and_nothing_is_created() {
    let client = connect().await;
    for (there, wanted) in [(1, 4), (4, 1), (4, 8), (8, 4), (4, 2)] {
        let name = fresh_name();
        open(&name, there).await.unwrap();
        let before = streams(&client, &name).await;
        let error = open(&name, wanted).await.unwrap_err();
        let OpenError::Partitions { stream, wanted: said, found } = &error else { panic!("{error}") };
        assert_eq!((*said, *found), (wanted, there));
        assert_eq!(stream, name.as_str());
        assert_eq!(streams(&client, &name).await, before);
        open(&name, there).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn of_racing_openers_those_with_one_number_of_partitions_win() {
    for _ in 0..5 {
        let name = fresh_name();
        // All connected before the first one begins.
        let mut openers = Vec::new();
        for partitions in [1, 4, 2, 4, 1, 3] {
            openers.push((partitions, builder(&name).await.partitions(partitions)));
        }
        let opening = openers.into_iter().map(|(n, builder)| async move { (n, builder.open().await) });
        let opened = join_all(opening).await;
        let won: BTreeSet<_> = opened.iter().filter(|(_, result)| result.is_ok()).map(|(n, _)| *n).collect();
        assert_eq!(won.len(), 1, "{opened:?}");
        for (n, result) in opened {
            match result {
                Ok(store) => assert_eq!(store.streams().count(), n as usize),
                Err(OpenError::Partitions { wanted, found, .. }) => assert!(wanted == n && found != n),
                Err(error) => panic!("{error}"),
            }
            assert_eq!(open(&name, n).await.is_ok(), won.contains(&n));
        }
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_opening_that_was_broken_off_is_gone_on_with_and_keeps_others_out() {
    let (name, client) = (fresh_name(), connect().await);
    let third = format!("{name}%p2of4");
    let in_the_way = json!({ "name": third, "subjects": [format!("x-{name}.>")] });
    api(&client, &format!("STREAM.CREATE.{third}"), in_the_way).await;
    let error = open(&name, 4).await.unwrap_err();
    assert!(matches!(&error, OpenError::NameTaken { stream, .. } if *stream == third), "{error}");
    // Its number of partitions is settled.
    for other in [1, 2] {
        let error = open(&name, other).await.unwrap_err();
        assert!(matches!(error, OpenError::Partitions { found: 4, .. }), "{error}");
    }
    api(&client, &format!("STREAM.DELETE.{third}"), Value::Null).await;
    assert_eq!(open(&name, 4).await.unwrap().streams().count(), 4);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_look_alike_store_is_named_whatever_its_partitions() {
    let name = fresh_name();
    let inner = StreamName::new(format!("b_{name}")).unwrap();
    let dotted = builder(&name).await.namespace(Namespace::new("a.b").unwrap());
    dotted.partitions(4).open().await.unwrap();
    for wanted in [1, 4, 8] {
        let alike = builder(&inner).await.namespace(Namespace::new("a").unwrap());
        let error = alike.partitions(wanted).open().await.unwrap_err();
        let OpenError::NameTaken { by, .. } = &error else { panic!("{wanted}: {error}") };
        assert!(by.contains(name.as_str()) && by.contains("a.b"), "{by}");
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_stream_of_the_go_original_has_one_partition() {
    let (name, client) = (fresh_name(), connect().await);
    let text = include_str!("data/go-stream-config.json").replace("\"events", &format!("\"{name}"));
    let mut go: Value = serde_json::from_str(&text).unwrap();
    go["num_replicas"] = json!(common::server().replicas());
    let created = api(&client, &format!("STREAM.CREATE.{name}"), go).await;
    assert!(created["error"].is_null(), "{created}");
    let before = (config(&client, name.as_str()).await, streams(&client, &name).await);
    let error = open(&name, 4).await.unwrap_err();
    assert!(matches!(error, OpenError::Partitions { wanted: 4, found: 1, .. }), "{error}");
    let error = builder(&name).await.partitions(4).adopt().await.unwrap_err();
    assert!(matches!(error, OpenError::Unsupported(_)), "{error}");
    assert_eq!((config(&client, name.as_str()).await, streams(&client, &name).await), before);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn no_partition_and_too_many_are_refused() {
    for (wanted, name) in [(0, fresh_name()), (257, fresh_name()), (u32::MAX, fresh_name())] {
        let error = open(&name, wanted).await.unwrap_err();
        assert!(
            matches!(error, OpenError::PartitionCount { wanted: w, limit: 256 } if w == wanted),
            "{error}"
        );
        assert!(streams(&connect().await, &name).await.is_empty());
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_wish_is_checked_and_changed_in_every_partition() {
    let (name, client) = (fresh_name(), connect().await);
    open(&name, 3).await.unwrap();
    let wish = |builder: aether_store_jetstream::JetStreamStoreBuilder| {
        builder.partitions(3).retention(Retention::Forever)
    };
    let error = wish(builder(&name).await).open().await.unwrap_err();
    assert!(matches!(error, OpenError::Config { field: "max_age", .. }), "{error}");
    let store = wish(builder(&name).await).change_stream().open().await.unwrap();
    for stream in store.streams() {
        assert_eq!(config(&client, stream).await["max_age"], 0, "{stream}");
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_checkpoint_has_a_position_for_each_partition_and_each_is_checked() {
    let store = open(&fresh_name(), 4).await.unwrap();
    let mut checkpoint = Checkpoint::default();
    for order in one_in_each(&store) {
        let first = store.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
        let second = store.append(&order, Expected::Any, [event("2"), event("3")]).await.unwrap();
        [first.position, second.position].into_iter().for_each(|position| checkpoint.advance(position));
    }
    let positions: Vec<_> = checkpoint.positions().cloned().collect();
    assert_eq!(positions.iter().map(Position::partition).collect::<Vec<_>>(), [0, 1, 2, 3]);
    store.verify_checkpoint(&checkpoint).await.unwrap();

    // Each lies at the same sequence of another stream, and stands for another event.
    for (mine, other) in positions.iter().zip(positions.iter().skip(1)) {
        let moved = Position::new(mine.partition(), mine.sequence(), mine.index(), other.event_id().cloned());
        let Err(ReadError::Rewound(rewound)) = store.verify(&moved).await else { panic!("{moved}") };
        assert_eq!(rewound.position, moved);
    }
    let nowhere = Position::new(4, 1, 0, None);
    let error = store.verify(&nowhere).await.unwrap_err();
    assert!(matches!(&error, ReadError::Unsupported(_)), "{error}");
    assert!(
        error.to_string().contains("partitions 0 to 3") && error.to_string().contains("4.1.0"),
        "{error}"
    );
    checkpoint.advance(nowhere);
    assert!(matches!(store.verify_checkpoint(&checkpoint).await, Err(ReadError::Unsupported(_))));
    let whole = open(&fresh_name(), 1).await.unwrap();
    assert!(matches!(whole.verify(&positions[1]).await, Err(ReadError::Unsupported(_))));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_malformed_message_says_in_which_partition_it_lies() {
    let name = fresh_name();
    let store = open(&name, 4).await.unwrap();
    let order = one_in_each(&store).pop().unwrap();
    store.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
    publish(&connect().await, &format!("{name}%p3of4.events.order.{order}"), &[], b"{}").await;
    let replay = store.replay(&order, Version::FIRST).await.unwrap();
    assert_eq!(replay.errors[0].position, Some(Position::new(3, 2, 0, None)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_opener_whose_number_of_partitions_was_overtaken_is_told() {
    let (name, client) = (fresh_name(), connect().await);
    let opening = tokio::spawn(builder(&name).await.partitions(32).open());
    // What clusters of 2.10 make of another opener's creation at the same moment: a change of the stream.
    let mut there = config(&client, name.as_str()).await;
    there["metadata"]["aether.partitions"] = json!("2");
    let updated = api(&client, &format!("STREAM.UPDATE.{name}"), there).await;
    assert!(updated["error"].is_null(), "{updated}");
    let error = opening.await.unwrap().unwrap_err();
    assert!(matches!(error, OpenError::Partitions { wanted: 32, found: 2, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_lost_tail_is_found_out_in_the_partition_that_lost_it() {
    let (mut server, name) = (Crashing::start(), fresh_name());
    // In the partitions 0 and 3 of 4.
    let (whole, torn) = (actor("order-1"), actor("order-2"));
    let store = server.open_in(&name, 4).await;
    let kept = store.append(&whole, Expected::NoEvents, [event("kept")]).await.unwrap();
    store.append(&torn, Expected::NoEvents, [event("kept")]).await.unwrap();
    server.remember();
    let store = server.open_in(&name, 4).await;
    let lost = store.append(&torn, Expected::Any, [event("lost")]).await.unwrap();
    assert_eq!((kept.position.partition(), lost.position.partition()), (0, 3));
    let checkpoint = Checkpoint::from(vec![kept.position.clone(), lost.position.clone()]);
    store.verify_checkpoint(&checkpoint).await.unwrap();
    server.lose_the_tail();

    // The handle that was told so, once, and another one.
    let error = loop {
        match store.append(&torn, Expected::Exactly(lost.version), [event("after")]).await {
            Err(AppendError::Unavailable(_) | AppendError::Unknown(_)) => {}
            other => break other.unwrap_err(),
        }
    };
    let AppendError::Rewound(rewound) = error else { panic!("{error}") };
    assert_eq!((rewound.position.partition(), rewound.position.sequence()), (3, lost.position.sequence()));
    let store = server.open_in(&name, 4).await;
    store.verify(&kept.position).await.unwrap();
    let Err(ReadError::Rewound(rewound)) = store.verify_checkpoint(&checkpoint).await else {
        panic!("not found out")
    };
    assert_eq!(rewound.position, lost.position);
    store.append(&whole, Expected::Exactly(kept.version), [event("after")]).await.unwrap();
}
