//! Going on with an actor that was parked.

use std::sync::Arc;

use aether_core::{ActorId, EventStore, KeyValue, ReadOptions, RecordedEvent, Version};
use futures_util::StreamExt;
use tokio::time::sleep;

use super::handler::{Context, Handler, Outcome, call};
use super::member::Member;
use super::state::{Permission, Turn};

/// Handles the actor's events from version `from` on, as the store has them, until none is left that was passed over. Where
/// one cannot be handled, the actor stays parked.
pub(crate) async fn run<S: EventStore, K: KeyValue, H: Handler>(
    member: Arc<Member<S, K, H>>,
    turn: Turn,
    actor: ActorId,
    from: Version,
) {
    let mut next = from;
    loop {
        let mut events = member.store.read_with(&actor, next, ReadOptions::default());
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                // What is no event is passed over in the subscription, too.
                Err(error) if error.is_malformed() => continue,
                Err(error) => return member.shared.park_again(turn, &actor, next, error.to_string(), 0),
            };
            if member.options.filter.matches(&event) {
                match handle(&member, turn, &event).await {
                    Handled::Done => {}
                    Handled::Failed(error, attempts) => {
                        return member.shared.park_again(turn, &actor, event.version(), error, attempts);
                    }
                    Handled::Lost => return,
                }
            }
            next = event.version().next().unwrap_or(next);
        }
        if member.shared.unpark(turn, &actor, next.previous()) {
            return;
        }
    }
}

enum Handled {
    Done,
    Failed(String, u32),
    /// The slice is another member's.
    Lost,
}

async fn handle<S, K: KeyValue, H: Handler>(
    member: &Member<S, K, H>,
    turn: Turn,
    event: &RecordedEvent,
) -> Handled {
    let mut attempts = 0;
    loop {
        let epoch = match member.shared.start(turn, member.options.lease) {
            Permission::Granted(epoch) => epoch,
            Permission::NotYet => {
                sleep(member.options.tick()).await;
                continue;
            }
            Permission::Never => return Handled::Lost,
        };
        attempts += 1;
        let context = Context::new(epoch, turn.slice, attempts);
        let outcome = call(&member.handler, event, &context, member.options.patience).await;
        let is_done = outcome == Ok(Outcome::Done);
        member.shared.end(turn, Some(&event.position()).filter(|_| is_done));
        if is_done {
            return Handled::Done;
        }
        match member.options.after(attempts, outcome) {
            (Some(delay), _) => sleep(delay).await,
            (None, error) => return Handled::Failed(error, attempts),
        }
    }
}
