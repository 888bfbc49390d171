//! Handlers that take their time, hang and panic.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::site::{Keys, NEVER, append, builder, wait_until};
use aether_core::RecordedEvent;
use aether_projection::group::{Context, Handler, Outcome};
use aether_store_memory::MemoryStore;
use tokio::time::{Instant, sleep, timeout};

/// Puts events off, gives signs of life, hangs, and panics, as the event's version says.
struct Moody(Arc<Mutex<Vec<(u64, u32)>>>);

impl Handler for Moody {
    type Error = String;

    async fn handle(&self, event: &RecordedEvent, context: &Context) -> Result<Outcome, String> {
        self.0.lock().unwrap().push((event.version().number(), context.attempt()));
        match (event.version().number(), context.attempt()) {
            (1, 1) => return Ok(Outcome::Retry(Duration::from_secs(100))),
            (2, 1) => {
                for _ in 0..10 {
                    sleep(Duration::from_secs(20)).await;
                    context.progress();
                }
            }
            (3, 1) => sleep(NEVER * 10).await,
            (4, 1) => panic!("on purpose"),
            _ => {}
        }
        Ok(Outcome::Done)
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_may_put_off_take_their_time_hang_and_panic() {
    let (store, calls) = (MemoryStore::new(), Arc::default());
    append(&store, "order-1", 4).await;
    let started = Instant::now();
    let group = builder(&store, Keys::new()).start(Moody(Arc::clone(&calls))).await.unwrap();
    let wanted = [(1, 1), (1, 2), (2, 1), (3, 1), (3, 2), (4, 1), (4, 2)];
    timeout(NEVER * 2, wait_until("all is handled", async || *calls.lock().unwrap() == wanted))
        .await
        .unwrap();
    // 100 s put off, 200 s with signs of life, 30 s without.
    assert!((330..340).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    wait_until("it is counted", async || group.status().handled == 4).await;
    assert_eq!((group.status().failures, group.status().parked), (3, 0));
}
