//! Subscriptions of the reference store: all events in order, looked for again whenever something was stored.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use aether_core::error::HistoryRewound;
use aether_core::subscription::{ActorFilter, Step};
use aether_core::{
    Checkpoint, Event, Filter, Position, RecordedEvent, StartAt, Subscribe, Subscription, SubscriptionError,
};
use futures_util::stream;
use tokio::sync::watch;

use super::store::Data;
use super::{Mutation, ReferenceStore};

type Place = (u64, u32);

/// How far behind a reader may be that one mutation cuts.
const BEHIND: usize = 100;

/// One reader.
struct Follow {
    data: Arc<Mutex<Data>>,
    latest: watch::Receiver<u64>,
    filter: Filter,
    removed: Option<Mutation>,
    /// The place of the last event that was read; `None` before the first look, from now on.
    passed: Option<Place>,
    /// The last sequence of history, until it is read.
    history: Option<u64>,
    steps: VecDeque<Step>,
}

impl Subscribe for ReferenceStore {
    async fn subscribe(&self, filter: Filter, start: StartAt) -> Result<Subscription, SubscriptionError> {
        if Mutation::Hangs.is(self.removed) {
            std::future::pending::<()>().await;
        }
        let (from, follow) = self.begin(&filter, start)?;
        let asleep = Mutation::SubscriptionsAsleep.is(self.removed);
        let steps = stream::unfold(follow, move |mut follow| async move {
            loop {
                if let Some(step) = follow.steps.pop_front() {
                    return Some((Ok(step), follow));
                }
                if !follow.look() && (asleep || follow.latest.changed().await.is_err()) {
                    std::future::pending::<()>().await;
                }
            }
        });
        let ours = self.removed.is_some_and(filters);
        let filter = if ours { Filter::any() } else { filter };
        let data = Arc::clone(&self.data);
        let end = move || Some(data.lock().unwrap_or_else(PoisonError::into_inner).sequence());
        Ok(Subscription::new(filter, &from, steps).with_end(end))
    }
}

/// Says whether the filter is applied here, and wrongly.
fn filters(removed: Mutation) -> bool {
    use Mutation::{CheckpointsStay, FiltersForgotten, FiltersLossy, FiltersMatchPrefixes};
    matches!(removed, FiltersForgotten | FiltersMatchPrefixes | FiltersLossy | CheckpointsStay)
}

impl ReferenceStore {
    fn begin(&self, filter: &Filter, start: StartAt) -> Result<(Checkpoint, Follow), SubscriptionError> {
        let data = self.lock();
        let (end, before) = (data.sequence(), |sequence| (sequence, 0));
        let (from, passed) = match start {
            StartAt::After(checkpoint) => (checkpoint.clone(), self.resumed(&data, &checkpoint)?),
            StartAt::Time(time) if Mutation::TimesOfWriters.is(self.removed) => {
                let first = data.in_order().into_iter().find(|event| event.timestamp() >= time);
                (Checkpoint::default(), first.map_or(before(end + 1), |event| before(event.sequence())))
            }
            StartAt::Time(time) => (until(data.since(time) - 1), before(data.since(time))),
            StartAt::Now if !Mutation::NowIsBeginning.is(self.removed) => (until(end), before(end + 1)),
            _ => (Checkpoint::default(), before(0)),
        };
        let late = Mutation::NowIsLate.is(self.removed) && from == until(end);
        let mut follow = Follow {
            latest: data.watch(),
            data: Arc::clone(&self.data),
            filter: filter.clone(),
            removed: self.removed,
            passed: Some(passed).filter(|_| !late),
            history: Some(end),
            steps: VecDeque::new(),
        };
        if Mutation::MarkFirst.is(self.removed) {
            follow.steps.push_back(Step::CaughtUp);
        }
        Ok((from, follow))
    }

    /// Returns the first place behind a checkpoint.
    fn resumed(&self, data: &Data, checkpoint: &Checkpoint) -> Result<Place, SubscriptionError> {
        let Some(position) = checkpoint.positions().next() else {
            return Ok((0, 0));
        };
        let place = (position.sequence(), position.index());
        let there = data.in_order().into_iter().find(|event| (event.sequence(), event.index()) == place);
        let id = there.as_ref().map(|event| event.id());
        let same = position.event_id().is_none_or(|wanted| Some(wanted) == id);
        if (!same || place.0 > data.sequence()) && !Mutation::LineagesUnchecked.is(self.removed) {
            let found = id.map(ToString::to_string);
            return Err(Box::new(HistoryRewound { position: position.clone(), found }).into());
        }
        Ok(match self.removed {
            Some(Mutation::CommitsResumedAfter) => (place.0 + 1, 0),
            Some(Mutation::CommitsResumedWhole) => (place.0, 0),
            _ => place.1.checked_add(1).map_or((place.0 + 1, 0), |next| (place.0, next)),
        })
    }
}

/// Returns the checkpoint that covers everything up to a sequence.
fn until(sequence: u64) -> Checkpoint {
    let whole = (sequence > 0).then(|| Position::new(0, sequence, u32::MAX, None));
    whole.into_iter().collect::<Vec<_>>().into()
}

impl Follow {
    /// Looks for what comes next; returns whether there is anything.
    fn look(&mut self) -> bool {
        let data = Arc::clone(&self.data);
        let data = data.lock().unwrap_or_else(PoisonError::into_inner);
        self.latest.mark_unchanged();
        let from = *self.passed.get_or_insert((data.sequence() + 1, 0));
        let mut events = data.in_order();
        events.retain(|event| (event.sequence(), event.index()) >= from);
        let history = self.history.take();
        let caught_up = history.is_some();
        let (old, new): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| history.is_some_and(|end| event.sequence() <= end));
        let repeated = old.last().cloned();
        self.say(old);
        if caught_up {
            self.mark(repeated);
        }
        if !(caught_up && Mutation::HandOverSkips.is(self.removed)) {
            self.say(new);
        }
        self.passed = Some((data.sequence() + 1, 0));
        if !Mutation::CheckpointsStay.is(self.removed) && from.0 <= data.sequence() {
            self.steps.push_back(Step::Passed(Position::new(0, data.sequence(), u32::MAX, None)));
        }
        !self.steps.is_empty()
    }

    fn mark(&mut self, last: Option<RecordedEvent>) {
        if !Mutation::MarkForgotten.is(self.removed) {
            self.steps.push_back(Step::CaughtUp);
        }
        if Mutation::HandOverRepeats.is(self.removed) {
            self.steps.extend(last.map(|event| Step::Event(elsewhere(event))));
        }
    }

    fn say(&mut self, mut events: Vec<RecordedEvent>) {
        match self.removed {
            Some(Mutation::SubscriptionsUnordered) => {
                // Each at a place of its own, so that it is not known for one that was passed.
                events.reverse();
                events = (1..)
                    .zip(events)
                    .map(|(n, event)| RecordedEvent::new(event.into_event(), n, 1, 0))
                    .collect();
            }
            Some(Mutation::SlowReadersCut) if self.history.is_none() && events.len() > BEHIND => {
                events.drain(..events.len() - BEHIND);
            }
            Some(removed) if filters(removed) => events.retain(|event| self.lets_through(event)),
            _ => {}
        }
        if Mutation::CommitsResumedWhole.is(self.removed) {
            events = events
                .into_iter()
                .map(|event| if event.index() == 0 { event } else { elsewhere(event) })
                .collect();
        }
        self.steps.extend(events.into_iter().map(Step::Event));
    }

    fn lets_through(&self, event: &Event) -> bool {
        let types = self.filter.types();
        match self.removed {
            Some(Mutation::FiltersForgotten) => true,
            Some(Mutation::FiltersMatchPrefixes) => {
                let begins = |wanted: &aether_core::EventType| {
                    event.event_type().as_str().starts_with(wanted.as_str())
                };
                let actor = match self.filter.actors() {
                    ActorFilter::Type(wanted) => event.actor().actor_type().starts_with(wanted.as_str()),
                    _ => self.filter.takes_actor(event.actor()),
                };
                actor && types.is_none_or(|types| types.iter().any(begins))
            }
            Some(Mutation::FiltersLossy) => {
                let lossy = |id: &str| id.replace(['.', ' ', '*', '>'], "_");
                let actor = match self.filter.actors() {
                    ActorFilter::Actor(wanted) => lossy(event.actor().as_str()) == lossy(wanted.as_str()),
                    _ => self.filter.takes_actor(event.actor()),
                };
                actor && self.filter.takes_type(event.event_type())
            }
            _ => self.filter.matches(event),
        }
    }
}

/// Returns the event as if it lay in another partition.
fn elsewhere(event: RecordedEvent) -> RecordedEvent {
    let (sequence, index) = (event.sequence(), event.index());
    RecordedEvent::new(event.into_event(), 1, sequence, index)
}
