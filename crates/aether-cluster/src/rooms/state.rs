//! What a room does about what it is told and about what comes. Pure, but for the clock behind its gate.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aether_core::Epoch;
use bytes::Bytes;
use tokio::task::AbortHandle;

use super::control::Step;
use super::mail::{Key, Mail, Outgoing, ReplyTo};
use super::rejected::Rejected;
use super::settings::RoomSettings;
use crate::gate::Gate;
use crate::host::{Handled, Ownership};
use crate::protocol::{Address, Moment, Reply, Task};
use crate::route::Answer;

/// How far the ownership of a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Keeps what comes.
    Listening,
    /// Begins what comes.
    Serving,
    /// Begins nothing, keeps what comes.
    Draining,
    /// The release is under way: what was kept is still here.
    Closed,
    /// Released; what was kept has gone to there.
    Forwarding(Option<Address>),
    /// Nothing listens here. It is remembered for what it rejected, should the ownership go on.
    Gone(Moment),
}

/// What a room is in the middle of.
#[derive(Debug)]
pub(super) struct State {
    pub(super) mode: Mode,
    /// Counts what it was told, so that an order that another one has followed is known.
    pub(super) generation: u64,
    pub(super) ownership: Ownership,
    kept: BTreeMap<u64, Mail>,
    under_way: HashMap<Key, UnderWay>,
    rejected: Rejected,
    next: u64,
}

/// A command under way, with the copies that wait for its outcome.
#[derive(Debug, Default)]
struct UnderWay {
    copies: Vec<Mail>,
    /// Where it goes on, if it had to wait.
    task: Option<AbortHandle>,
}

/// What became of a mail that came.
#[derive(Debug)]
pub(super) enum Entered {
    /// It is kept, or waits for the outcome of its first copy.
    Taken,
    /// It is to be begun.
    Begin(Key, Mail, Ownership),
    Answered(ReplyTo, Reply<Answer>),
    /// Nobody waits for its answer any more.
    Late,
}

impl State {
    pub(super) fn new(ownership: Ownership) -> Self {
        Self {
            mode: Mode::Listening,
            generation: 0,
            ownership,
            kept: BTreeMap::new(),
            under_way: HashMap::new(),
            rejected: Rejected::default(),
            next: 1,
        }
    }

    /// How many are under way and kept.
    pub(super) fn held(&self) -> (usize, usize) {
        (self.under_way.len(), self.kept.len())
    }

    #[cfg(all(test, feature = "testing"))]
    pub(super) fn waiting(&self) -> usize {
        self.kept.len() + self.under_way.values().map(|first| first.copies.len()).sum::<usize>()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Carries out a task, and says what leaves and what the host is to be told.
    pub(super) fn tell(
        &mut self,
        task: &Task,
        address: Address,
        gate: &Arc<Gate>,
    ) -> (Vec<Outgoing>, Option<Step>) {
        self.generation += 1;
        match task {
            Task::Listen(_) | Task::Serve(_) => self.open(task, address, gate),
            Task::Drain(_) => {
                self.mode = Mode::Draining;
                self.ownership.drain(true);
                (Vec::new(), Some(Step::Drain(self.ownership.clone(), self.generation)))
            }
            Task::Close(_) => {
                self.mode = Mode::Closed;
                self.ownership.close();
                (Vec::new(), None)
            }
            Task::Forward(epoch, to) => {
                let epoch = Epoch::new(epoch.number().saturating_add(1));
                let to = to.as_ref().map(|to| Address { epoch, incarnation: to.incarnation, ..address });
                self.end(Mode::Forwarding(to))
            }
            Task::Stop(_) => self.end(Mode::Gone(gate.clock().now())),
        }
    }

    fn open(&mut self, task: &Task, address: Address, gate: &Arc<Gate>) -> (Vec<Outgoing>, Option<Step>) {
        let serves = matches!(task, Task::Serve(_));
        if self.ownership.is_fenced() || (self.mode == Mode::Serving && serves) {
            return (Vec::new(), None);
        }
        if self.ownership.is_closed() {
            // It goes on after all: what was released is owned anew.
            self.ownership = Ownership::new(address, Arc::clone(gate));
        }
        self.mode = Mode::Listening;
        let ownership = self.ownership.clone();
        let step = if serves { Step::Serve(ownership, self.generation) } else { Step::Prepare(ownership) };
        (Vec::new(), Some(step))
    }

    fn end(&mut self, mode: Mode) -> (Vec<Outgoing>, Option<Step>) {
        self.mode = mode;
        self.ownership.close();
        (self.give_up(), Some(Step::Release(self.ownership.clone())))
    }

    /// Everything that was kept: sent on, but for copies of what was rejected, of which the next owner knows nothing.
    pub(super) fn give_up(&mut self) -> Vec<Outgoing> {
        let kept = std::mem::take(&mut self.kept);
        kept.into_values().map(|mail| self.send_on(mail)).collect()
    }

    fn send_on(&self, mail: Mail) -> Outgoing {
        match self.mode {
            Mode::Forwarding(Some(to)) if self.rejected.find(&Key::of(&mail.message)).is_none() => {
                Outgoing::Forward(to, mail)
            }
            _ => Outgoing::Answer(mail.reply, Reply::Moved),
        }
    }

    /// The host serves: what was kept is begun, unless something else was told meanwhile.
    pub(super) fn serve(&mut self, generation: u64) -> Vec<Mail> {
        if self.generation != generation || self.ownership.is_closed() {
            return Vec::new();
        }
        self.mode = Mode::Serving;
        self.ownership.drain(false);
        std::mem::take(&mut self.kept).into_values().collect()
    }

    /// Takes a mail in.
    pub(super) fn enter(&mut self, mut mail: Mail, settings: &RoomSettings, gate: &Gate) -> Entered {
        if self.ownership.is_closed() {
            return Entered::Answered(mail.reply, Reply::Moved);
        }
        if mail.message.left().is_zero() {
            return Entered::Late;
        }
        let key = Key::of(&mail.message);
        if let Some(answer) = self.rejected.find(&key) {
            let reply = if gate.is_open() { rejection(answer) } else { Reply::Moved };
            return Entered::Answered(mail.reply, reply);
        }
        if mail.number == 0 {
            (mail.number, self.next) = (self.next, self.next + 1);
        }
        if let Some(first) = self.under_way.get_mut(&key) {
            first.copies.push(mail);
            return Entered::Taken;
        }
        match self.mode {
            Mode::Serving if !gate.is_open() => Entered::Answered(mail.reply, Reply::Moved),
            Mode::Serving => {
                let now = gate.clock().now();
                // Each that is begun may have to be remembered.
                let is_full = self.under_way.len() >= settings.under_way
                    || self.under_way.len() + self.rejected.count(now) >= settings.rejected;
                if is_full {
                    return Entered::Answered(mail.reply, Reply::Overloaded);
                }
                self.under_way.insert(key.clone(), UnderWay::default());
                Entered::Begin(key, mail, self.ownership.clone())
            }
            _ if self.kept.len() >= settings.kept => Entered::Answered(mail.reply, Reply::Overloaded),
            _ => {
                self.kept.insert(mail.number, mail);
                Entered::Taken
            }
        }
    }

    /// Takes the outcome of a message; returns what its asker is told, and what leaves for those of its copies.
    pub(super) fn handled(
        &mut self,
        key: &Key,
        handled: Outcome,
        under: &Ownership,
        settings: &RoomSettings,
        now: Moment,
    ) -> (Reply<Answer>, Vec<Mail>) {
        let copies = self.under_way.remove(key).map(|first| first.copies).unwrap_or_default();
        let reply = match handled {
            Outcome::Stored(said) => Reply::Stored(Answer::Whole(said)),
            Outcome::Overloaded => Reply::Overloaded,
            // Whatever stores nothing is true only while the shard is owned.
            _ if !under.may_answer() => Reply::Moved,
            Outcome::Moved => Reply::Moved,
            Outcome::Answered(said) => Reply::Answer(Answer::Whole(said)),
            Outcome::Rejected(said) => {
                self.rejected.insert(key.clone(), said.clone(), now, settings.remember);
                rejection(&said)
            }
        };
        (reply, copies)
    }

    /// Takes a message back that its host has not begun, and its copies.
    pub(super) fn not_begun(&mut self, key: &Key, mail: Mail) -> Vec<Outgoing> {
        let copies = self.under_way.remove(key).map(|first| first.copies).unwrap_or_default();
        let mails = std::iter::once(mail).chain(copies);
        match self.mode {
            Mode::Listening | Mode::Draining | Mode::Closed if !self.ownership.is_fenced() => {
                self.kept.extend(mails.map(|mail| (mail.number, mail)));
                Vec::new()
            }
            _ => mails.map(|mail| self.send_on(mail)).collect(),
        }
    }

    /// Forgets a message whose turn has ended without an outcome, and its copies.
    pub(super) fn lost(&mut self, key: &Key) -> Vec<Mail> {
        self.under_way.remove(key).map(|first| first.copies).unwrap_or_default()
    }

    /// Takes note of where a message goes on; nowhere, if what was under way was dropped meanwhile.
    pub(super) fn goes_on(&mut self, key: &Key, task: AbortHandle) {
        match self.under_way.get_mut(key) {
            Some(first) => first.task = Some(task),
            None => task.abort(),
        }
    }

    /// Drops what is still under way.
    pub(super) fn abort(&mut self) {
        self.under_way.drain().filter_map(|(_, first)| first.task).for_each(|task| task.abort());
    }

    /// Whether nothing of it is needed any more.
    pub(super) fn is_over(&self, now: Moment, settings: &RoomSettings) -> bool {
        let Mode::Gone(since) = self.mode else { return false };
        self.under_way.is_empty() && now.since(since) >= settings.remember
    }
}

/// What a host says of a message that it has begun.
#[derive(Debug)]
pub(super) enum Outcome {
    Stored(Bytes),
    Answered(Bytes),
    Rejected(Bytes),
    Overloaded,
    Moved,
}

impl Outcome {
    /// The outcome, or the message where it was not begun.
    pub(super) fn of(handled: Handled) -> Result<Self, Box<crate::host::Message>> {
        Ok(match handled {
            Handled::Stored(said) => Self::Stored(said),
            Handled::Answered(said) => Self::Answered(said),
            Handled::Rejected(said) => Self::Rejected(said),
            Handled::Overloaded => Self::Overloaded,
            Handled::Moved => Self::Moved,
            Handled::NotBegun(message) => return Err(Box::new(message)),
        })
    }
}

fn rejection(answer: &Bytes) -> Reply<Answer> {
    Reply::Rejected(Answer::Whole(answer.clone()))
}

#[cfg(test)]
mod tests;
