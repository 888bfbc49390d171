//! Askers at each place of a town, who note what they were told, and what the log says of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aether_cluster::testing::{CounterCommand, CounterReply};
use aether_core::{ActorId, CommandId, EventStoreExt, Version};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::site::until;
use crate::town::{Place, Town};

const ACTORS: usize = 64;
const ASKERS_AT_EACH: usize = 4;

/// Askers who go on until they are told to stop.
pub(crate) struct Load {
    noted: Arc<Noted>,
    askers: JoinSet<()>,
}

/// What was asked and answered.
struct Noted {
    actors: Vec<ActorId>,
    /// By actor: the latest version that somebody was told, before which nobody may be told again.
    floors: Vec<AtomicU64>,
    /// By actor: the version at which each command was acknowledged.
    added: Vec<Mutex<HashMap<CommandId, u64>>>,
    errors: Mutex<Vec<String>>,
    answers: AtomicU64,
    longest: AtomicU64,
    is_over: AtomicBool,
}

impl Load {
    pub(crate) fn start(town: &Town) -> Self {
        let noted = Arc::new(Noted {
            actors: (0..ACTORS).map(|number| ActorId::new(format!("counter-{number}")).unwrap()).collect(),
            floors: (0..ACTORS).map(|_| AtomicU64::new(0)).collect(),
            added: (0..ACTORS).map(|_| Mutex::default()).collect(),
            errors: Mutex::default(),
            answers: AtomicU64::new(0),
            longest: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let mut askers = JoinSet::new();
        for place in town.places().iter().flat_map(|place| std::iter::repeat_n(place, ASKERS_AT_EACH)) {
            askers.spawn(Arc::clone(&noted).ask_on(place.clone()));
        }
        Self { noted, askers }
    }

    /// Waits until so many more were answered.
    pub(crate) async fn goes_on(&self, more: u64) {
        let from = self.noted.answers.load(Ordering::Relaxed);
        let errors = || self.noted.errors.lock().unwrap().clone();
        let is_so = || self.noted.answers.load(Ordering::Relaxed) >= from + more || !errors().is_empty();
        until("askers are answered", is_so).await;
        assert_eq!(errors(), Vec::<String>::new());
    }

    /// Ends the load. No asker was told an error, and the log has each command once, where its asker was told.
    pub(crate) async fn ends_well(mut self, town: &Town) {
        self.noted.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.askers.join_next().await {
            ended.unwrap();
        }
        let Noted { errors, answers, longest, .. } = &*self.noted;
        let longest = Duration::from_micros(longest.load(Ordering::Relaxed));
        println!("{} answers, the longest ask took {longest:?}", answers.load(Ordering::Relaxed));
        assert_eq!(*errors.lock().unwrap(), Vec::<String>::new());
        let store = town.store().await;
        for (actor, added) in self.noted.actors.iter().zip(&self.noted.added) {
            let events = store.read_all(actor, Version::FIRST).await.unwrap();
            let stored: Vec<_> = events
                .iter()
                .map(|event| (event.event().command_id().unwrap().clone(), event.version().number()))
                .collect();
            let mut told: Vec<_> = std::mem::take(&mut *added.lock().unwrap()).into_iter().collect();
            told.sort_by_key(|(_, version)| *version);
            assert_eq!(stored, told, "{actor}");
        }
    }
}

impl Noted {
    async fn ask_on(self: Arc<Self>, place: Place) {
        while !self.is_over.load(Ordering::Relaxed) {
            if let Some(node) = place.node() {
                let number = fastrand::usize(..ACTORS);
                let begun = Instant::now();
                if let Err(error) = self.ask(&node, number).await {
                    let error = format!("at {}, of {}: {error}", place.id, self.actors[number]);
                    self.errors.lock().unwrap().push(error);
                }
                let took = u64::try_from(begun.elapsed().as_micros()).unwrap();
                self.longest.fetch_max(took, Ordering::Relaxed);
                self.answers.fetch_add(1, Ordering::Relaxed);
            }
            // The load is steady, not the heaviest that there could be.
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn ask(&self, node: &aether_cluster::Cluster, number: usize) -> Result<(), String> {
        let (actor, floor) = (&self.actors[number], &self.floors[number]);
        let at_least = floor.load(Ordering::SeqCst);
        let adds = fastrand::u8(..4) != 0;
        let command = if adds { CounterCommand::Add(1) } else { CounterCommand::Read };
        let id = CommandId::generate();
        let asked = node.route(actor, &command).id(id.clone()).ask::<CounterReply>().await;
        let reply = asked.map_err(|error| error.to_string())?;
        if reply.version < at_least + u64::from(adds) {
            return Err(format!("{reply:?} came after version {at_least} was acknowledged"));
        }
        floor.fetch_max(reply.version, Ordering::SeqCst);
        if adds {
            self.added[number].lock().unwrap().insert(id, reply.version);
        }
        Ok(())
    }
}
