//! Executors that drop a task from within its waker: what the bus must not hold a lock for.
#![allow(clippy::unwrap_used)]

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use aether_bus::{EventBus, EventFilter, Overflow, Pattern, Subscription};
use aether_core::{ActorId, Event, Namespace, NewEvent, RawJson, Version};

/// Drops the subscription that it is to wake.
struct Dropping(Mutex<Option<Subscription>>);

impl Wake for Dropping {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

#[tokio::test]
async fn a_waker_that_unsubscribes_from_within_does_no_harm() {
    let (bus, name) = (EventBus::new(), Namespace::new("a").unwrap());
    let room = || Overflow::drop_oldest(8);
    let mut dropped = bus.subscribe(&name, EventFilter::any(), room()).await.unwrap();
    let mut heard = bus.subscribe(Pattern::all(), EventFilter::any(), room()).await.unwrap();
    let dropping = Arc::new(Dropping(Mutex::new(None)));
    let waker = Waker::from(Arc::clone(&dropping));
    assert!(pin!(dropped.next()).poll(&mut Context::from_waker(&waker)).is_pending());
    *dropping.0.lock().unwrap() = Some(dropped);

    // In a thread of its own, since it would block for ever.
    let publishing = std::thread::spawn({
        let bus = bus.clone();
        move || {
            let content = NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
            let event = Event::new(ActorId::new("a-1").unwrap(), Version::FIRST, content);
            futures_util::FutureExt::now_or_never(bus.publish(&name, event)).unwrap().unwrap();
        }
    });
    let event = tokio::time::timeout(Duration::from_secs(10), heard.next()).await;
    assert!(event.unwrap().is_some());
    publishing.join().unwrap();
    assert!(dropping.0.lock().unwrap().is_none());
}
