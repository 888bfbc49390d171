//! Who gets what.

use aether_core::{ActorId, CommandId, Event, NewEvent, RawJson, Version};

use crate::testing::site::{event, namespace, next, pattern, take};
use crate::testing::{BusUnderTest, Node, Site};
use crate::{ActorPattern, Delivery, EventFilter, Overflow, Pattern};

pub async fn what_is_published_arrives_as_it_was<B: BusUnderTest>(site: Site<B>) {
    let data = RawJson::parse("{ \"n\": 9007199254740993,\n\t\"text\": \"é\\u0000\" }".to_owned()).unwrap();
    let content = NewEvent::new("Placed".try_into().unwrap(), data)
        .with_metadata("traceId", "x")
        .with_command(CommandId::new("c-1").unwrap());
    let original = Event::new(ActorId::new("order.*\n-1").unwrap(), Version::new(7).unwrap(), content);
    for (n, (from, to)) in site.pairs().enumerate() {
        let name = namespace(&format!("as.it.was.{n}"));
        let mut heard = site.listen(to, &Pattern::exact(&name)).await;
        site.settle().await;
        from.publish(&name, original.clone()).await.unwrap();
        let Some(Delivery::Event(received)) = heard.next().await else { panic!("no event") };
        assert_eq!((received.namespace(), &*received), (&name, &original));
    }
}

pub async fn wildcards_stand_for_tokens<B: BusUnderTest>(site: Site<B>) {
    let names = ["a", "a.b", "a.c", "a.b.c", "b.b", "a.", "a..c", ".", "__internal__x"].map(namespace);
    let patterns = ["a.*", "a.>", "*.b", ">", "*", "a.*.c"].map(pattern);
    for (from, to) in site.pairs() {
        site.quiet().await;
        for wild in &patterns {
            site.quiet().await;
            let mut heard = site.listen(to, wild).await;
            site.settle().await;
            for (name, version) in names.iter().zip(1..) {
                site.publish(from, name, [version]).await;
            }
            let wanted = names.iter().filter(|name| wild.matches(name));
            for name in wanted {
                let Some(Delivery::Event(received)) = heard.next().await else { panic!("no event") };
                assert_eq!(received.namespace(), name, "{wild}");
            }
        }
    }
}

pub async fn look_alike_namespaces_stay_apart<B: BusUnderTest>(site: Site<B>) {
    let names = [
        "a.b", "a_b", "a b", "a.>", "a.*", "*", ">", "*.b", "a%2Eb", "A.b", "a.b.", ".a.b", "a..b", "%",
        "a%", "a\r\nb", "é", "a/b", "$SYS", "_INBOX",
    ]
    .map(namespace);
    for (from, to) in site.pairs() {
        site.quiet().await;
        let mut all = Vec::new();
        for name in &names {
            all.push(site.listen(to, &Pattern::exact(name)).await);
        }
        site.settle().await;
        for (name, version) in names.iter().zip(1..) {
            site.publish(from, name, [version, 1_000]).await;
        }
        for ((name, heard), version) in names.iter().zip(&mut all).zip(1..) {
            assert_eq!(take(heard, 2).await, [version, 1_000], "{name}");
        }
        all.iter_mut().for_each(|heard| assert_eq!(heard.try_next(), None));
    }
}

pub async fn each_subscription_gets_an_event_once_whatever_else_matches<B: BusUnderTest>(site: Site<B>) {
    let name = namespace("once.orders");
    let patterns = ["once.orders", "once.*", "once.>", ">", "*.orders", "once.orders"].map(pattern);
    let mut all = Vec::new();
    for node in site.nodes() {
        for pattern in &patterns {
            all.push(site.listen(node, pattern).await);
        }
    }
    site.settle().await;
    for (from, versions) in site.nodes().iter().zip((0..).map(|n| n * 10 + 1..n * 10 + 10)) {
        site.publish(from, &name, versions).await;
    }
    for heard in &mut all {
        let mut versions = take(heard, site.nodes().len() * 9).await;
        versions.sort_unstable();
        versions.dedup();
        assert_eq!(versions.len(), site.nodes().len() * 9, "{:?}", heard.pattern());
    }
    // And once more, behind which a second copy would be.
    for from in site.nodes() {
        site.publish(from, &name, [999]).await;
    }
    for heard in &mut all {
        for _ in site.nodes() {
            assert_eq!(next(heard).await, 999, "{:?}", heard.pattern());
        }
    }
}

pub async fn a_filter_lets_through_what_it_names<B: BusUnderTest>(site: Site<B>) {
    let name = namespace("filtered");
    for (from, to) in site.pairs() {
        site.quiet().await;
        let filter = EventFilter::any().event_types(["Placed"]).unwrap().actor_types(["order"]).unwrap();
        let filter = filter.actors([ActorPattern::new("*-1").unwrap()]);
        let exact = Pattern::exact(&name);
        let mut heard = to.subscribe(exact, filter, Overflow::drop_oldest(100)).await.unwrap();
        site.settle().await;
        let published =
            [("order-1", "Paid"), ("cart-1", "Placed"), ("order-2", "Placed"), ("order-1", "Placed")];
        for ((actor, event_type), version) in published.into_iter().zip(1..) {
            from.publish(&name, event(actor, event_type, version)).await.unwrap();
        }
        assert_eq!(next(&mut heard).await, 4);
    }
}

pub async fn what_was_published_before_is_not_heard<B: BusUnderTest>(site: Site<B>) {
    let name = namespace("before");
    for (from, to) in site.pairs() {
        site.quiet().await;
        let mut early = site.listen(to, &Pattern::exact(&name)).await;
        site.settle().await;
        site.publish(from, &name, 1..=3).await;
        assert_eq!(take(&mut early, 3).await, [1, 2, 3]);
        let mut late = site.listen(to, &Pattern::exact(&name)).await;
        site.publish(from, &name, 4..=5).await;
        assert_eq!((take(&mut early, 2).await, take(&mut late, 2).await), (vec![4, 5], vec![4, 5]));
    }
}
