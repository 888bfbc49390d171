//! One trace over two nodes.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use aether_bus::{Delivery, EventFilter, NatsEventBus, Overflow, Pattern, Received};
use aether_core::{ActorId, Event, Namespace, NewEvent, RawJson, Version};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

/// The fields of every span of a bus, as they were recorded, with its name.
type Spans = HashMap<u64, HashMap<String, String>>;

static SPANS: Mutex<Option<Spans>> = Mutex::new(None);
static NEXT: AtomicU64 = AtomicU64::new(1);

struct Collector;

struct Fields<'a>(&'a mut HashMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

fn with_span(id: u64, change: impl FnOnce(&mut HashMap<String, String>)) {
    change(SPANS.lock().unwrap().get_or_insert_default().entry(id).or_default());
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "aether_bus"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        with_span(id, |fields| {
            fields.insert("name".to_owned(), span.metadata().name().to_owned());
            span.record(&mut Fields(fields));
        });
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        with_span(id.into_u64(), |fields| values.record(&mut Fields(fields)));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &tracing::Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn event(content: NewEvent) -> Event {
    Event::new(ActorId::new("order-1").unwrap(), Version::FIRST, content)
}

/// The only span with this id.
fn span(id: &str) -> HashMap<String, String> {
    let spans = SPANS.lock().unwrap();
    let found =
        spans.iter().flat_map(HashMap::values).filter(|span| span.get("span_id").is_some_and(|of| of == id));
    let found: Vec<_> = found.cloned().collect();
    assert_eq!(found.len(), 1, "{id}");
    found.into_iter().next().unwrap()
}

async fn node() -> NatsEventBus {
    let client = async_nats::connect(aether_nats_harness::shared().unwrap().url()).await.unwrap();
    NatsEventBus::builder(client).prefix("traces").open().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn what_goes_from_node_to_node_and_back_is_one_trace() {
    tracing::subscriber::set_global_default(Collector).unwrap();
    let (shop, billing) = (node().await, node().await);
    let (orders, invoices) = (Namespace::new("orders").unwrap(), Namespace::new("invoices").unwrap());
    let room = || Overflow::drop_oldest(10);
    let mut placed = billing.subscribe(Pattern::exact(&orders), EventFilter::any(), room()).await.unwrap();
    let mut billed = shop.subscribe(Pattern::exact(&invoices), EventFilter::any(), room()).await.unwrap();
    let next = async |heard: &mut aether_bus::Subscription| -> Received {
        heard.next().await.and_then(Delivery::into_event).unwrap()
    };

    let (trace, request) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let content = NewEvent::new("OrderPlaced".try_into().unwrap(), RawJson::NULL);
    let content = content.with_metadata("traceId", trace).with_metadata("spanId", request);
    shop.publish(&orders, event(content)).await.unwrap();
    let at_billing = next(&mut placed).await.trace_parent().unwrap();
    let answer = NewEvent::new("OrderBilled".try_into().unwrap(), RawJson::NULL);
    billing.publish_in(&invoices, event(answer), at_billing).await.unwrap();
    let at_shop = next(&mut billed).await.trace_parent().unwrap();

    // From the last span back to the request, over both nodes: receive, publish, receive, publish.
    let mut id = format!("{:016x}", at_shop.span_id());
    for name in ["receive", "publish", "receive", "publish"] {
        let span = span(&id);
        assert_eq!((span["name"].as_str(), span["trace_id"].as_str()), (name, trace));
        id = span["parent_span_id"].clone();
    }
    assert_eq!(id, request);

    // Without a trace to go on with, one begins.
    let content = NewEvent::new("OrderPlaced".try_into().unwrap(), RawJson::NULL);
    shop.publish(&orders, event(content)).await.unwrap();
    let begun = next(&mut placed).await.trace_parent().unwrap();
    let received = span(&format!("{:016x}", begun.span_id()));
    let published = span(&received["parent_span_id"]);
    assert_eq!((published["name"].as_str(), published.get("parent_span_id")), ("publish", None));
    assert_eq!(published["trace_id"], received["trace_id"]);
    assert_ne!(published["trace_id"], trace);
}
