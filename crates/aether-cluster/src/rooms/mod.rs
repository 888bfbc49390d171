//! What runs in the shards that a node owns: a room for each shard and epoch. It keeps messages until the host serves, has them handled, keeps them
//! again while the shard moves, and sends them on.

mod control;
mod mail;
mod pace;
mod post;
mod rejected;
mod room;
mod settings;
mod shared;
mod state;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aether_core::Epoch;
use async_nats::Client;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::gate::Gate;
use crate::host::{Message, ShardHost};
use crate::meter::RoomMeter;
use crate::placement::Shard;
use crate::protocol::{Address, Identity, Task};
use crate::route::Place;
use crate::subjects::Subjects;
use mail::Seats;
use post::Post;
pub(crate) use settings::RoomSettings;
use shared::{Door, Shared};

/// The rooms of a node. Clones are handles of the same ones.
#[derive(Clone)]
pub(crate) struct Rooms(Arc<dyn Door>);

/// Says why there are no rooms: the client is closed.
#[derive(Debug, thiserror::Error)]
#[error("the client is closed: connect another one")]
pub(crate) struct RoomsError;

impl Rooms {
    /// Subscribes to what is sent to this incarnation, and starts the tasks. `drained` hears what has ended its turns.
    pub(crate) async fn open<H: ShardHost>(
        client: Client,
        subjects: Subjects,
        me: Identity,
        gate: Arc<Gate>,
        host: H,
        drained: mpsc::UnboundedSender<(Shard, Epoch)>,
    ) -> Result<Self, RoomsError> {
        Self::open_with(client, subjects, me, gate, host, drained, RoomSettings::default()).await
    }

    pub(crate) async fn open_with<H: ShardHost>(
        client: Client,
        subjects: Subjects,
        me: Identity,
        gate: Arc<Gate>,
        host: H,
        drained: mpsc::UnboundedSender<(Shard, Epoch)>,
        settings: RoomSettings,
    ) -> Result<Self, RoomsError> {
        let questions = client.subscribe(subjects.routes(me.incarnation)).await.map_err(|_| RoomsError)?;
        let (post, outgoing) = Post::new(client.clone(), subjects.clone());
        let shared = Arc::new(Shared {
            host: Arc::new(host),
            me,
            subjects,
            gate,
            settings,
            post,
            drained,
            runtime: Handle::current(),
            meter: RoomMeter::new(),
            rooms: RwLock::new(HashMap::new()),
            seats: Seats::default(),
            pace: pace::Pace::default(),
            malformed: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
            tasks: Mutex::default(),
        });
        // It ends when nothing is put any more: what was answered last is sent.
        tokio::spawn(post::run(client, outgoing));
        let reader = tokio::spawn(Arc::clone(&shared).listen(questions)).abort_handle();
        shared.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        Ok(Self(shared))
    }

    /// Carries out a task. It never waits; what one shard's ownership is told is in the order of these calls.
    #[expect(clippy::needless_pass_by_value, reason = "whoever has it needs it no more")]
    pub(crate) fn tell(&self, shard: Shard, task: Task) {
        Arc::clone(&self.0).tell(shard, &task);
    }

    /// Ends all rooms and tasks: the node is a member no more.
    pub(crate) fn stop(&self) {
        self.0.stop();
    }

    /// Takes a message of this node in, without the network.
    pub(crate) fn enter(&self, to: Address, message: Message, place: Place) {
        Arc::clone(&self.0).enter_here(to, message, place);
    }

    /// How many messages could not be read.
    pub(crate) fn malformed_messages(&self) -> u64 {
        self.0.malformed()
    }

    #[cfg(all(test, feature = "testing"))]
    pub(crate) fn kept(&self, shard: Shard, epoch: u64) -> usize {
        self.0.kept(shard, Epoch::new(epoch))
    }
}

impl fmt::Debug for Rooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms").field("malformed", &self.malformed_messages()).finish_non_exhaustive()
    }
}
