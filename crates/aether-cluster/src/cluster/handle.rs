//! The handle.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aether_core::{ActorId, Epoch};
use async_nats::Client;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use super::owners::Known;
use super::{
    ClusterBuilder, Counts, Events, Leader, LeaveError, Members, ShardPlaces, Status, Watching, status,
};
use crate::driver::{Board, Locals, Task, Told};
use crate::gate::Gate;
use crate::name::ClusterName;
use crate::owners::Owners;
use crate::placement::Shard;
use crate::protocol::{Ended, Identity, Input, Timeouts};
use crate::rooms::Rooms;
use crate::route::{Route, Router};

/// A node's place in its cluster. A clone is another handle on the same.
///
/// ```no_run
/// use aether_cluster::Cluster;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = async_nats::connect("nats://127.0.0.1:4222").await?;
/// let cluster = Cluster::builder(client, "orders".try_into()?).node("orders-1".try_into()?).join().await?;
/// println!("{} owns {} shards", cluster.me(), cluster.owned().len());
/// cluster.leave().await?;
/// # Ok(())
/// # }
/// ```
///
/// - What the views show may be old by the time that it takes a message to come. What follows from it is checked where it is
///   written.
/// - Dropping the last handle without [leaving](Self::leave) is a death: the node stops at once, writes nothing more, and is
///   declared dead after a lease.
/// - A node that was declared dead never is a member again. [`ended`](Self::ended) says so; join anew, which is another life.
#[derive(Debug, Clone)]
pub struct Cluster(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: ClusterName,
    pub(super) me: Identity,
    pub(super) board: Arc<Board>,
    pub(super) gate: Arc<Gate>,
    pub(super) known: Arc<Known>,
    pub(super) rooms: Rooms,
    pub(super) router: Router,
    pub(super) tell: Sender<Told>,
    pub(super) timeouts: Timeouts,
    /// Everything that runs for the node. It ends with this.
    pub(super) tasks: Mutex<Vec<Task>>,
}

impl Cluster {
    /// Says how to join the cluster of this name. Nodes of other names in the same account have nothing to do with it.
    #[must_use]
    pub fn builder(client: Client, name: ClusterName) -> ClusterBuilder {
        ClusterBuilder::new(client, name)
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(super) fn board(&self) -> &Board {
        &self.0.board
    }

    pub(super) fn known(&self) -> &Arc<Known> {
        &self.0.known
    }

    /// Returns this node, in this life.
    #[must_use]
    pub fn me(&self) -> &Identity {
        &self.0.me
    }

    /// Says whether this node may answer for what it owns: it is a member, and its lease lasts. False for a while means that it
    /// cannot renew its lease; false for ever that it has [ended](Self::ended).
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.0.gate.is_open()
    }

    /// Returns who is a member.
    #[must_use]
    pub fn members(&self) -> Members {
        self.board().members.borrow().clone()
    }

    /// Follows who is a member.
    #[must_use]
    pub fn watch_members(&self) -> Watching<Members> {
        Watching::new(self.board().members.subscribe(), |members| members)
    }

    /// Returns who leads; nobody just after a leader has resigned, and before there was one.
    #[must_use]
    pub fn leader(&self) -> Option<Leader> {
        self.board().leader.borrow().clone()
    }

    /// Follows who leads.
    #[must_use]
    pub fn watch_leader(&self) -> Watching<Option<Leader>> {
        Watching::new(self.board().leader.subscribe(), |leader| leader)
    }

    /// Returns who owns which shard, and is to.
    #[must_use]
    pub fn shard_map(&self) -> ShardPlaces {
        self.board().shards.borrow().clone()
    }

    /// Follows who owns which shard, and is to.
    #[must_use]
    pub fn watch_shard_map(&self) -> Watching<ShardPlaces> {
        Watching::new(self.board().shards.subscribe(), |shards| shards)
    }

    /// Returns who owns a shard and at which epoch, as far as this node knows.
    #[must_use]
    pub fn owner(&self, shard: Shard) -> Option<(Identity, Epoch)> {
        self.known().known(shard)
    }

    /// Looks at the leader of the bucket who owns a shard; without an answer, returns what this node knows. Cancel safe.
    pub async fn look_up_owner(&self, shard: Shard) -> Option<(Identity, Epoch)> {
        self.known().look(shard).await
    }

    /// A message for an actor, which goes to the node that owns it: this one or another.
    ///
    /// ```no_run
    /// # async fn example(cluster: aether_cluster::Cluster) -> Result<(), Box<dyn std::error::Error>> {
    /// use aether_core::ActorId;
    ///
    /// let order = ActorId::new("order-123")?;
    /// let total: u64 = cluster.route(&order, "total?").ask().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn route<'a, M: ?Sized>(&'a self, actor: &'a ActorId, message: &'a M) -> Route<'a, M> {
        self.0.router.route(actor, message)
    }

    /// Returns why the node is a member no more, if it is none: [`ended`](Self::ended) without waiting.
    #[must_use]
    pub fn has_ended(&self) -> Option<Ended> {
        *self.board().ended.borrow()
    }

    /// Returns the shards that this node owns, with the epochs at which it does. While it is not
    /// [serving](Self::is_serving) it must not answer for them.
    #[must_use]
    pub fn owned(&self) -> BTreeMap<Shard, Epoch> {
        owned(&self.board().locals.borrow())
    }

    /// Follows the shards that this node owns.
    #[must_use]
    pub fn watch_owned(&self) -> Watching<BTreeMap<Shard, Epoch>> {
        Watching::new(self.board().locals.subscribe(), |locals| owned(&locals))
    }

    /// Returns what happens from now on.
    #[must_use]
    pub fn events(&self) -> Events {
        Events::new(self.board().events.subscribe())
    }

    /// Waits until the node is a member no more, and says why. Cancel safe.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.board().ended.subscribe();
        let why = ended.wait_for(Option::is_some).await;
        // There is always one: the sender lives as long as this.
        why.ok().and_then(|why| *why).unwrap_or(Ended::Dead)
    }

    /// Gives its shards up, leaves, and ends. Shards that nobody is ready for are released after ten leases, so that it comes to an
    /// end also when it is the last one.
    ///
    /// # Errors
    ///
    /// See [`LeaveError`]. Whichever it is, the node has ended.
    ///
    /// # Cancel safety
    ///
    /// Once begun, leaving goes on as long as there is a handle.
    pub async fn leave(&self) -> Result<(), LeaveError> {
        // Fails when it has ended already: that is what is waited for.
        let _ = self.0.tell.send(Told::Input(Input::Leave)).await;
        let timeouts = &self.0.timeouts;
        let within = timeouts.leave + timeouts.drain + timeouts.acquire;
        let node = self.me().node.clone();
        match timeout(within, self.ended()).await {
            Ok(Ended::Left) => Ok(()),
            Ok(Ended::Dead) => Err(LeaveError::Dead { node }),
            Err(_) => {
                self.stop();
                Err(LeaveError::TimedOut { node, within })
            }
        }
    }

    /// Stops everything, as if the last handle were dropped.
    fn stop(&self) {
        self.0.stop();
        self.board().end(Ended::Dead);
    }

    /// Returns everything that this node knows of the cluster now.
    #[must_use]
    pub fn status(&self) -> Status {
        let places = self.shard_map();
        let (shards_by_owner, shards_without_owner) = status::by_owner(&places);
        Status {
            cluster: self.0.name.to_string(),
            me: self.me().clone(),
            is_serving: self.is_serving(),
            lease_left: self.0.gate.left(),
            leader: self.leader(),
            members: self.members(),
            shards_by_owner,
            shards_without_owner,
            migrations: status::migrations(&places, &self.board().locals.borrow()),
            counts: Counts::of(&self.board().counts),
        }
    }
}

impl Inner {
    /// Ends everything that runs for the node, the shards' host included.
    fn stop(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.rooms.stop();
        self.router.stop();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn owned(locals: &Locals) -> BTreeMap<Shard, Epoch> {
    locals.iter().filter_map(|(shard, local)| Some((*shard, local.epoch?))).collect()
}
