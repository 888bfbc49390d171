//! One trace over an asker and the owner that it asks.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "nats/site.rs"]
#[allow(dead_code, reason = "shared with another target, which needs the rest")]
mod site;

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use aether_cluster::placement::ShardCount;
use aether_cluster::{Handled, Message, Ownership, ShardHost, TraceParent};
use aether_core::ActorId;
use bytes::Bytes;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use site::{SHARDS, Site, settled};

type Fields = HashMap<String, String>;

/// The fields of every span of routing, with its name.
static SPANS: Mutex<Option<HashMap<u64, Fields>>> = Mutex::new(None);
static NEXT: AtomicU64 = AtomicU64::new(1);

struct Collector;

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

fn with_span(id: u64, change: impl FnOnce(&mut Fields)) {
    change(SPANS.lock().unwrap().get_or_insert_default().entry(id).or_default());
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "aether_cluster"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        with_span(id, |fields| {
            fields.insert("name".to_owned(), span.metadata().name().to_owned());
            span.record(&mut Reader(fields));
        });
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        with_span(id.into_u64(), |fields| values.record(&mut Reader(fields)));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &tracing::Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The only span with this id.
fn span(id: &str) -> Fields {
    let spans = SPANS.lock().unwrap();
    let is_it = |span: &&Fields| span.get("span_id").is_some_and(|of| of == id);
    let found: Vec<_> = spans.iter().flat_map(HashMap::values).filter(is_it).cloned().collect();
    assert_eq!(found.len(), 1, "{id}");
    found[0].clone()
}

/// Answers with the trace context that a message is handled in.
struct Echo;

impl ShardHost for Echo {
    async fn handle(&self, _: &Ownership, message: Message) -> Handled {
        Handled::Answered(Bytes::from(format!("{:?}", message.trace.unwrap().to_string())))
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_asker_and_the_owner_that_it_asks_are_in_one_trace() {
    tracing::subscriber::set_global_default(Collector).unwrap();
    let site = Site::new();
    let a = site.builder("a").await.host(Echo).join().await.unwrap();
    let b = site.builder("b").await.host(Echo).join().await.unwrap();
    settled(&[a.clone(), b.clone()]).await;
    let request: TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    // At the asker itself, and at another node.
    for owner in [&a, &b] {
        let owned = owner.owned();
        let is_there =
            |actor: &ActorId| owned.contains_key(&ShardCount::new(SHARDS).unwrap().shard_of(actor));
        let mut actors = (0..).map(|number| ActorId::new(format!("order-{number}")).unwrap());
        let actor = actors.find(is_there).unwrap();
        let handled: String = a.route(&actor, "where?").in_trace(request).ask().await.unwrap();
        let handled: TraceParent = handled.parse().unwrap();
        assert_eq!(handled.trace_id(), request.trace_id());
        let handle = span(&format!("{:016x}", handled.span_id()));
        assert_eq!(handle["name"], "handle");
        let ask = span(&handle["parent_span_id"]);
        assert_eq!((ask["name"].as_str(), ask["parent_span_id"].as_str()), ("ask", "00f067aa0ba902b7"));
        assert_eq!(ask["end"], "\"answered\"");
        assert!(ask["attempts"].parse::<u32>().unwrap() >= 1);
        for span in [&ask, &handle] {
            assert_eq!(span["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
            assert_eq!(span["shard"], ShardCount::new(SHARDS).unwrap().shard_of(&actor).number().to_string());
        }
    }
}
