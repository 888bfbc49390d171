//! Starting a member of a group.

use std::sync::Arc;
use std::time::Duration;

use aether_core::key_value::Revision;
use aether_core::{
    Checkpoint, EventId, EventStore, Filter, KeyValue, KeyValueError, RetryPolicy, StartAt, Subscribe,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::handler::Handler;
use super::keeper::Keeper;
use super::member::{Member, Options};
use super::record::{GroupRecord, Keys, SliceRecord, read, write};
use super::state::Shared;
use super::{Group, GroupError, lane, reader};

/// The most slices of a group.
const MOST_SLICES: u32 = 1_024;
/// The most lanes of a member.
const MOST_LANES: usize = 256;
/// The most events on the way to a lane.
const LANE: usize = 256;

/// Says what a member of a group is to be like.
#[derive(Debug)]
pub struct GroupBuilder<S, K> {
    store: S,
    keys: K,
    start: StartAt,
    options: Options,
}

impl<S: EventStore + Subscribe, K: KeyValue + Clone> GroupBuilder<S, K> {
    pub(crate) fn new(store: S, keys: K, name: &str) -> Self {
        let options = Options {
            name: name.to_owned(),
            slices: 8,
            lanes: 4,
            filter: Filter::any(),
            lease: Duration::from_secs(5),
            record_every: Duration::from_millis(100),
            retry: RetryPolicy::default()
                .attempts(5)
                .delays(Duration::from_millis(100), Duration::from_secs(10)),
            patience: Duration::from_secs(30),
        };
        Self { store, keys, start: StartAt::Beginning, options }
    }

    /// Divides the actors into so many slices (8), 1 to 1,024: as many members can share the work. It is fixed with the
    /// group's first member.
    #[must_use]
    pub fn slices(mut self, slices: u32) -> Self {
        self.options.slices = slices;
        self
    }

    /// Handles the events of so many actors at a time in this member (4), 1 to 256.
    #[must_use]
    pub fn lanes(mut self, lanes: usize) -> Self {
        self.options.lanes = lanes;
        self
    }

    /// Handles only what the filter lets through (everything). All members say the same.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.options.filter = filter;
        self
    }

    /// Has the group begin here (the beginning): said with its first member, from then on it goes on where it is.
    #[must_use]
    pub fn start_at(mut self, start: StartAt) -> Self {
        self.start = start;
        self
    }

    /// Has a slice's holder be taken for gone after so long without a sign of life (5 s), which it gives three times as
    /// often. Shorter finds it out sooner; longer than any pause that the processes make.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.options.lease = lease;
        self
    }

    /// Writes down how far the slices have come so often (100 ms), where they have: what was handled since is handled again
    /// after a member has ended without a word.
    #[must_use]
    pub fn record_every(mut self, period: Duration) -> Self {
        self.options.record_every = period;
        self
    }

    /// Calls the handler so often, and after so long, for an event that it cannot handle (5 times, after 0.1 to 10 s),
    /// before the event's actor is parked.
    #[must_use]
    pub fn attempts(mut self, retry: RetryPolicy) -> Self {
        self.options.retry = retry;
        self
    }

    /// Takes a handler that gives no sign for so long (30 s) for failed, and drops its future.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.options.patience = patience;
        self
    }

    /// Starts the member. It takes its share of the slices, now or as soon as others give them up.
    ///
    /// # Errors
    ///
    /// [`GroupError`], whose variants say what to do.
    pub async fn start<H: Handler>(self, handler: H) -> Result<Group<S, K, H>, GroupError> {
        self.check()?;
        let Self { store, keys, start, options } = self;
        let names = Keys::new(&options.name);
        let first = SliceRecord {
            checkpoint: agree(&store, &keys, &names, start, &options).await?,
            ..SliceRecord::new()
        };
        let id = EventId::generate().to_string();
        let member = Member { store, keys, handler, names, id, shared: Shared::default(), options };
        let member = Arc::new(member);
        let (lanes, queues): (Vec<_>, Vec<_>) =
            (0..member.options.lanes).map(|_| mpsc::channel(LANE)).unzip();
        let mut tasks: Vec<_> =
            queues.into_iter().map(|queue| tokio::spawn(lane::run(Arc::clone(&member), queue))).collect();
        tasks.push(tokio::spawn(reader::run(Arc::clone(&member), lanes)));
        #[cfg(feature = "metrics")]
        tasks.push({
            let member = Arc::clone(&member);
            tokio::spawn(crate::meter::group(member.options.name.clone(), move || member.status()))
        });
        let keeper = tokio::spawn(Keeper::new(Arc::clone(&member), first).run());
        Ok(Group::new(member, keeper, tasks))
    }

    fn check(&self) -> Result<(), GroupError> {
        let wrong = |what, found: String, expected| Err(GroupError::Option { what, found, expected });
        let options = &self.options;
        if options.name.is_empty() || options.name.len() > 256 {
            return wrong("the length of the group's name", options.name.len().to_string(), "1 to 256 bytes");
        }
        if !(1..=MOST_SLICES).contains(&options.slices) {
            return wrong("the number of slices", options.slices.to_string(), "1 to 1024");
        }
        if !(1..=MOST_LANES).contains(&options.lanes) {
            return wrong("the number of lanes", options.lanes.to_string(), "1 to 256");
        }
        if options.lease < Duration::from_millis(30) || options.record_every.is_zero() {
            let found = format!("{:?} and {:?}", options.lease, options.record_every);
            return wrong(
                "the lease and the period of recording",
                found,
                "30 ms or more, and more than nothing",
            );
        }
        Ok(())
    }
}

/// What the first member writes down for all.
#[derive(Debug, Serialize, Deserialize)]
struct Agreed {
    #[serde(flatten)]
    group: GroupRecord,
    #[serde(default)]
    start: Checkpoint,
}

/// Agrees with the other members on the number of slices, and on where the group begins.
async fn agree<S: Subscribe, K: KeyValue>(
    store: &S,
    keys: &K,
    names: &Keys,
    start: StartAt,
    options: &Options,
) -> Result<Checkpoint, GroupError> {
    let key = names.group();
    loop {
        if let Some(entry) = keys.get(&key).await? {
            let agreed: Agreed = read(&key, &entry)?;
            let (wanted, found) = (options.slices, agreed.group.slices);
            if wanted != found {
                return Err(GroupError::Slices { group: options.name.clone(), wanted, found });
            }
            return Ok(agreed.start);
        }
        let begin = match &start {
            StartAt::Beginning => Checkpoint::default(),
            StartAt::After(checkpoint) => checkpoint.clone(),
            start => store.subscribe(options.filter.clone(), start.clone()).await?.checkpoint(),
        };
        let agreed = Agreed { group: GroupRecord { slices: options.slices }, start: begin };
        match keys.put(&key, write(&key, &agreed)?, Revision::NONE).await {
            // Read again: of several first members one has said it.
            Ok(_) | Err(KeyValueError::Conflict { .. } | KeyValueError::Unknown { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
