//! What the rooms of a node share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aether_core::Epoch;
use async_nats::{Message as Incoming, Subscriber};
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::control::{self, Step};
use super::mail::{Mail, Outgoing, ReplyTo, Seats};
use super::pace::Pace;
use super::post::Post;
use super::room::{Begin, Room};
use super::settings::RoomSettings;
use super::state::State;
use crate::gate::Gate;
use crate::host::{Message, Ownership, ShardHost};
use crate::meter::RoomMeter;
use crate::placement::Shard;
use crate::protocol::{Address, Identity, Reply, Task};
use crate::route::wire::{Question, read_question};
use crate::route::{LONGEST, Place};
use crate::subjects::Subjects;

/// What the rooms of a node share.
pub(super) struct Shared<H> {
    pub(super) host: Arc<H>,
    pub(super) me: Identity,
    pub(super) subjects: Subjects,
    pub(super) gate: Arc<Gate>,
    pub(super) settings: RoomSettings,
    pub(super) post: Post,
    pub(super) drained: mpsc::UnboundedSender<(Shard, Epoch)>,
    pub(super) runtime: Handle,
    pub(super) meter: RoomMeter,
    pub(super) rooms: RwLock<HashMap<(Shard, Epoch), Arc<Room>>>,
    pub(super) seats: Seats,
    pub(super) pace: Pace,
    pub(super) malformed: AtomicU64,
    pub(super) is_stopped: AtomicBool,
    pub(super) tasks: Mutex<Vec<AbortHandle>>,
}

/// What is asked of rooms, whatever their host is.
pub(super) trait Door: Send + Sync {
    fn tell(self: Arc<Self>, shard: Shard, task: &Task);
    fn stop(&self);
    fn enter_here(self: Arc<Self>, to: Address, message: Message, place: Place);
    fn malformed(&self) -> u64;
    /// How many messages a shard keeps, copies among them.
    #[cfg(all(test, feature = "testing"))]
    fn kept(&self, shard: Shard, epoch: Epoch) -> usize;
}

impl<H: ShardHost> Door for Shared<H> {
    fn tell(self: Arc<Self>, shard: Shard, task: &Task) {
        let (Task::Listen(epoch)
        | Task::Serve(epoch)
        | Task::Drain(epoch)
        | Task::Close(epoch)
        | Task::Forward(epoch, _)
        | Task::Stop(epoch)) = task;
        if let Some(room) = self.room_for(shard, *epoch, task) {
            room.tell(&self, task);
        }
    }

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        let rooms = std::mem::take(&mut *self.rooms.write().unwrap_or_else(PoisonError::into_inner));
        for room in rooms.into_values() {
            room.tell(self, &Task::Stop(room.address.epoch));
            room.step(Step::End);
        }
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.drain(..).for_each(|task| task.abort());
    }

    fn enter_here(self: Arc<Self>, to: Address, message: Message, place: Place) {
        self.enter(to, message, ReplyTo::Here(place), Begin::Elsewhere);
    }

    fn malformed(&self) -> u64 {
        self.malformed.load(Ordering::Relaxed)
    }

    #[cfg(all(test, feature = "testing"))]
    fn kept(&self, shard: Shard, epoch: Epoch) -> usize {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.get(&(shard, epoch)).map_or(0, |room| room.state().waiting())
    }
}

impl<H: ShardHost> Shared<H> {
    /// The room of an ownership; a new one, where it is to listen or to serve.
    fn room_for(self: &Arc<Self>, shard: Shard, epoch: Epoch, task: &Task) -> Option<Arc<Room>> {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        // Under the lock that whoever stops takes after it says so.
        if self.is_stopped.load(Ordering::Relaxed) {
            return None;
        }
        let now = self.gate.clock().now();
        rooms.retain(|key, room| {
            let is_over = *key != (shard, epoch) && room.state().is_over(now, &self.settings);
            if is_over {
                room.step(Step::End);
            }
            !is_over
        });
        if let Some(room) = rooms.get(&(shard, epoch)) {
            return Some(Arc::clone(room));
        }
        if matches!(task, Task::Close(_) | Task::Forward(..) | Task::Stop(_)) {
            return None;
        }
        let room = self.open(Address { shard, epoch, incarnation: self.me.incarnation });
        rooms.insert((shard, epoch), Arc::clone(&room));
        Some(room)
    }

    fn open(self: &Arc<Self>, address: Address) -> Arc<Room> {
        let (sender, steps) = mpsc::unbounded_channel();
        let state = State::new(Ownership::new(address, Arc::clone(&self.gate)));
        let room = Arc::new(Room::new(address, state, sender));
        self.runtime.spawn(control::run(Arc::clone(self), Arc::clone(&room), steps));
        room
    }

    /// Hands a message to its room. Where there is none, nobody owns the shard here.
    fn enter(self: &Arc<Self>, to: Address, message: Message, reply: ReplyTo, begin: Begin) {
        let room = {
            let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
            rooms.get(&(to.shard, to.epoch)).map(Arc::clone)
        };
        let Some(room) = room.filter(|_| to.incarnation == self.me.incarnation) else {
            return self.post.put(Outgoing::Answer(reply, Reply::Moved));
        };
        match self.seats.take(self.settings.at_node) {
            Some(seat) => room.enter(self, Mail { message, reply, seat, number: 0 }, begin),
            None => {
                self.meter.overloaded();
                self.post.put(Outgoing::Answer(reply, Reply::Overloaded));
            }
        }
    }

    /// Reads what comes and hands it over.
    pub(super) async fn listen(self: Arc<Self>, mut questions: Subscriber) {
        while let Some(message) = questions.next().await {
            if !self.take(message) {
                self.strange();
            }
        }
    }

    fn take(self: &Arc<Self>, message: Incoming) -> bool {
        let to = self.subjects.address(&message.subject, self.me.incarnation);
        let (Some(to), Some(reply)) = (to, message.reply) else { return false };
        let Ok(Question { message, left }) = read_question(message.payload) else { return false };
        let clock = self.gate.clock();
        // Whoever says more would be remembered for longer than rejections are.
        let message = message.by(clock.now().plus(left.min(LONGEST)), clock);
        self.enter(to, message, ReplyTo::Subject(reply), Begin::Here);
        true
    }

    /// Counts a strange message, and logs it ever more seldom, so that nobody can fill the log.
    fn strange(&self) {
        self.meter.malformed();
        let count = self.malformed.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            tracing::warn!(count, "what came on the cluster's subjects is no message of this version of it");
        }
    }
}
