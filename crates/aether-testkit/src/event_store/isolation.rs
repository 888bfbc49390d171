//! Isolation: what differs in any byte has nothing in common.

use aether_core::{ActorId, EventStoreExt, Expected, Namespace, StreamName, Version};

use crate::suite::check::{append, fill, head, history, must, only_events, same, stored};
use crate::suite::sample::{event, numbered};
use crate::suite::{Fixture, StoreUnderTest, actor};

/// Appends to each actor as if it were the only one, then asserts that each has its own event alone.
async fn apart<F: StoreUnderTest>(fixture: &Fixture<F>, ids: &[&str]) {
    let store = fixture.open().await;
    let actors: Vec<ActorId> = ids.iter().map(|id| actor(id)).collect();
    let mut first = Vec::new();
    for (n, actor) in actors.iter().enumerate() {
        let contract = format!("actor {actor:?} has no events of one that looks like it");
        stored(&contract, &store, actor, &[]).await;
        let commit = store.append(actor, Expected::NoEvents, [numbered(n as u64)]).await;
        first.push(must(&contract, commit));
    }
    let other = fixture.open().await;
    for (actor, commit) in actors.iter().zip(&first) {
        let contract = format!("actor {actor:?} has its own event and no other");
        stored(&contract, &store, actor, &commit.events).await;
        stored(&contract, &other, actor, &commit.events).await;
        same(&contract, commit.events[0].actor(), actor);
        append(&other, actor, Expected::Exactly(Version::FIRST), [event()]).await;
    }
}

/// Fault 2 of the Go original: there, these shared one subject and read each other's events.
pub(crate) async fn look_alike_actors_are_apart<F: StoreUnderTest>(fixture: Fixture<F>) {
    let ids = [
        "a.b", "a_b", "a b", "a>b", "a*b", "a%b", "a%2Eb", "a%2eb", "a-b", "a/b", "a\\b", "A.b", "a.B", "ab",
        "a..b", ".a.b", "a.b.", "a.b ", " a.b", "a.>", "a.*", ">", "*", "%", ".", "a%", "a%2", "a+b", "a:b",
        "a,b", "a;b",
    ];
    apart(&fixture, &ids).await;
}

pub(crate) async fn ids_with_control_characters_are_only_ids<F: StoreUnderTest>(fixture: Fixture<F>) {
    let ids = [
        "a\tb",
        "a\rb",
        "a\nb",
        "a\r\nb",
        "a\u{7f}b",
        "a\0b",
        "a\u{1}b",
        "a\u{85}b",
        "\t",
        "\r\n",
        "ab",
        "order-1\r\nPUB stolen 1\r\nx\r\n",
        "order-1 5\r\n+OK\r\n",
    ];
    apart(&fixture, &ids).await;
}

pub(crate) async fn ids_of_any_alphabet_are_apart<F: StoreUnderTest>(fixture: Fixture<F>) {
    let ids = [
        "é",
        "e\u{301}",
        "e",
        "E",
        "注文-1",
        "注文-一",
        "ß",
        "ss",
        "😀-1",
        "😁-1",
        "ı",
        "i",
        "a\u{200b}",
        "a",
    ];
    apart(&fixture, &ids).await;
}

/// The actor type is the part before the first dash: where type and id are joined again, these must not meet.
pub(crate) async fn look_alike_types_are_apart<F: StoreUnderTest>(fixture: Fixture<F>) {
    let ids = [
        "x",
        "unknown-x",
        "unknown.x",
        "unknown",
        "-x",
        "x-",
        "--x",
        "x-x",
        "x.x",
        "x-x-x",
        "x.x-x",
        "x-x.x",
        "x_x-x",
        "order-1",
        "order-1.0",
        "order-10",
        "order.1",
        "events-x",
        "snapshots-x",
    ];
    apart(&fixture, &ids).await;
}

async fn streams_are_apart<F: StoreUnderTest>(
    fixture: &Fixture<F>,
    a: &F::Store,
    b: &F::Store,
    contract: &str,
) {
    let actor = fixture.actor("order");
    let first = append(a, &actor, Expected::NoEvents, [event()]).await;
    stored(contract, b, &actor, &[]).await;
    same(contract, head(b, &actor).await, aether_core::Head::default());
    let second = append(b, &actor, Expected::NoEvents, [event()]).await;
    fill(b, &actor, 2).await;
    stored(contract, a, &actor, &first.events).await;
    let seen = history(b, &actor).await;
    same(contract, only_events(&seen[..1]), only_events(&second.events));
}

pub(crate) async fn streams_are_apart_by_name<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (a, b) = (fixture.open_as(None, "orders_").await, fixture.open_as(None, "orders-").await);
    streams_are_apart(&fixture, &a, &b, "two streams share no actor").await;
}

pub(crate) async fn a_namespace_is_apart_from_none<F: StoreUnderTest>(fixture: Fixture<F>) {
    let namespace = fixture.namespace("");
    let a = fixture.open_as(Some(&namespace), "orders").await;
    let b = fixture.open_as(None, "orders").await;
    streams_are_apart(&fixture, &a, &b, "a namespace shares no actor with the streams outside of it").await;
}

pub(crate) async fn namespaces_are_apart<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (one, two) = (fixture.namespace("1"), fixture.namespace("2"));
    let a = fixture.open_as(Some(&one), "orders").await;
    let b = fixture.open_as(Some(&two), "orders").await;
    streams_are_apart(&fixture, &a, &b, "two namespaces share no actor").await;
}

/// Opens all of these; those that the store refuses are left out, for a refusal is no sharing.
async fn those_that_open_are_apart<F: StoreUnderTest>(
    fixture: &Fixture<F>,
    pairs: &[(Option<Namespace>, StreamName)],
) {
    let actor = fixture.actor("order");
    let mut opened = Vec::new();
    for (namespace, name) in pairs {
        let Ok(store) = fixture.try_open(namespace.as_ref(), name).await else {
            continue;
        };
        let contract =
            format!("stream {name} of namespace {namespace:?} shares no actor with one that looks like it");
        stored(&contract, &store, &actor, &[]).await;
        let commit = append(&store, &actor, Expected::NoEvents, [event()]).await;
        opened.push((contract, store, commit));
    }
    assert!(!opened.is_empty(), "the first of several look-alikes can be opened");
    for (contract, store, commit) in &opened {
        stored(contract, store, &actor, &commit.events).await;
    }
}

pub(crate) async fn look_alike_namespaces_never_share<F: StoreUnderTest>(fixture: Fixture<F>) {
    let ends = [
        ".b", "_b", " b", ">b", "*b", "%b", "%2Eb", "/b", "\\b", "-b", "\tb", "\r\nb", ".B", "é", "e\u{301}",
    ];
    let name = fixture.stream_name("orders");
    let pairs = ends.map(|end| (Some(fixture.namespace(end)), name.clone()));
    those_that_open_are_apart(&fixture, &pairs).await;
}

pub(crate) async fn names_that_join_alike_never_share<F: StoreUnderTest>(fixture: Fixture<F>) {
    let name = |text: &str| StreamName::new(text.to_owned()).expect("a valid stream name");
    let tenant = fixture.namespace("");
    let pairs = [
        (Some(tenant.clone()), name("b_events")),
        (Some(fixture.namespace("_b")), name("events")),
        (None, name(&format!("{tenant}_b_events"))),
        (Some(tenant.clone()), name("b_events_snapshots")),
        (Some(tenant), name("b-events")),
    ];
    those_that_open_are_apart(&fixture, &pairs).await;
}
