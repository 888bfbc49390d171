//! What nodes tell the `metrics` facade.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "nats/site.rs"]
#[allow(dead_code, reason = "shared with another target, which needs the rest")]
mod site;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aether_cluster::RouteError;
use aether_cluster::testing::{CounterCommand, CounterReply, Counters};
use aether_core::ActorId;
use aether_store_memory::MemoryStore;
use bytes::Bytes;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use site::{SHARDS, Site, settled, until};

type Values = Arc<Mutex<BTreeMap<String, f64>>>;

struct Kept(Values);

/// One number, under its name and labels.
struct Cell(Values, String);

impl Cell {
    fn add(&self, value: f64) {
        *self.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
    }
}

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }

    fn absolute(&self, _: u64) {}
}

impl GaugeFn for Cell {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, value: f64) {
        self.0.lock().unwrap().insert(self.1.clone(), value);
    }
}

/// Counts what was recorded.
impl HistogramFn for Cell {
    fn record(&self, value: f64) {
        assert!(value >= 0.0, "{}: {value}", self.1);
        self.add(1.0);
    }
}

impl Kept {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        // The name of the cluster is another one each time.
        let labels = key.labels().filter(|label| label.key() != "cluster");
        let labels = labels.map(|label| label.value().to_owned());
        let name = [key.name().to_owned()].into_iter().chain(labels).collect::<Vec<_>>().join(" ");
        Arc::new(Cell(Arc::clone(&self.0), name))
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn nodes_and_asks_have_their_numbers() {
    let values = Values::default();
    assert!(metrics::set_global_recorder(Kept(Arc::clone(&values))).is_ok());
    let now = |name: &str| values.lock().unwrap().get(&format!("aether_cluster_{name}")).copied();
    let (site, store) = (Site::new(), MemoryStore::new());
    let join = async |name| {
        let host = Counters::new(aether_core::SharedStore::new(store.clone()), 2);
        site.builder(name).await.host(host).join().await.unwrap()
    };
    let (a, b) = (join("a").await, join("b").await);
    settled(&[a.clone(), b.clone()]).await;
    let half = f64::from(SHARDS) / 2.0;
    for (name, wanted) in [
        ("members a", 2.0),
        ("members b", 2.0),
        ("owned_shards a", half),
        ("owned_shards b", half),
        ("moving_shards a", 0.0),
        ("moving_shards b", 0.0),
    ] {
        assert_eq!(now(name), Some(wanted), "{name}");
    }
    assert!(now("acquired_total a") >= Some(2.0 * half) && now("acquired_total b") >= Some(half));
    assert!(now("leader_changes_total a") >= Some(1.0));
    until("leases are renewed", || now("lease_margin_seconds b") > Some(1.0)).await;

    let actor = ActorId::new("counter-1").unwrap();
    for (change, is_rejected) in [(1, false), (1, false), (1, true)] {
        let asked = a.route(&actor, &CounterCommand::Add(change)).ask::<CounterReply>().await;
        assert_eq!(matches!(asked, Err(RouteError::Rejected(_))), is_rejected, "{asked:?}");
    }
    b.route(&actor, &CounterCommand::Read).tell().await.unwrap();
    for (end, wanted) in [("stored", 2.0), ("rejected", 1.0), ("answered", 1.0)] {
        assert_eq!(now(&format!("asks_total {end}")), Some(wanted), "{end}");
        assert_eq!(now(&format!("ask_seconds {end}")), Some(wanted), "{end}");
    }
    assert!(now("ask_retries_total").is_some());
    assert_eq!((now("messages_under_way"), now("messages_kept").unwrap_or_default()), (Some(0.0), 0.0));

    let noise = format!("aether.cluster.{}.route.{}.0.1", site.name, b.me().incarnation);
    let client = site.connect().await;
    client.publish_with_reply(noise, "nobody", Bytes::from_static(b"noise")).await.unwrap();
    client.flush().await.unwrap();
    until("noise is counted", || now("malformed_total") == Some(1.0)).await;

    b.leave().await.unwrap();
    until("what left owns nothing", || now("owned_shards b") == Some(0.0)).await;
    until("the other owns everything", || now("owned_shards a") == Some(2.0 * half)).await;
    until("and is alone", || now("members a") == Some(1.0)).await;
}
