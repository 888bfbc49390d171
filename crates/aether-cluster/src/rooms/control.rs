//! What the host of a room is told, one after the other: by one task for each room.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::room::Room;
use super::shared::Shared;
use crate::host::{Ownership, ShardHost};

/// What the host is to be told.
#[derive(Debug)]
pub(super) enum Step {
    Prepare(Ownership),
    /// Unless something else was told after that generation.
    Serve(Ownership, u64),
    Drain(Ownership, u64),
    Release(Ownership),
    /// There are no more.
    End,
}

/// Tells the host what the room was told.
pub(super) async fn run<H: ShardHost>(
    shared: Arc<Shared<H>>,
    room: Arc<Room>,
    mut steps: mpsc::UnboundedReceiver<Step>,
) {
    loop {
        let ownership = room.state().ownership.clone();
        let step = tokio::select! {
            biased;
            () = ownership.found_fenced(), if !ownership.is_released() => Some(Step::Release(ownership.clone())),
            step = steps.recv() => step,
        };
        match step {
            None | Some(Step::End) => return,
            Some(step) => carry_out(&shared, &room, step).await,
        }
    }
}

async fn carry_out<H: ShardHost>(shared: &Arc<Shared<H>>, room: &Arc<Room>, step: Step) {
    match step {
        Step::Prepare(ownership) if !ownership.is_closed() => {
            guarded(shared, &ownership, "prepare", |host, ownership| async move {
                host.prepare(&ownership).await;
            })
            .await;
        }
        Step::Serve(ownership, generation) if !ownership.is_closed() => {
            let served = guarded(shared, &ownership, "serve", |host, ownership| async move {
                host.serve(&ownership).await;
            });
            if served.await {
                room.serve(shared, generation);
            } else {
                ownership.close();
                room.give_up(shared);
            }
        }
        Step::Drain(ownership, generation) => drain(shared, room, &ownership, generation).await,
        Step::Release(ownership) => release(shared, room, &ownership).await,
        Step::Prepare(_) | Step::Serve(..) | Step::End => {}
    }
}

async fn drain<H: ShardHost>(
    shared: &Arc<Shared<H>>,
    room: &Arc<Room>,
    ownership: &Ownership,
    generation: u64,
) {
    if !idle(room, Some(generation)).await {
        return;
    }
    if !ownership.is_closed() {
        guarded(shared, ownership, "drain", |host, ownership| async move { host.drain(&ownership).await })
            .await;
    }
    if room.state().generation == generation {
        let _ = shared.drained.send((ownership.shard(), ownership.epoch()));
    }
}

/// Has the host forget the ownership, once nothing is under way in it or has taken too long.
async fn release<H: ShardHost>(shared: &Arc<Shared<H>>, room: &Arc<Room>, ownership: &Ownership) {
    if !ownership.release() {
        return;
    }
    if ownership.is_fenced() {
        room.give_up(shared);
    }
    if !within(shared.settings.closing, idle(room, None)).await {
        room.abort(shared);
    }
    guarded(shared, ownership, "release", |host, ownership| async move { host.release(&ownership).await })
        .await;
}

/// Waits until nothing is under way; says whether it is so, and nothing else was told meanwhile.
async fn idle(room: &Room, generation: Option<u64>) -> bool {
    loop {
        let changed = room.changed.notified();
        tokio::pin!(changed);
        // From here on, before the look.
        changed.as_mut().enable();
        {
            let state = room.state();
            if generation.is_some_and(|generation| generation != state.generation) {
                return false;
            }
            if state.is_idle() {
                return true;
            }
        }
        changed.await;
    }
}

async fn within(limit: Duration, future: impl Future<Output = bool>) -> bool {
    tokio::time::timeout(limit, future).await.unwrap_or(false)
}

/// Calls the host in a task of its own, so that a panic ends nothing else; says whether there was none.
async fn guarded<H, F, C>(shared: &Arc<Shared<H>>, ownership: &Ownership, what: &str, call: C) -> bool
where
    H: ShardHost,
    F: Future<Output = ()> + Send + 'static,
    C: FnOnce(Arc<H>, Ownership) -> F,
{
    let called = shared.runtime.spawn(call(Arc::clone(&shared.host), ownership.clone())).await;
    if called.is_err() {
        let (shard, epoch) = (ownership.shard(), ownership.epoch());
        tracing::error!(%shard, %epoch, what, "the host panicked");
    }
    called.is_ok()
}
