//! Lanes: each handles the events of its actors, one at a time, while those of an actor that has to wait stand aside.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use aether_core::{ActorId, KeyValue, RecordedEvent};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, sleep_until};

use super::handler::{Context, Handler, Outcome, call};
use super::member::Member;
use super::state::{Permission, Turn};

/// The most events that wait in a lane.
const MOST: usize = 1_024;
/// So long it is waited for a lease that has to be renewed.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// An event on its way to a handler.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) turn: Turn,
    pub(crate) event: RecordedEvent,
}

/// The events of one actor that wait, of which the first is the next to be handled.
#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// How often the handler was called for the first.
    attempts: u32,
}

/// What waits in a lane.
#[derive(Debug, Default)]
struct Lane {
    queues: HashMap<ActorId, Queue>,
    /// The actors whose first event can be handled.
    ready: VecDeque<ActorId>,
    /// Those that stand aside, by the time when they are to go on, and a number that tells equal times apart.
    aside: BTreeMap<(Instant, u64), ActorId>,
    set_aside: u64,
    waiting: usize,
}

impl Lane {
    fn add(&mut self, job: Job) {
        let actor = job.event.actor().clone();
        let queue = self.queues.entry(actor.clone()).or_default();
        if queue.jobs.is_empty() {
            self.ready.push_back(actor);
        }
        queue.jobs.push_back(job);
        self.waiting += 1;
    }

    fn wake(&mut self, now: Instant) {
        while let Some(entry) = self.aside.first_entry().filter(|entry| entry.key().0 <= now) {
            self.ready.push_back(entry.remove());
        }
    }

    fn put_aside(&mut self, actor: ActorId, until: Instant) {
        self.set_aside += 1;
        self.aside.insert((until, self.set_aside), actor);
    }

    /// Takes the first event of an actor off its queue, which goes on with the next.
    fn finish(&mut self, actor: ActorId) {
        let Some(queue) = self.queues.get_mut(&actor) else { return };
        queue.attempts = 0;
        self.waiting -= usize::from(queue.jobs.pop_front().is_some());
        if queue.jobs.is_empty() {
            self.queues.remove(&actor);
        } else {
            self.ready.push_back(actor);
        }
    }

    /// Takes all events of an actor away.
    fn remove(&mut self, actor: &ActorId) -> Vec<Job> {
        let jobs: Vec<_> = self.queues.remove(actor).unwrap_or_default().jobs.into();
        self.waiting -= jobs.len();
        jobs
    }
}

/// Runs a lane until nothing can come any more.
pub(crate) async fn run<S: Send + Sync + 'static, K: KeyValue, H: Handler>(
    member: Arc<Member<S, K, H>>,
    mut jobs: Receiver<Job>,
) {
    let mut lane = Lane::default();
    loop {
        while lane.waiting < MOST
            && let Ok(job) = jobs.try_recv()
        {
            lane.add(job);
        }
        lane.wake(Instant::now());
        if let Some(actor) = lane.ready.pop_front() {
            step(&member, &mut lane, actor).await;
            continue;
        }
        let next = lane.aside.first_key_value().map(|((until, _), _)| *until);
        tokio::select! {
            job = jobs.recv(), if lane.waiting < MOST => match job {
                Some(job) => lane.add(job),
                None => return,
            },
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
        }
    }
}

/// Handles the first event of an actor.
async fn step<S, K: KeyValue, H: Handler>(member: &Member<S, K, H>, lane: &mut Lane, actor: ActorId) {
    let Some(queue) = lane.queues.get_mut(&actor) else { return };
    let Some(Job { turn, event }) = queue.jobs.front() else { return };
    let turn = *turn;
    let epoch = match member.shared.start(turn, member.options.lease) {
        Permission::Granted(epoch) => epoch,
        Permission::NotYet => {
            lane.ready.push_front(actor);
            return sleep(PAUSE).await;
        }
        Permission::Never => return lane.finish(actor),
    };
    queue.attempts += 1;
    let attempts = queue.attempts;
    let context = Context::new(epoch, turn.slice, attempts);
    let outcome = call(&member.handler, event, &context, member.options.patience).await;
    if let Ok(Outcome::Done) = outcome {
        member.shared.end(turn, Some(&event.position()));
        return lane.finish(actor);
    }
    member.shared.end(turn, None);
    let (delay, error) = member.options.after(attempts, outcome);
    match delay {
        Some(delay) => lane.put_aside(actor, Instant::now() + delay),
        None => {
            let jobs = lane.remove(&actor);
            let events: Vec<_> =
                jobs.iter().filter(|job| job.turn == turn).map(|job| job.event.clone()).collect();
            tracing::warn!(group = %member.options.name, %actor, attempts, %error, "an actor is parked");
            if !member.shared.park(turn, &events, error, attempts) {
                // There is no room: it goes on trying.
                jobs.into_iter().for_each(|job| lane.add(job));
                lane.ready.retain(|ready| *ready != actor);
                lane.put_aside(actor, Instant::now() + member.options.lease);
            }
        }
    }
}
