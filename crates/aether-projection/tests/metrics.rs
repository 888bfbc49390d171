//! What projectors, groups and subscriptions tell the `metrics` facade.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aether_core::{Delivery, Filter, RecordedEvent, RetryPolicy, StartAt, Subscribe};
use aether_projection::group::{Context, Group, Handler, Outcome};
use aether_projection::{Generation, Generations, Projector};
use aether_store_memory::{MemoryKeyValue, MemoryStore};
use common::database::Database;
use common::{append, eventually};
use futures_util::StreamExt;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

/// What was told last, by name and labels.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<BTreeMap<String, f64>>>);

struct Cell(Told, String);

impl Cell {
    fn write(&self, number: f64) {
        self.0.0.lock().unwrap().insert(self.1.clone(), number);
    }
}

impl CounterFn for Cell {
    fn increment(&self, _: u64) {
        panic!("{} is told as it stands", self.1);
    }

    fn absolute(&self, number: u64) {
        self.write(number as f64);
    }
}

impl GaugeFn for Cell {
    fn increment(&self, _: f64) {
        panic!("{} is told as it stands", self.1);
    }

    fn decrement(&self, _: f64) {
        panic!("{} is told as it stands", self.1);
    }

    fn set(&self, number: f64) {
        self.write(number);
    }
}

impl Told {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels = key.labels().map(|label| format!(" {}={}", label.key(), label.value()));
        let name = [key.name().to_owned()].into_iter().chain(labels).collect();
        Arc::new(Cell(self.clone(), name))
    }

    fn now(&self, name: &str) -> Option<f64> {
        self.0.lock().unwrap().get(name).copied()
    }
}

impl Recorder for Told {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Runs a test whose metrics are told to `Told`, and to nobody else's.
fn told<F: Future<Output = ()>>(test: impl FnOnce(Told) -> F) {
    let told = Told::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&told, || runtime.block_on(test(told.clone())));
}

#[test]
fn each_generation_of_a_projection_has_its_numbers() {
    told(|told| async move {
        let (store, database) = (MemoryStore::new(), Database::default());
        append(&store, 0..10).await;
        let plain = Projector::new("plain", store.clone()).start(Database::default().first());
        let generations = Generations::new(MemoryKeyValue::new(), "notes");
        let make = move |generation| database.projection(generation);
        let projector = Projector::new("notes", store.clone());
        let second = projector.start_generation(&generations, Generation::new(2), make).await.unwrap();
        for labels in ["projection=plain generation=none", "projection=notes generation=2"] {
            let now = |name: &str| told.now(&format!("aether_projection_{name} {labels}"));
            let all = || now("events_total") == Some(10.0) && now("caught_up") == Some(1.0);
            eventually("all are counted", all).await;
            assert_eq!((now("lag"), now("failures_total")), (Some(0.0), Some(0.0)));
            assert_eq!(now("restarts_total"), Some(0.0));
        }
        // The lag is told while nothing is applied, too.
        plain.pause();
        append(&store, 10..13).await;
        let lag = "aether_projection_lag projection=plain generation=none";
        eventually("it lags behind", || told.now(lag) == Some(3.0)).await;
        plain.stop().await.unwrap();
        let caught_up = "aether_projection_caught_up projection=plain generation=none";
        eventually("its end is told", || told.now(caught_up) == Some(0.0)).await;
        second.stop().await.unwrap();
    });
}

struct Poisoned;

impl Handler for Poisoned {
    type Error = String;

    async fn handle(&self, event: &RecordedEvent, _: &Context) -> Result<Outcome, String> {
        match event.actor().as_str() {
            "order-0" => Err("poison".to_owned()),
            _ => Ok(Outcome::Done),
        }
    }
}

#[test]
fn a_group_tells_what_it_handles_and_what_is_parked() {
    told(|told| async move {
        let store = MemoryStore::new();
        append(&store, 0..10).await;
        let group = Group::builder(store, MemoryKeyValue::new(), "mails")
            .slices(4)
            .attempts(RetryPolicy::default().attempts(1));
        let group = group.start(Poisoned).await.unwrap();
        let now = |name: &str| told.now(&format!("aether_group_{name} group=mails"));
        let all = || (now("handled_total"), now("parked")) == (Some(8.0), Some(1.0));
        eventually("all are handled, or parked", all).await;
        assert_eq!((now("slices"), now("failures_total")), (Some(4.0), Some(1.0)));
        eventually("nothing is behind", || (now("lag"), now("open")) == (Some(0.0), Some(0.0))).await;
        group.stop().await;
    });
}

#[test]
fn a_subscription_is_told_when_it_is_asked() {
    told(|told| async move {
        let store = MemoryStore::new();
        append(&store, 0..3).await;
        let mut all = store.subscribe(Filter::any(), StartAt::Beginning).await.unwrap();
        let monitor = all.monitor();
        assert!(matches!(all.next().await, Some(Ok(Delivery::Event(_)))));
        let now = |name: &str| told.now(&format!("aether_subscription_{name} subscription=exports"));
        monitor.status().report("exports");
        let seen = ["delivered_total", "lag", "caught_up", "restarts_total", "malformed_total"].map(now);
        assert_eq!(seen, [1.0, 2.0, 0.0, 0.0, 0.0].map(Some));
        while !matches!(all.next().await, Some(Ok(Delivery::CaughtUp))) {}
        monitor.status().report("exports");
        assert_eq!(["delivered_total", "lag", "caught_up"].map(now), [3.0, 0.0, 1.0].map(Some));
    });
}
