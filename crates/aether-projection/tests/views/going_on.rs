//! A view goes on: through cuts and lost answers, and when its bucket changes.

use std::time::Duration;

use aether_core::RetryPolicy;
use aether_nats_harness::{Proxy, shared};
use aether_projection::{ErrorPolicy, Projector, Views};
use aether_store_jetstream::async_nats::ConnectOptions;
use aether_store_jetstream::{JetStreamKeyValue, JetStreamStore};

use crate::common::append;
use crate::common::ledger::Ledger;
use crate::site::{Site, connect, fresh_name, open, urls};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_view_goes_on_through_cuts_and_lost_answers() {
    for is_atomic in [true, false] {
        let mut site = Site::start(is_atomic).await;
        let proxy = Proxy::start(shared().unwrap().url()).unwrap();
        let options = ConnectOptions::new().ignore_discovered_servers();
        let client = options.connect(proxy.url()).await.unwrap();
        let wait = Duration::from_millis(200);
        let name = || site.name.as_str().try_into().unwrap();
        let values = JetStreamKeyValue::builder(client.clone(), name()).answer_timeout(wait);
        let values = if is_atomic { values.atomic() } else { values };
        let views = Views::new(Ledger, values.open().await.unwrap(), "ledger");
        let store = JetStreamStore::builder(client, name()).answer_timeout(wait).open().await.unwrap();
        let retry =
            RetryPolicy::default().attempts(50).delays(Duration::from_millis(10), Duration::from_millis(200));
        let projector = Projector::new("ledger", store).batch_size(16).on_error(ErrorPolicy::retry(retry));
        let running = projector.start(views.projection());
        for round in 0..6 {
            match round % 3 {
                0 => proxy.cut_once(),
                1 => proxy.drop_messages("_INBOX", 1),
                _ => proxy.drop_messages_after("_INBOX", 1, 1),
            }
            site.append(10).await;
        }
        running.wait_until_caught_up().await.unwrap();
        site.append(1).await;
        running.stop().await.unwrap();
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_view_goes_on_when_its_bucket_learns_to_change_keys_together() {
    let mut site = Site::start(false).await;
    let projector = Projector::new("ledger", site.store.clone()).batch_size(7);
    let first = projector.start(site.views.projection());
    site.append(20).await;
    first.wait_until_caught_up().await.unwrap();
    // The first one goes on, entry by entry, until it finds out.
    let client = connect(&urls()).await;
    let (store, views) = open(client.clone(), &site.name, true).await;
    assert_eq!(views.is_atomic(), client.is_server_compatible(2, 12, 0));
    let second = Projector::new("ledger", store).batch_size(7).start(views.projection());
    site.append(20).await;
    second.wait_until_caught_up().await.unwrap();
    second.stop().await.unwrap();
    drop(first);
    site.views = views;
    site.append(20).await;
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_view_of_several_partitions_has_each_event_once() {
    for is_atomic in [true, false] {
        let client = connect(&urls()).await;
        let (name, replicas) = (fresh_name(), u8::try_from(shared().unwrap().replicas()).unwrap());
        let store = JetStreamStore::builder(client.clone(), name.clone()).replicas(replicas).partitions(3);
        let store = store.open().await.unwrap();
        let values = JetStreamKeyValue::builder(client, name).replicas(replicas);
        let values = if is_atomic { values.atomic() } else { values };
        let views = Views::new(Ledger, values.open().await.unwrap(), "ledger");
        let appending = tokio::spawn({
            let store = store.clone();
            async move { append(&store, 0..300).await }
        });
        let projector = Projector::new("ledger", store).batch_size(5);
        while !appending.is_finished() {
            // The one before goes on for a while.
            let running = projector.start(views.projection());
            running.wait_until_caught_up().await.ok();
            running.detach();
        }
        appending.await.unwrap();
        let last = projector.start(views.projection());
        last.wait_until_caught_up().await.unwrap();
        last.stop().await.unwrap();
        // Events of other partitions come in any order, but all of them are of this key.
        let all = views.get("all").await.unwrap().unwrap();
        assert_eq!((all.times, all.sum), (300, (0..300).sum()));
        assert_eq!(views.checkpoint().await.unwrap().unwrap().positions().count(), 3);
    }
}
