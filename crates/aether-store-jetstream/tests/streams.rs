//! Streams as they are created, found and refused.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use aether_core::{
    AppendError, Epoch, Event, EventStore, EventStoreExt, Expected, Namespace, StreamName, Version,
};
use aether_store_jetstream::{JetStreamStore, OpenError, Retention};
use async_nats::jetstream;
use common::{actor, api, builder, connect, event, fresh_name, info, open, publish};
use serde_json::{Value, json};

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_server_itself_refuses_to_rewrite_history() {
    let (name, client) = (fresh_name(), connect().await);
    let store = open(&name).await;
    store.append(&actor("order-1"), Expected::NoEvents, [event("x")]).await.unwrap();
    let delete = api(&client, &format!("STREAM.MSG.DELETE.{name}"), json!({ "seq": 1 })).await;
    let purge = api(&client, &format!("STREAM.PURGE.{name}"), json!({})).await;
    assert!(delete["error"].is_object() && purge["error"].is_object(), "{delete} {purge}");
    assert!(store.capabilities().deletion_denied);
    assert_eq!(store.read_all(&actor("order-1"), Version::FIRST).await.unwrap().len(), 1);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_stream_of_somebody_else_is_not_touched() {
    let (name, client) = (fresh_name(), connect().await);
    let theirs = json!({ "name": name.as_str(), "subjects": [format!("{name}.>")], "retention": "limits" });
    api(&client, &format!("STREAM.CREATE.{name}"), theirs).await;
    let before = info(&client, name.as_str()).await;
    let error = JetStreamStore::builder(client.clone(), name.clone()).open().await.unwrap_err();
    assert!(matches!(&error, OpenError::NameTaken { stream, .. } if stream == name.as_str()), "{error}");
    assert_eq!(before["config"], info(&client, name.as_str()).await["config"]);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn look_alike_stores_are_told_apart_by_name() {
    let name = fresh_name();
    let inner = StreamName::new(format!("b_{name}")).unwrap();
    builder(&name).await.namespace(Namespace::new("a.b").unwrap()).open().await.unwrap();
    let error = builder(&inner).await.namespace(Namespace::new("a").unwrap()).open().await.unwrap_err();
    let OpenError::NameTaken { by, .. } = &error else { panic!("{error}") };
    assert!(by.contains(name.as_str()) && by.contains("a.b"), "{by}");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_server_that_cannot_read_partitions_back_is_named() {
    let (name, client) = (fresh_name(), connect().await);
    match builder(&name).await.partitions(2).open().await {
        Ok(store) => {
            assert!(client.is_server_compatible(2, 9, 16));
            assert_eq!(store.streams().count(), 2);
        }
        Err(error) => {
            assert!(!client.is_server_compatible(2, 9, 16), "{error}");
            assert!(matches!(&error, OpenError::Unsupported(_)), "{error}");
            assert!(error.to_string().ends_with(&client.server_info().version), "{error}");
            let found = api(&client, &format!("STREAM.INFO.{name}"), Value::Null).await;
            assert_eq!(found["error"]["code"], 404);
        }
    }
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_wish_that_the_stream_does_not_fulfill_is_an_error_with_field_wanted_and_found() {
    let name = fresh_name();
    let year = builder(&name).await.open().await.unwrap();
    let error = builder(&name).await.retention(Retention::Forever).open().await.unwrap_err();
    let OpenError::Config { field, wanted, found, .. } = &error else { panic!("{error}") };
    assert_eq!((*field, wanted.as_str(), found.as_str()), ("max_age", "for ever", "31536000s"));
    drop(year);
    builder(&name).await.open().await.unwrap();
    // What is harmless is changed on request, and then is so for everybody.
    builder(&name).await.retention(Retention::Forever).change_stream().open().await.unwrap();
    builder(&name).await.retention(Retention::Forever).open().await.unwrap();
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_malformed_message_is_an_item_and_harms_no_neighbor() {
    let name = fresh_name();
    let (store, order) = (open(&name).await, actor("order-1"));
    store.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
    publish(&connect().await, &format!("{name}.events.order.order-1"), &[], b"{}").await;
    // The head is unknown, so nothing may be appended; but everything can be read.
    let error = open(&name).await.append(&order, Expected::Any, [event("2")]).await.unwrap_err();
    assert!(error.to_string().contains("order-1"), "{error}");
    let replay = store.replay(&order, Version::FIRST).await.unwrap();
    assert_eq!((replay.events.len(), replay.errors.len()), (1, 1));
    assert_eq!(&replay.errors[0].raw[..], b"{}");
    assert_eq!(replay.errors[0].position.as_ref().map(aether_core::Position::sequence), Some(2));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_expired_beginning_is_said_with_the_first_version_there_is() {
    let (name, order) = (fresh_name(), actor("order-1"));
    let store = builder(&name).await.retention(Retention::For(Duration::from_secs(2))).open().await.unwrap();
    store.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
    let client = connect().await;
    // The second event is stored when the first one has half its life behind it, and is alone for the other half.
    tokio::time::sleep(Duration::from_secs(1)).await;
    store.append(&order, Expected::Any, [event("2")]).await.unwrap();
    let first = json!({ "seq": 1 });
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while api(&client, &format!("STREAM.MSG.GET.{name}"), first.clone()).await["message"].is_object() {
        assert!(tokio::time::Instant::now() < deadline, "the first event does not expire");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A replica may still have it for a while: until then, everything is read.
    let error = loop {
        match store.read_all(&order, Version::FIRST).await {
            Ok(events) => assert_eq!(events.len(), 2),
            Err(error) => break error,
        }
        assert!(tokio::time::Instant::now() < deadline, "the first event does not expire everywhere");
    };
    assert!(error.to_string().contains("before version 2 is gone, version 1 was wanted"), "{error}");
    assert_eq!(store.read_all(&order, Version::new(2).unwrap()).await.unwrap().len(), 1);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_the_stream_does_not_take_is_too_large_and_nothing_of_it_is_stored() {
    let (name, order, client) = (fresh_name(), actor("order-1"), connect().await);
    open(&name).await;
    let mut limited = info(&client, name.as_str()).await["config"].take();
    limited["max_msg_size"] = json!(2_000);
    let updated = api(&client, &format!("STREAM.UPDATE.{name}"), limited).await;
    assert!(updated["error"].is_null(), "{updated}");
    let store = open(&name).await;
    assert_eq!(store.capabilities().max_commit_bytes, Some(2_000));
    let error = store.append(&order, Expected::NoEvents, [event(&"x".repeat(1_990))]).await.unwrap_err();
    let is_said = matches!(&error, AppendError::TooLarge { bytes: 2_001.., limit: 2_000, .. });
    assert!(is_said, "{error}");
    store.append(&order, Expected::NoEvents, [event("fits")]).await.unwrap();
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_audited_history_is_chained_and_what_does_not_fit_is_found_out() {
    let (name, order) = (fresh_name(), actor("order-1"));
    let audited = builder(&name).await.audit().open().await.unwrap();
    audited.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
    // Whoever does not audit continues the chain, and so does a claim.
    let plain = open(&name).await;
    plain.append(&order, Expected::Any, [event("2"), event("3")]).await.unwrap();
    plain.claim(&order, Epoch::new(1)).await.unwrap();
    audited.append(&order, Expected::Any, [event("4")]).await.unwrap();
    assert_eq!(plain.read_all(&order, Version::FIRST).await.unwrap().len(), 4);

    let forged = Event::new(order.clone(), Version::new(5).unwrap(), event("forged"));
    let said = [("Aether-Follows", "4"), ("Aether-Digest", &*"0".repeat(64))];
    let subject = format!("{name}.events.order.order-1");
    publish(&connect().await, &subject, &said, &serde_json::to_vec(&forged).unwrap()).await;
    let replay = plain.replay(&order, Version::FIRST).await.unwrap();
    assert_eq!((replay.events.len(), replay.errors.len()), (4, 1));
    assert!(replay.errors[0].source.to_string().contains("digest"));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn every_header_is_there_from_the_first_day() {
    let (name, order) = (fresh_name(), actor("order-1"));
    let store = builder(&name).await.audit().open().await.unwrap();
    let traced = event("2").with_metadata("traceId", "4bf92f3577b34da6a3ce929d0e0e4736");
    let traced = traced.with_metadata("spanId", "00f067aa0ba902b7");
    store.append(&order, Expected::NoEvents, [event("1")]).await.unwrap();
    store.claim(&order, Epoch::new(7)).await.unwrap();
    store.append(&order, Expected::Any, [traced, event("3")]).await.unwrap();
    let message = jetstream::new(connect().await).get_stream(name.as_str()).await.unwrap();
    let message = message.get_raw_message(3).await.unwrap();
    let header = |name: &str| message.headers.get(name).map(|value| value.as_str().to_owned());
    for (name, value) in [
        ("Nats-Expected-Last-Subject-Sequence", "2"),
        ("Aether-Follows", "1"),
        ("Aether-Trail", "B"),
        ("Aether-Count", "2"),
        ("Aether-Epoch", "7"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ] {
        assert_eq!(header(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(header("Aether-Digest").map(|digest| digest.len()), Some(64));
    assert_eq!(header("Nats-Msg-Id"), None);
}
