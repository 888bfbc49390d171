//! The tasks of a node beside its feeds: one sends, one watches the connection and the time.

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, HeaderMap};

use super::feed::TRACE;
use super::outbox::Outgoing;
use super::shared::Shared;

/// How often the connection is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How many looks make a tick of the outbox: a second.
const LOOKS_PER_TICK: u32 = 20;

/// Sends what is in the outbox, in order.
///
/// While there is no connection it stays there, and not in the client, so that it is bounded by its bytes.
pub(super) async fn send(shared: Arc<Shared>) {
    loop {
        let filled = shared.filled.notified();
        // Whoever is ready may publish more, which then goes together.
        tokio::task::yield_now().await;
        while shared.client.connection_state() != State::Connected {
            tokio::time::sleep(LOOK).await;
        }
        let taken = shared.outbox().take();
        match taken {
            Some(message) => {
                if publish(&shared.client, message).await.is_err() {
                    tracing::warn!("the client is closed: nothing more goes to other nodes");
                    return;
                }
                shared.sent.send_modify(|sent| *sent += 1);
            }
            None => filled.await,
        }
    }
}

async fn publish(client: &Client, message: Outgoing) -> Result<(), async_nats::PublishError> {
    let payload = message.payload.into();
    match message.trace {
        None => client.publish(message.subject, payload).await,
        Some(trace) => {
            let mut headers = HeaderMap::new();
            headers.insert(TRACE, trace.to_string());
            client.publish_with_headers(message.subject, headers, payload).await
        }
    }
}

/// Tells of new connections, and lets streams that have fallen quiet say how far they have come.
pub(super) async fn watch(shared: Arc<Shared>) {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for look in 1_u32.. {
        looks.tick().await;
        let connects = shared.connects();
        let is_new =
            shared.connection.send_if_modified(|known| std::mem::replace(known, connects) != connects);
        if is_new {
            // What was written to the old connection may be lost.
            shared.outbox().mark_all();
        }
        let is_tick = look % LOOKS_PER_TICK == 0;
        if is_tick {
            shared.outbox().tick();
        }
        if is_new || is_tick {
            shared.filled.notify_one();
        }
    }
}
