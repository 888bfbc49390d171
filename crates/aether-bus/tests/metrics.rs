//! What a bus tells the `metrics` facade.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aether_bus::{Delivery, EventBus, EventFilter, Overflow, Pattern};
use aether_core::{ActorId, Event, Namespace, NewEvent, RawJson, Version};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

type Values = Arc<Mutex<BTreeMap<String, f64>>>;

#[derive(Default)]
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

    fn set(&self, _: f64) {}
}

impl HistogramFn for Cell {
    fn record(&self, _: f64) {
        self.add(1.0);
    }
}

impl Kept {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels = key.labels().map(|label| label.value().to_owned());
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

#[tokio::test(flavor = "current_thread")]
async fn each_namespace_has_its_numbers() {
    let values = Values::default();
    metrics::set_global_recorder(Kept(Arc::clone(&values))).unwrap();
    let now = |name: &str| values.lock().unwrap().get(name).copied();
    let (bus, name) = (EventBus::new(), Namespace::new("tenant-a").unwrap());
    let room = Overflow::drop_oldest(3);
    let mut heard = bus.subscribe(&name, EventFilter::any(), room).await.unwrap();
    let all = bus.subscribe(Pattern::all(), EventFilter::any(), room).await.unwrap();
    for _ in 0..5 {
        let content = NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
        let event = Event::new(ActorId::new("order-1").unwrap(), Version::FIRST, content);
        bus.publish(&name, event).await.unwrap();
    }
    assert_eq!(now("aether_bus_published_total event tenant-a"), Some(5.0));
    assert_eq!(now("aether_bus_publish_seconds event tenant-a"), Some(5.0));
    assert_eq!(now("aether_bus_subscribers event tenant-a"), Some(1.0));
    assert_eq!(now("aether_bus_queue_length event tenant-a"), Some(3.0));
    assert!(matches!(heard.next().await, Some(Delivery::Missed(_))));
    assert!(matches!(heard.next().await, Some(Delivery::Event(_))));
    assert_eq!(now("aether_bus_missed_total event tenant-a"), Some(2.0));
    assert_eq!(now("aether_bus_delivered_total event tenant-a"), Some(1.0));
    assert_eq!(now("aether_bus_queue_length event tenant-a"), Some(2.0));
    assert_eq!(now("aether_bus_queue_length event >"), Some(3.0));
    drop((heard, all));
    for gauge in ["aether_bus_queue_length", "aether_bus_subscribers"] {
        assert_eq!(now(&format!("{gauge} event tenant-a")), Some(0.0));
        assert_eq!(now(&format!("{gauge} event >")), Some(0.0));
    }
}
