//! Nodes whose user may do no more than the guide says.

use std::sync::{Arc, Mutex};

use aether_cluster::Cluster;
use aether_cluster::testing::{CounterCommand, CounterReply, Counters};
use aether_core::{ActorId, SharedStore};
use aether_nats_harness::Server;
use aether_store_memory::MemoryStore;
use async_nats::{Client, ConnectOptions, Event};

use crate::site::{SHARDS, Site, settled, until};

const GUIDE: &str = include_str!("../../../../docs/cluster.md");

/// What the guide permits to do, as subjects of the configuration.
fn permitted(what: &str) -> String {
    let (_, block) = GUIDE.split_once("```text\npublish:").unwrap();
    let (publish, rest) = block.split_once("subscribe:").unwrap();
    let subscribe = rest.split_once("```").unwrap().0;
    let subjects = if what == "publish" { publish } else { subscribe };
    subjects.split_whitespace().map(|subject| format!("\"{subject}\", ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn the_permissions_of_the_guide_are_enough() {
    let mut site = Site::on(Vec::new(), 1);
    site.name = "orders".try_into().unwrap();
    let users = format!(
        "authorization {{ users = [ {{ user: node, password: n, permissions: {{ publish: [{}], subscribe: [{}] }} }} ] }}\n\
         no_auth_user: node",
        permitted("publish"),
        permitted("subscribe"),
    );
    let server = Server::builder().config(&users).start().unwrap();
    let (errors, store) = (Arc::new(Mutex::new(Vec::new())), MemoryStore::new());
    let connect = async || -> Client {
        let errors = Arc::clone(&errors);
        let options = ConnectOptions::with_user_and_password("node".into(), "n".into());
        let options = options.event_callback(move |event| {
            if matches!(event, Event::ServerError(_) | Event::ClientError(_)) {
                errors.lock().unwrap().push(event.to_string());
            }
            async {}
        });
        options.connect(server.url()).await.unwrap()
    };
    let join = async |name| -> Cluster {
        let host = Counters::new(SharedStore::new(store.clone()), 1_000);
        site.builder_on(connect().await, name).host(host).join().await.unwrap()
    };
    // Five, so that some watch a part of the bucket alone.
    let mut nodes = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        nodes.push(join(name).await);
    }
    let owned = || nodes.iter().map(|node| node.owned().len()).sum::<usize>();
    until("somebody owns each shard", || owned() == SHARDS as usize).await;
    let watches = || nodes.iter().filter(|node| node.status().counts.watches > 1).count();
    until("two follow", || watches() >= 2).await;
    for number in 0..50 {
        let actor = ActorId::new(format!("counter-{number}")).unwrap();
        let asked = nodes[0].route(&actor, &CounterCommand::Add(1)).ask::<CounterReply>().await;
        assert_eq!(asked.unwrap().value, 1);
    }
    nodes[1].drain(&nodes[2].me().node).await.unwrap();
    until("it owns nothing", || nodes[2].owned().is_empty()).await;
    nodes.remove(1).leave().await.unwrap();
    let drained = nodes.remove(1);
    drained.uncordon(&drained.me().node).await.unwrap();
    nodes.push(drained);
    settled(&nodes).await;
    assert_eq!(*errors.lock().unwrap(), Vec::<String>::new());
}
