//! Two tenants, each with permissions for its own namespace alone: those of `docs/bus.md`.

use std::time::Duration;

use aether_bus::{EventFilter, NatsEventBus, Overflow, Pattern, PublishError, SubscribeError, Subscription};
use aether_nats_harness::Server;
use futures_util::StreamExt;

use crate::site::{event, namespace, next};

/// The permissions of the guide, for two tenants and for somebody who may listen to all of them.
const USERS: &str = r#"
authorization {
  users = [
    { user: a, password: a, permissions: {
        publish: ["aether.bus.event.tenant-a", "aether.bus.stored.tenant-a", "aether.bus.node.*"]
        subscribe: ["aether.bus.event.tenant-a", "aether.bus.stored.tenant-a", "aether.bus.node.*"] } }
    { user: b, password: b, permissions: {
        publish: ["aether.bus.event.tenant-b", "aether.bus.stored.tenant-b", "aether.bus.node.*"]
        subscribe: ["aether.bus.event.tenant-b", "aether.bus.stored.tenant-b", "aether.bus.node.*"] } }
    { user: auditor, password: c, permissions: {
        publish: ["aether.bus.node.*"]
        subscribe: ["aether.bus.>"] } }
    { user: setup, password: s }
  ]
}
"#;

/// Two accounts: what is published in one of them does not exist in the other.
const ACCOUNTS: &str = r#"
accounts {
  A { jetstream: enabled, users: [ { user: a, password: a } ] }
  B { jetstream: enabled, users: [ { user: b, password: b } ] }
}
no_auth_user: a
"#;

async fn client(server: &Server, user: &str, password: &str) -> async_nats::Client {
    let options = async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
    options.connect(server.url()).await.unwrap()
}

async fn listen(bus: &NatsEventBus, pattern: Pattern) -> Result<Subscription, SubscribeError> {
    bus.subscribe(pattern, EventFilter::any(), Overflow::drop_oldest(100)).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_server_keeps_a_tenant_to_its_namespace_whatever_its_process_does() {
    let server = Server::builder().config(&format!("{USERS}\nno_auth_user: setup")).start().unwrap();
    let (own, other) = (namespace("tenant-a"), namespace("tenant-b"));
    let a = NatsEventBus::builder(client(&server, "a", "a").await)
        .restricted_to(own.clone())
        .open()
        .await
        .unwrap();
    let second = NatsEventBus::builder(client(&server, "a", "a").await).restricted_to(own.clone());
    let second = second.open().await.unwrap();
    let b = NatsEventBus::builder(client(&server, "b", "b").await).restricted_to(other.clone());
    let b = b.open().await.unwrap();
    // The bus itself refuses.
    let refused = listen(&a, Pattern::all()).await.unwrap_err();
    assert!(matches!(refused, SubscribeError::Outside { .. }), "{refused}");
    let refused = a.publish(&other, event(1)).await.unwrap_err();
    assert!(matches!(refused, PublishError::Outside { .. }), "{refused}");
    // And so does the server, where a process was opened as if it were not restricted.
    let bold = NatsEventBus::open(client(&server, "a", "a").await).await.unwrap();
    let mut stolen = listen(&bold, Pattern::all()).await.unwrap();
    let mut stolen_exactly = listen(&bold, Pattern::exact(&other)).await.unwrap();
    bold.publish(&other, event(666)).await.unwrap();
    bold.flush().await.unwrap();

    let auditor = NatsEventBus::open(client(&server, "auditor", "c").await).await.unwrap();
    let mut all = listen(&auditor, Pattern::all()).await.unwrap();
    let (mut of_a, mut of_b) = (
        listen(&second, Pattern::exact(&own)).await.unwrap(),
        listen(&b, Pattern::exact(&other)).await.unwrap(),
    );
    b.publish(&other, event(1)).await.unwrap();
    b.flush().await.unwrap();
    a.publish(&own, event(2)).await.unwrap();
    assert_eq!((next(&mut of_b).await, next(&mut of_a).await), (Ok(1), Ok(2)));
    assert_eq!((next(&mut all).await, next(&mut all).await), (Ok(1), Ok(2)));
    // What it published itself the bold one heard at home; of the others, nothing, though a flush has come behind it.
    bold.flush().await.unwrap();
    assert_eq!((next(&mut stolen).await, next(&mut stolen_exactly).await), (Ok(666), Ok(666)));
    assert_eq!((stolen.try_next(), stolen_exactly.try_next()), (None, None));
    assert_eq!((of_b.try_next(), all.try_next()), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn in_another_account_there_is_another_bus() {
    let server = Server::builder().config(ACCOUNTS).start().unwrap();
    let (mut heard, mut buses) = (Vec::new(), Vec::new());
    for account in ["a", "b"] {
        let bus = NatsEventBus::open(client(&server, account, account).await).await.unwrap();
        heard.push(listen(&bus, Pattern::all()).await.unwrap());
        buses.push(bus);
    }
    let mut raw = client(&server, "b", "b").await.subscribe("aether.bus.event.>").await.unwrap();
    buses[0].publish(&namespace("tenant"), event(1)).await.unwrap();
    buses[0].flush().await.unwrap();
    buses[1].publish(&namespace("tenant"), event(2)).await.unwrap();
    assert_eq!((next(&mut heard[0]).await, next(&mut heard[1]).await), (Ok(1), Ok(2)));
    assert_eq!((heard[0].try_next(), heard[1].try_next()), (None, None));
    // Again and again, since it is not known when the server has the raw subscription.
    let message = loop {
        buses[0].publish(&namespace("tenant"), event(1)).await.unwrap();
        buses[0].flush().await.unwrap();
        buses[1].publish(&namespace("tenant"), event(2)).await.unwrap();
        if let Ok(message) = tokio::time::timeout(Duration::from_millis(50), raw.next()).await {
            break message.unwrap();
        }
    };
    let text = String::from_utf8(message.payload.to_vec()).unwrap();
    assert!(text.contains("\"version\":2,") && !text.contains("\"version\":1,"), "{text}");
}
