//! A bus that is opened for one namespace alone.
#![allow(clippy::unwrap_used)]

use aether_bus::{EventBus, EventFilter, Overflow, Pattern, PublishError, SubscribeError};
use aether_core::{ActorId, Event, Namespace, NewEvent, RawJson, Version};

fn event() -> Event {
    let content = NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
    Event::new(ActorId::new("order-1").unwrap(), Version::FIRST, content)
}

#[tokio::test]
async fn patterns_and_events_that_reach_outside_are_refused() {
    for (own, others) in [
        ("tenant-a", &["tenant-b", "tenant-a.b", "tenant"][..]),
        ("a.>", &["a.b", "a", "a.>.b"]),
        ("*", &["a", "**"]),
    ] {
        let own = Namespace::new(own).unwrap();
        let bus = EventBus::restricted_to(own.clone());
        let room = Overflow::drop_oldest(1);
        let mut heard = bus.subscribe(&own, EventFilter::any(), room).await.unwrap();
        bus.publish(&own, event()).await.unwrap();
        assert!(heard.try_next().is_some());
        for other in others.iter().map(|other| Namespace::new(*other).unwrap()) {
            let refused = bus.publish(&other, event()).await.unwrap_err();
            assert_eq!(refused, PublishError::Outside { namespace: other.clone(), only: own.clone() });
            let refused = bus.subscribe(&other, EventFilter::any(), room).await.unwrap_err();
            assert!(matches!(refused, SubscribeError::Outside { .. }), "{refused}");
        }
        for pattern in [">", "*", "a.*", "a.>", "tenant-a.>"].map(|text| Pattern::new(text).unwrap()) {
            let refused = bus.subscribe(pattern.clone(), EventFilter::any(), room).await.unwrap_err();
            assert_eq!(refused, SubscribeError::Outside { pattern: pattern.clone(), only: own.clone() });
            let refused = bus.subscribe_event_stored(pattern).await.unwrap_err();
            assert!(matches!(refused, SubscribeError::Outside { .. }), "{refused}");
        }
    }
}

#[tokio::test]
async fn subscriptions_end_with_the_last_handle_after_what_was_published() {
    let (bus, name) = (EventBus::new(), Namespace::new("a").unwrap());
    let mut heard = bus.subscribe(&name, EventFilter::any(), Overflow::drop_oldest(9)).await.unwrap();
    let other = bus.clone();
    drop(bus);
    other.publish(&name, event()).await.unwrap();
    drop(other);
    assert!(heard.next().await.is_some());
    assert_eq!(heard.next().await, None);
}
