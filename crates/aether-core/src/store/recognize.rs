//! Telling one's own earlier append from somebody else's: the pure part that every store shares.

use crate::error::IdReused;
use crate::{ActorId, Event, NewEvent, Version};

/// What a stored commit is to the writer of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognized {
    /// Exactly the attempt, no more and no less: it was stored before.
    Ours,
    /// The attempt's ids, but not its content or not all of it.
    Reused(IdReused),
    /// Events of others: the attempt can never land there.
    Others,
    /// Nothing.
    Nothing,
}

/// Compares a stored commit with an attempt whose first event was to have the version `first`, where the attempt alone
/// says so.
///
/// One commit is stored whole and in its place, so that a repeated append is the whole commit there or it is another
/// append.
///
/// ```
/// use aether_core::store::{Recognized, recognize};
/// use aether_core::{ActorId, Event, NewEvent, RawJson, Version};
///
/// let actor = ActorId::new("order-1")?;
/// let placed = NewEvent::new("OrderPlaced".try_into()?, RawJson::NULL);
/// let stored = Event::new(actor.clone(), Version::FIRST, placed.clone());
/// assert_eq!(recognize(&actor, Some(Version::FIRST), &[stored], &[placed]), Recognized::Ours);
/// # Ok::<(), aether_core::id::InvalidText>(())
/// ```
#[must_use]
pub fn recognize(
    actor: &ActorId,
    first: Option<Version>,
    found: &[Event],
    attempt: &[NewEvent],
) -> Recognized {
    let Some(start) = found.first().map(Event::version) else { return Recognized::Nothing };
    let same = |event: &Event, ours: &NewEvent| event.id() == ours.id();
    let whole = found.len() == attempt.len() && first.is_none_or(|first| first == start);
    if whole && found.iter().zip(attempt).all(|(event, ours)| same(event, ours) && event.has_content(ours)) {
        return Recognized::Ours;
    }
    let reused = found.iter().find(|event| attempt.iter().any(|ours| same(event, ours)));
    reused.map_or(Recognized::Others, |event| {
        Recognized::Reused(IdReused {
            actor: actor.clone(),
            event_id: event.id().clone(),
            version: event.version(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventId, EventType, RawJson, Timestamp};

    fn event(id: &str, data: &str) -> NewEvent {
        let time: Timestamp = "2026-01-13T21:25:51Z".parse().unwrap();
        NewEvent::new(EventType::new("T").unwrap(), RawJson::parse(data.to_owned()).unwrap())
            .with_id(EventId::new(id).unwrap())
            .with_timestamp(time)
    }

    fn verdict(found: &[NewEvent], attempt: &[NewEvent]) -> Recognized {
        let actor = ActorId::new("a-1").unwrap();
        let stored: Vec<_> = (1..)
            .zip(found)
            .map(|(v, e)| Event::new(actor.clone(), Version::new(v).unwrap(), e.clone()))
            .collect();
        recognize(&actor, Some(Version::FIRST), &stored, attempt)
    }

    #[test]
    fn every_row_of_the_table() {
        let (a, b, x) = (event("a", "1"), event("b", "2"), event("x", "9"));
        assert_eq!(verdict(&[], &[a.clone()]), Recognized::Nothing);
        assert_eq!(verdict(&[a.clone()], &[a.clone()]), Recognized::Ours);
        assert_eq!(verdict(&[a.clone(), b.clone()], &[a.clone(), b.clone()]), Recognized::Ours);
        let longer = verdict(&[a.clone(), b.clone(), x.clone()], &[a.clone(), b.clone()]);
        assert!(matches!(longer, Recognized::Reused(_)));
        assert_eq!(verdict(&[x.clone()], &[a.clone()]), Recognized::Others);
        let changed = event("a", "2");
        assert!(matches!(verdict(&[changed], &[a.clone()]), Recognized::Reused(_)));
        assert!(matches!(verdict(&[a.clone()], &[a.clone(), b.clone()]), Recognized::Reused(_)));
        assert!(matches!(verdict(&[b.clone(), a.clone()], &[a.clone(), b]), Recognized::Reused(_)));
        let (actor, ninth) = (ActorId::new("a-1").unwrap(), Version::new(9).unwrap());
        let elsewhere = [Event::new(actor.clone(), ninth, a.clone())];
        let verdict_at = |first| recognize(&actor, first, &elsewhere, std::slice::from_ref(&a));
        assert!(matches!(verdict_at(Some(Version::FIRST)), Recognized::Reused(_)));
        assert_eq!((verdict_at(Some(ninth)), verdict_at(None)), (Recognized::Ours, Recognized::Ours));
    }
}
