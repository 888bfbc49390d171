//! One shard at one epoch: its state under a lock, and the tasks that run for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use tokio::sync::{Notify, mpsc};
use tracing::Instrument;

use super::control::Step;
use super::mail::{Key, Mail, Outgoing};
use super::shared::Shared;
use super::state::{Entered, Mode, Outcome, State};
use crate::host::{Ownership, ShardHost};
use crate::protocol::{Address, Reply, Task};
use crate::route::span;

/// Where a turn begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// In the task that reads what comes, for as long as it does not wait.
    Here,
    /// In a task of its own: whoever asks may be a turn itself, and turns within turns would have no end.
    Elsewhere,
}

/// One shard at one epoch.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) address: Address,
    state: Mutex<State>,
    /// Whenever it is told something, or nothing is under way any more.
    pub(super) changed: Notify,
    steps: mpsc::UnboundedSender<Step>,
}

impl Room {
    pub(super) fn new(address: Address, state: State, steps: mpsc::UnboundedSender<Step>) -> Self {
        Self { address, state: Mutex::new(state), changed: Notify::new(), steps }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn step(&self, step: Step) {
        let _ = self.steps.send(step);
    }

    pub(super) fn tell<H: ShardHost>(&self, shared: &Shared<H>, task: &Task) {
        let mut state = self.state();
        let before = state.held();
        let (out, step) = state.tell(task, self.address, &shared.gate);
        shared.meter.held(before, state.held());
        // Under the lock, so that steps are in the order of what was told.
        step.into_iter().for_each(|step| self.step(step));
        drop(state);
        self.changed.notify_waiters();
        shared.post.all(out);
    }

    /// Takes a mail in. Whatever is to be said at once is said behind what waits to be said.
    pub(super) fn enter<H: ShardHost>(self: &Arc<Self>, shared: &Arc<Shared<H>>, mail: Mail, begin: Begin) {
        let mut state = self.state();
        let before = state.held();
        let entered = state.enter(mail, &shared.settings, &shared.gate);
        shared.meter.held(before, state.held());
        drop(state);
        match entered {
            Entered::Taken => {}
            Entered::Begin(key, mail, ownership) => {
                let work = work(Arc::clone(shared), Arc::clone(self), ownership, mail);
                self.begin(shared, &key, Box::pin(work), begin);
            }
            Entered::Late => shared.meter.late(),
            Entered::Answered(to, reply) => {
                if reply == Reply::Overloaded {
                    shared.meter.overloaded();
                }
                shared.post.put(Outgoing::Answer(to, reply));
            }
        }
    }

    /// Begins a turn, here until it first waits, or in a task of its own.
    fn begin<H: ShardHost, W>(&self, shared: &Shared<H>, key: &Key, mut work: Pin<Box<W>>, begin: Begin)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        if begin == Begin::Here && shared.pace.begins_here() {
            let start = Instant::now();
            // Its task polls it once more, with a waker that wakes it.
            let mut context = Context::from_waker(Waker::noop());
            let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut context)));
            shared.pace.took(start.elapsed());
            // A panic has ended the turn, as in a task of its own.
            if !matches!(polled, Ok(Poll::Pending)) {
                return;
            }
        }
        let task = shared.runtime.spawn(work).abort_handle();
        self.state().goes_on(key, task);
    }

    /// What was kept is begun, unless something else was told meanwhile.
    pub(super) fn serve<H: ShardHost>(self: &Arc<Self>, shared: &Arc<Shared<H>>, generation: u64) {
        let mut state = self.state();
        let before = state.held();
        let kept = state.serve(generation);
        shared.meter.held(before, state.held());
        drop(state);
        kept.into_iter().for_each(|mail| self.enter(shared, mail, Begin::Elsewhere));
    }

    /// A later owner was seen: nothing is kept any more.
    pub(super) fn give_up<H: ShardHost>(&self, shared: &Shared<H>) {
        let mut state = self.state();
        let before = state.held();
        if !matches!(state.mode, Mode::Forwarding(_) | Mode::Gone(_)) {
            state.mode = Mode::Closed;
        }
        let out = state.give_up();
        shared.meter.held(before, state.held());
        drop(state);
        shared.post.all(out);
    }

    /// Drops what is still under way.
    pub(super) fn abort<H: ShardHost>(&self, shared: &Shared<H>) {
        let mut state = self.state();
        let before = state.held();
        state.abort();
        shared.meter.held(before, state.held());
    }

    /// Changes what is under way, and says so when nothing is any more.
    fn ends<H: ShardHost, T>(&self, shared: &Shared<H>, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let before = state.held();
        let changed = change(&mut state);
        shared.meter.held(before, state.held());
        let is_waited_for = state.mode != Mode::Serving && state.is_idle();
        drop(state);
        if is_waited_for {
            self.changed.notify_waiters();
        }
        changed
    }
}

/// Sees to it that a turn is ended, also by a panic.
struct Turn<'a, H: ShardHost> {
    shared: &'a Shared<H>,
    room: &'a Room,
    key: Option<Key>,
}

impl<H: ShardHost> Drop for Turn<'_, H> {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        // Nobody is answered: they try again a little later.
        let copies = self.room.ends(self.shared, |state| state.lost(&key));
        drop(copies);
        if std::thread::panicking() {
            let Address { shard, epoch, .. } = self.room.address;
            let (actor, command) = (&key.actor, &key.command);
            tracing::error!(%shard, %epoch, %actor, %command, "the host panicked in handling a message, which has no answer");
        }
    }
}

/// One turn: from a message to what its asker is told.
async fn work<H: ShardHost>(shared: Arc<Shared<H>>, room: Arc<Room>, ownership: Ownership, mail: Mail) {
    let Mail { mut message, reply, seat, number } = mail;
    let key = Key::of(&message);
    let mut turn = Turn { shared: &shared, room: &room, key: Some(key) };
    let (span, trace) = span::handle(ownership.shard(), message.trace);
    message.trace = trace;
    let handled = shared.host.handle(&ownership, message).instrument(span).await;
    let Some(key) = turn.key.take() else { return };
    let outcome = match Outcome::of(handled) {
        Ok(outcome) => outcome,
        Err(message) => {
            let mail = Mail { message: *message, reply, seat, number };
            let out = room.ends(&shared, |state| state.not_begun(&key, mail));
            return shared.post.all(out);
        }
    };
    let now = shared.gate.clock().now();
    let (said, copies) =
        room.ends(&shared, |state| state.handled(&key, outcome, &ownership, &shared.settings, now));
    for copy in copies {
        shared.post.put(Outgoing::Answer(copy.reply, said.clone()));
    }
    shared.post.answer(reply, said).await;
}
