//! The one subscription of a member, for all of its slices.

use std::sync::Arc;
use std::time::Duration;

use aether_core::{Delivery, KeyValue, RecordedEvent, StartAt, Subscribe, Subscription, SubscriptionError};
use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::handler::Handler;
use super::lane::Job;
use super::member::Member;
use super::slice::{hash_of, slice_of};

/// So often it is noted how far the subscription has come, when nothing comes.
const TICK: Duration = Duration::from_millis(50);
/// So many events are handed out before that is noted.
const NOTE: usize = 128;
/// What there is between two subscriptions, where the first failed.
const PAUSE: Duration = Duration::from_millis(100);

/// Reads for whichever slices the member has, until an error that it cannot go on after.
pub(crate) async fn run<S: Subscribe, K: KeyValue, H: Handler>(
    member: Arc<Member<S, K, H>>,
    lanes: Vec<Sender<Job>>,
) {
    loop {
        match follow(&member, &lanes).await {
            Ok(()) => {}
            Err(error) if error.is_transient() => {
                tracing::warn!(group = %member.options.name, %error, "a subscription was lost");
                sleep(PAUSE).await;
            }
            Err(error) => {
                tracing::error!(group = %member.options.name, %error, "a group cannot go on");
                member.shared.lock().failure = Some(error);
                return member.shared.hurry.notify_one();
            }
        }
    }
}

/// Reads until the slices are others.
async fn follow<S: Subscribe, K: KeyValue, H: Handler>(
    member: &Member<S, K, H>,
    lanes: &[Sender<Job>],
) -> Result<(), SubscriptionError> {
    // Before it is looked which there are, so that no change is missed.
    let changed = member.shared.slices_changed.notified();
    let begun = member.shared.lock().begin_run();
    let Some((run, from)) = begun else {
        changed.await;
        return Ok(());
    };
    let subscription = member.store.subscribe(member.options.filter.clone(), StartAt::After(from)).await?;
    tokio::select! {
        biased;
        () = changed => Ok(()),
        ended = hand_out(member, lanes, run, subscription) => ended,
    }
}

async fn hand_out<S, K, H>(
    member: &Member<S, K, H>,
    lanes: &[Sender<Job>],
    run: u64,
    mut subscription: Subscription,
) -> Result<(), SubscriptionError> {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut handed = 0;
    loop {
        let item = tokio::select! {
            biased;
            item = subscription.next() => item,
            _ = ticks.tick() => {
                note(member, run, &subscription);
                continue;
            }
        };
        match item {
            Some(Ok(Delivery::Event(event))) => hand(member, lanes, run, event).await,
            Some(Err(SubscriptionError::Malformed(error))) => {
                tracing::error!(group = %member.options.name, %error, "a malformed message is passed over");
                member.shared.lock().counts.malformed += 1;
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error),
            None => return Ok(()),
        }
        // After the event was handed out: the checkpoint covers it already.
        handed += 1;
        if handed % NOTE == 0 {
            note(member, run, &subscription);
        }
    }
}

fn note<S, K, H>(member: &Member<S, K, H>, run: u64, subscription: &Subscription) {
    let (checkpoint, lag) = (subscription.checkpoint(), subscription.monitor().status().lag);
    let mut state = member.shared.lock();
    state.read(run, &checkpoint);
    state.lag = lag;
}

/// Hands an event to its actor's lane, if it is of a slice of ours, and waits for room there.
async fn hand<S, K, H>(member: &Member<S, K, H>, lanes: &[Sender<Job>], run: u64, event: RecordedEvent) {
    let slice = slice_of(event.actor(), member.options.slices);
    if !member.shared.lock().held.contains_key(&slice) {
        return;
    }
    let lane = (hash_of(event.actor()) >> 32) % lanes.len().max(1) as u64;
    let Some(lane) = usize::try_from(lane).ok().and_then(|lane| lanes.get(lane)) else { return };
    // Room first: what is noted as handed out is in the lane then, whenever this task is ended.
    let Ok(room) = lane.reserve().await else { return };
    let turn = member.shared.lock().dispatch(run, slice, &event);
    if let Some(turn) = turn {
        room.send(Job { turn, event });
    }
}
