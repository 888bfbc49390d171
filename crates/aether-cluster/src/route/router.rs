//! Asks from this node: where their answers arrive, and what they need on their way.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aether_core::ActorId;
use async_nats::{Client, Subject};
use tokio::task::AbortHandle;

use super::inbox::Inbox;
use super::message::Route;
use super::settings::RouteSettings;
use crate::clock::Clock;
use crate::meter::AskMeter;
use crate::owners::Owners;
use crate::placement::{Shard, ShardCount};
use crate::protocol::{Address, Identity};
use crate::rooms::Rooms;
use crate::subjects::Subjects;

/// Sends messages to the owners of actors. Clones are handles of the same one.
#[derive(Clone)]
pub(crate) struct Router(Arc<Inner>);

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) subjects: Subjects,
    pub(super) me: Identity,
    pub(super) shards: ShardCount,
    pub(super) clock: Clock,
    pub(super) owners: Arc<dyn Owners>,
    pub(super) rooms: Rooms,
    pub(super) settings: RouteSettings,
    pub(super) inbox: Arc<Inbox>,
    pub(super) meter: AskMeter,
    /// Where each shard's owner listened when it was last asked: to write a subject takes longer than to look it up.
    written: Mutex<HashMap<Shard, (Address, Subject)>>,
    listener: AbortHandle,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").finish_non_exhaustive()
    }
}

/// Says why there is no router: the client is closed.
#[derive(Debug, thiserror::Error)]
#[error("the client is closed: connect another one")]
pub(crate) struct RouterError;

impl Router {
    /// Subscribes to the answers.
    #[expect(clippy::too_many_arguments, reason = "called once, by what puts a node together")]
    pub(crate) async fn open(
        client: Client,
        subjects: Subjects,
        me: Identity,
        shards: ShardCount,
        clock: Clock,
        owners: Arc<dyn Owners>,
        rooms: Rooms,
        settings: RouteSettings,
    ) -> Result<Self, RouterError> {
        let inbox = Inbox::new(&client);
        let answers = client.subscribe(inbox.subjects()).await.map_err(|_| RouterError)?;
        let listener = tokio::spawn(Arc::clone(&inbox).listen(answers)).abort_handle();
        let (meter, written) = (AskMeter::new(super::drive::ENDS), Mutex::default());
        Ok(Self(Arc::new(Inner {
            client,
            subjects,
            me,
            shards,
            clock,
            owners,
            rooms,
            settings,
            inbox,
            meter,
            written,
            listener,
        })))
    }

    /// A message on its way to the owner of an actor.
    pub(crate) fn route<'a, M: ?Sized>(&'a self, actor: &'a ActorId, message: &'a M) -> Route<'a, M> {
        Route::new(&self.0, actor, message)
    }

    /// Ends all asks, and takes no more.
    pub(crate) fn stop(&self) {
        self.0.stop();
    }

    #[cfg(all(test, feature = "testing"))]
    pub(crate) fn waiting(&self) -> usize {
        self.0.inbox.len()
    }
}

impl Inner {
    pub(super) fn subject(&self, to: Address) -> Subject {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        match written.get(&to.shard) {
            Some((known, subject)) if *known == to => subject.clone(),
            _ => {
                let subject: Subject = self.subjects.route(to).into();
                written.insert(to.shard, (to, subject.clone()));
                subject
            }
        }
    }

    fn stop(&self) {
        self.inbox.close();
        self.listener.abort();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}
