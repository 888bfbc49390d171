//! What runs in the shards of one process: counters. Pure, as the protocols are.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aether_cluster::protocol::{Address, Fence, Held, Identity, Incarnation, Reply, Shard, Task};
use aether_cluster::{Mechanism, Mechanisms};
use aether_core::Epoch;

use crate::log::{Append, Command, Kind, LIMITS, Told, change};
use crate::world::{MAILBOX, Micros};

/// A command on its way, with where to answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mail {
    pub(crate) command: Command,
    pub(crate) client: usize,
    pub(crate) attempt: u32,
    pub(crate) deadline: Micros,
}

#[derive(Debug)]
pub(crate) enum Doing {
    Answer(Mail, Reply<u64>),
    /// An answer for the actor that stores nothing.
    Answered(usize, Epoch),
    Load {
        actor: usize,
        request: u64,
        at_leader: bool,
    },
    Store(Append),
    Send(Address, Mail),
    Drained(Shard, Epoch),
}

#[derive(Debug, PartialEq, Eq)]
enum Mode {
    Listening,
    Serving,
    Draining,
    /// The release is under way, or done.
    Closed,
}

#[derive(Debug)]
struct Room {
    mode: Mode,
    kept: VecDeque<Mail>,
    actors: BTreeMap<usize, Actor>,
    fence: Fence,
}

#[derive(Debug, Default)]
struct Actor {
    told: Option<Told>,
    queue: VecDeque<Mail>,
    turn: Option<Turn>,
    /// Commands that were refused at this epoch: a copy of one that comes later is refused, too.
    rejected: BTreeSet<u64>,
    /// It was read before: from then on at the leader.
    was_loaded: bool,
}

#[derive(Debug, Clone, Copy)]
struct Turn {
    mail: Mail,
    request: u64,
    has_claimed: bool,
    since: Micros,
    stores: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct Host {
    incarnation: Incarnation,
    rooms: BTreeMap<(Shard, Epoch), Room>,
    mechanisms: Mechanisms,
    requests: u64,
}

/// The circumstances of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) at: Micros,
    /// Whether the node may answer by its lease.
    pub(crate) may_serve: bool,
}

impl Host {
    pub(crate) fn new(incarnation: Incarnation, mechanisms: Mechanisms, life: u64) -> Self {
        Self { incarnation, rooms: BTreeMap::new(), mechanisms, requests: life << 32 }
    }

    pub(crate) fn listens(&self, to: Address) -> bool {
        self.heard(to).next().is_some()
    }

    fn heard(&self, to: Address) -> impl Iterator<Item = (Shard, Epoch)> {
        let by_owner = self.mechanisms.has(Mechanism::OwnerInSubject);
        let own = self.incarnation;
        self.rooms.keys().copied().filter(move |(shard, epoch)| {
            *shard == to.shard && (!by_owner || (*epoch == to.epoch && own == to.incarnation))
        })
    }

    /// Whether it would answer for the shard from memory.
    pub(crate) fn answers(&self, shard: Shard) -> bool {
        let of = |(key, room): (&(Shard, Epoch), &Room)| {
            key.0 == shard && matches!(room.mode, Mode::Serving | Mode::Draining)
        };
        self.rooms.iter().any(of)
    }

    pub(crate) fn tell(&mut self, shard: Shard, task: &Task, now: Now, out: &mut Vec<Doing>) {
        let (Task::Listen(epoch)
        | Task::Serve(epoch)
        | Task::Drain(epoch)
        | Task::Close(epoch)
        | Task::Stop(epoch)
        | Task::Forward(epoch, _)) = task;
        let key = (shard, *epoch);
        let fence = Fence::new(*epoch, self.incarnation).with(self.mechanisms);
        let room = self.rooms.entry(key).or_insert_with(|| Room {
            mode: Mode::Listening,
            kept: VecDeque::new(),
            actors: BTreeMap::new(),
            fence,
        });
        match task {
            Task::Listen(_) => {}
            Task::Serve(_) => {
                room.mode = Mode::Serving;
                let actors: Vec<_> = room.actors.keys().copied().collect();
                let kept = std::mem::take(&mut room.kept);
                kept.into_iter().for_each(|mail| self.enter(key, mail, now, out));
                actors.into_iter().for_each(|actor| self.next(key, actor, now, out));
            }
            Task::Drain(_) => {
                room.mode = Mode::Draining;
                self.look_drained(key, out);
            }
            Task::Close(_) => room.mode = Mode::Closed,
            Task::Forward(epoch, to) => {
                room.mode = Mode::Closed;
                let next = Epoch::new(epoch.number() + 1);
                // Not a copy of what it has refused: the next owner knows nothing of that, and may not refuse it.
                room.give_up(|mail, is_rejected| match to {
                    Some(Identity { incarnation, .. }) if !is_rejected => {
                        Doing::Send(Address { shard, epoch: next, incarnation: *incarnation }, mail)
                    }
                    _ => Doing::Answer(mail, Reply::Moved),
                })
                .for_each(|doing| out.push(doing));
            }
            Task::Stop(_) => {
                room.give_up(|mail, _| Doing::Answer(mail, Reply::Moved)).for_each(|doing| out.push(doing));
                self.rooms.remove(&key);
            }
        }
    }

    pub(crate) fn mail(&mut self, to: Address, mail: Mail, now: Now, out: &mut Vec<Doing>) {
        let keys: Vec<_> = self.heard(to).collect();
        keys.into_iter().for_each(|key| self.enter(key, mail, now, out));
    }

    fn enter(&mut self, key: (Shard, Epoch), mail: Mail, now: Now, out: &mut Vec<Doing>) {
        let Some(room) = self.rooms.get_mut(&key) else { return };
        match room.mode {
            Mode::Closed => out.push(Doing::Answer(mail, Reply::Moved)),
            Mode::Listening | Mode::Draining if room.kept.len() < MAILBOX => room.kept.push_back(mail),
            Mode::Serving if !now.may_serve => out.push(Doing::Answer(mail, Reply::Moved)),
            Mode::Serving => {
                let actor = room.actors.entry(mail.command.actor).or_default();
                if actor.queue.len() >= MAILBOX {
                    out.push(Doing::Answer(mail, Reply::Overloaded));
                    return;
                }
                actor.queue.push_back(mail);
                self.next(key, mail.command.actor, now, out);
            }
            _ => out.push(Doing::Answer(mail, Reply::Overloaded)),
        }
    }

    /// Begins the next turn of an actor that has none.
    fn next(&mut self, key: (Shard, Epoch), actor: usize, now: Now, out: &mut Vec<Doing>) {
        let Some(room) = self.rooms.get_mut(&key).filter(|room| room.mode == Mode::Serving) else {
            return self.look_drained(key, out);
        };
        let Some(actor_) = room.actors.get_mut(&actor).filter(|actor| actor.turn.is_none()) else { return };
        let Some(mail) = actor_.queue.pop_front() else { return };
        actor_.turn = Some(Turn { mail, request: 0, has_claimed: false, since: now.at, stores: None });
        self.go_on(key, actor, now, out);
    }

    fn look_drained(&mut self, key: (Shard, Epoch), out: &mut Vec<Doing>) {
        let Some(room) = self.rooms.get(&key).filter(|room| room.mode == Mode::Draining) else { return };
        if room.actors.values().all(|actor| actor.turn.is_none()) {
            out.push(Doing::Drained(key.0, key.1));
        }
    }

    /// Goes on with a turn: loads, looks at the head, decides.
    fn go_on(&mut self, key: (Shard, Epoch), number: usize, now: Now, out: &mut Vec<Doing>) {
        self.requests += 1;
        let request = self.requests;
        let Some(room) = self.rooms.get_mut(&key) else { return };
        let Some(actor) = room.actors.get_mut(&number) else { return };
        let Some(turn) = actor.turn.as_mut() else { return };
        (turn.request, turn.since, turn.stores) = (request, now.at, None);
        let mail = turn.mail;
        if now.at >= mail.deadline {
            actor.told = None;
            return self.finish(key, number, None, now, out);
        }
        let Some(told) = &actor.told else {
            out.push(Doing::Load { actor: number, request, at_leader: actor.was_loaded });
            actor.was_loaded = true;
            return;
        };
        let held = room.fence.look(told.head);
        let by_memory = now.may_serve && room.mode != Mode::Closed;
        if let Held::Fenced { .. } = held {
            room.mode = Mode::Closed;
            return self.finish(key, number, Some(Reply::Moved), now, out);
        }
        if let Some(version) = told.known.get(&mail.command.id) {
            let version = *version;
            return self.finish(key, number, Some(Reply::Stored(version)), now, out);
        }
        let event = match mail.command.kind {
            Kind::Add(change) if LIMITS.contains(&(told.value + change)) => {
                (!actor.rejected.contains(&mail.command.id)).then_some((mail.command, told.version + 1))
            }
            _ => None,
        };
        let must_claim = room.fence.claims_before_answer(held)
            || (mail.command.kind == Kind::ReadLinearizable && !turn.has_claimed);
        if event.is_some() || must_claim {
            let expected = self.mechanisms.has(Mechanism::ExpectedSequence).then_some(told.sequence);
            let Fence { epoch, incarnation, .. } = room.fence;
            turn.stores = Some(told.version + u64::from(event.is_some()));
            turn.has_claimed |= event.is_none();
            out.push(Doing::Store(Append { actor: number, expected, epoch, incarnation, event, request }));
            return;
        }
        let reply = match mail.command.kind {
            _ if !by_memory => Reply::Moved,
            Kind::Add(_) => {
                actor.rejected.insert(mail.command.id);
                Reply::Rejected(told.version)
            }
            Kind::Read | Kind::ReadLinearizable => Reply::Answer(told.version),
        };
        if reply != Reply::Moved {
            out.push(Doing::Answered(number, room.fence.epoch));
        }
        self.finish(key, number, Some(reply), now, out);
    }

    fn finish(
        &mut self,
        key: (Shard, Epoch),
        number: usize,
        reply: Option<Reply<u64>>,
        now: Now,
        out: &mut Vec<Doing>,
    ) {
        let actor = self.rooms.get_mut(&key).and_then(|room| room.actors.get_mut(&number));
        if let (Some(turn), Some(reply)) = (actor.and_then(|actor| actor.turn.take()), reply) {
            out.push(Doing::Answer(turn.mail, reply));
        }
        self.next(key, number, now, out);
    }

    fn waiting(&mut self, number: usize, request: u64) -> Option<(Shard, Epoch)> {
        let is_it = |room: &Room| {
            room.actors.get(&number).and_then(|actor| actor.turn).is_some_and(|turn| turn.request == request)
        };
        self.rooms.iter().find(|(_, room)| is_it(room)).map(|(key, _)| *key)
    }

    pub(crate) fn loaded(&mut self, number: usize, request: u64, told: Told, now: Now, out: &mut Vec<Doing>) {
        let Some(key) = self.waiting(number, request) else { return };
        if let Some(actor) = self.rooms.get_mut(&key).and_then(|room| room.actors.get_mut(&number)) {
            actor.told = Some(told);
        }
        self.go_on(key, number, now, out);
    }

    pub(crate) fn stored(&mut self, append: &Append, sequence: Option<u64>, now: Now, out: &mut Vec<Doing>) {
        let Some(key) = self.waiting(append.actor, append.request) else { return };
        let Some(room) = self.rooms.get_mut(&key) else { return };
        let Some(actor) = room.actors.get_mut(&append.actor) else { return };
        let (Some(sequence), Some(told)) = (sequence, actor.told.as_mut()) else {
            // Somebody was first: load again, and look at the head again.
            actor.told = None;
            return self.go_on(key, append.actor, now, out);
        };
        told.sequence = sequence;
        let (epoch, incarnation) = (append.epoch, Some(append.incarnation));
        told.head = Some(aether_cluster::protocol::HeadMark { epoch, incarnation });
        let Some((command, version)) = append.event else { return self.go_on(key, append.actor, now, out) };
        told.version = version;
        told.value += change(command.kind);
        told.known.insert(command.id, version);
        self.finish(key, append.actor, Some(Reply::Stored(version)), now, out);
    }

    /// Loads again where an answer of the log is late.
    pub(crate) fn tick(&mut self, patience: Micros, now: Now, out: &mut Vec<Doing>) {
        let late: Vec<_> = self
            .rooms
            .iter()
            .flat_map(|(key, room)| room.actors.iter().map(|(number, actor)| (*key, *number, actor)))
            .filter(|(_, _, actor)| actor.turn.is_some_and(|turn| now.at >= turn.since + patience))
            .map(|(key, number, _)| (key, number))
            .collect();
        for (key, number) in late {
            if let Some(actor) = self.rooms.get_mut(&key).and_then(|room| room.actors.get_mut(&number)) {
                actor.told = None;
            }
            self.go_on(key, number, now, out);
        }
    }
}

impl Room {
    /// Everything that no turn has begun, each with whether it is a copy of something refused.
    fn give_up(&mut self, with: impl Fn(Mail, bool) -> Doing) -> impl Iterator<Item = Doing> {
        let queued = self.actors.values_mut().flat_map(|actor| std::mem::take(&mut actor.queue));
        let mails: Vec<_> = queued.chain(std::mem::take(&mut self.kept)).collect();
        let is_rejected = |mail: &Mail| {
            let actor = self.actors.get(&mail.command.actor);
            actor.is_some_and(|actor| actor.rejected.contains(&mail.command.id))
        };
        mails.into_iter().map(|mail| with(mail, is_rejected(&mail))).collect::<Vec<_>>().into_iter()
    }
}
