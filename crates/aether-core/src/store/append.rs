//! What an append says and what it returns; the pure parts that every store shares.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use crate::error::InvalidAppend;
use crate::id::InvalidText;
use crate::{ActorId, CommandId, Epoch, Event, NewEvent, Position, RecordedEvent, Version};

/// What a writer believes of an actor. The store refuses the append with a
/// [`Conflict`](crate::error::Conflict) when it is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The actor's latest version is exactly this one. `Exactly(Version::INITIAL)` is the same as `NoEvents`.
    Exactly(Version),
    /// The actor has no events.
    NoEvents,
    /// Nothing: the events follow whatever is there. Such a commit is never in conflict, and a repeated one cannot be
    /// recognized unless it is repeated with the expectation that
    /// [`UnknownOutcome`](crate::error::UnknownOutcome) carries.
    Any,
    /// The actor's latest version is lower than this one, which becomes the version of the first event: the rule of the
    /// Go original. Versions may skip numbers that way.
    Below(Version),
}

impl Expected {
    /// Returns the version of the first event if the actor is at `current` and that is what is expected.
    #[inline]
    #[must_use]
    pub fn first_version(self, current: Version) -> Option<Version> {
        match self {
            Self::Exactly(version) if version != current => None,
            Self::NoEvents if current != Version::INITIAL => None,
            Self::Below(version) => (current < version).then_some(version),
            Self::Exactly(_) | Self::NoEvents | Self::Any => current.next(),
        }
    }

    /// Says whether what is expected is there, but no version is left after it.
    #[must_use]
    pub fn overflows(self, current: Version) -> bool {
        let fits = matches!(self, Self::Any) || self == Self::Exactly(current);
        fits && current.next().is_none()
    }

    /// Returns the version that the first event is to have, where the expectation alone says it.
    #[must_use]
    pub fn attempted(self) -> Option<Version> {
        match self {
            Self::Exactly(version) => Some(version.next().unwrap_or(version)),
            Self::NoEvents => Some(Version::FIRST),
            Self::Below(version) => Some(version),
            Self::Any => None,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(version) => write!(f, "exactly version {version}"),
            Self::NoEvents => f.write_str("no events"),
            Self::Any => f.write_str("any version"),
            Self::Below(version) => write!(f, "a version below {version}"),
        }
    }
}

/// What may be said with an append beside its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AppendOptions {
    /// The epoch under which the writer owns the actor. Refused with [`Fenced`](crate::error::Fenced) when a higher one
    /// is in the history. A writer without one passes on what is there.
    pub epoch: Option<Epoch>,
    /// How long the store may try, from the call on; by default, what the store is configured for. When it has passed,
    /// the append is [`Unknown`](crate::AppendError::Unknown), or `Unavailable` if nothing was sent yet.
    pub deadline: Option<Duration>,
}

impl AppendOptions {
    /// Writes under `epoch`.
    #[must_use]
    pub fn epoch(self, epoch: Epoch) -> Self {
        Self { epoch: Some(epoch), ..self }
    }

    /// Gives up after `deadline`.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }
}

/// What may be said with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ClaimOptions {
    /// How long the store may try, as with [appends](AppendOptions::deadline).
    pub deadline: Option<Duration>,
    /// Whether the claim is written even if its epoch is there already.
    pub proves: bool,
}

impl ClaimOptions {
    /// Gives up after `deadline`.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Writes the claim even if its epoch is there already: success then proves that at some moment during the call
    /// nothing was newer than the head that it returns. A read proves no such thing, whoever answers it.
    #[must_use]
    pub fn prove(self) -> Self {
        Self { proves: true, ..self }
    }
}

/// Says what an append stored, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// The version that the actor has with the commit: that of its last event.
    pub version: Version,
    /// Where the last event lies.
    pub position: Position,
    /// The events as they are stored, in order; never none.
    pub events: Vec<RecordedEvent>,
    /// Whether an earlier call had stored the events already.
    pub already_stored: bool,
}

impl Commit {
    /// Makes a commit of its events, or nothing of none. For stores.
    #[inline]
    #[must_use]
    pub fn new(events: Vec<RecordedEvent>, already_stored: bool) -> Option<Self> {
        let last = events.last()?;
        Some(Self { version: last.version(), position: last.position(), events, already_stored })
    }
}

/// Checks what makes a commit impossible in any store: no events, an id twice, ids and types that cannot be written.
///
/// # Errors
///
/// [`InvalidAppend`] names the first fault.
#[inline]
pub fn check_commit(expected: Expected, events: &[NewEvent]) -> Result<(), InvalidAppend> {
    match events {
        // Most commits, without a set of ids.
        [event] if expected != Expected::Below(Version::INITIAL) => {
            check_texts(event).map_err(|source| InvalidAppend::Text { index: 0, source })
        }
        _ => check_all(expected, events),
    }
}

#[inline]
fn check_texts(event: &NewEvent) -> Result<(), InvalidText> {
    event.id().check_writable()?;
    event.event_type().check_writable()?;
    event.command_id().map_or(Ok(()), CommandId::check_writable)
}

fn check_all(expected: Expected, events: &[NewEvent]) -> Result<(), InvalidAppend> {
    if events.is_empty() {
        return Err(InvalidAppend::Empty);
    }
    if expected == Expected::Below(Version::INITIAL) {
        return Err(InvalidAppend::VersionZero);
    }
    for (index, event) in events.iter().enumerate() {
        check_texts(event).map_err(|source| InvalidAppend::Text { index, source })?;
    }
    let mut seen = HashSet::with_capacity(events.len());
    match events.iter().find(|event| !seen.insert(event.id())) {
        Some(event) => Err(InvalidAppend::DuplicateId(event.id().clone())),
        None => Ok(()),
    }
}

/// Numbers the events of a commit from `first` on.
///
/// # Errors
///
/// [`InvalidAppend::VersionOverflow`] when there are not so many versions.
pub fn number(actor: &ActorId, first: Version, events: Vec<NewEvent>) -> Result<Vec<Event>, InvalidAppend> {
    let count = events.len() as u64;
    if first.plus(count.saturating_sub(1)).is_none() {
        return Err(InvalidAppend::VersionOverflow { after: first.previous(), events: count });
    }
    let versions = std::iter::successors(Some(first), |version| version.next());
    // The vector first: its allocation becomes that of the result.
    Ok(events
        .into_iter()
        .zip(versions)
        .map(|(event, version)| Event::new(actor.clone(), version, event))
        .collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{EventId, EventType, RawJson};

    fn event(id: &str) -> NewEvent {
        NewEvent::new(EventType::new("T").unwrap(), RawJson::NULL).with_id(EventId::as_read(id))
    }

    proptest! {
        #[test]
        fn the_first_version_is_always_above_the_current_one(current in 0u64..9, expected in 0u64..9) {
            let (current, expected) = (Version::new(current).unwrap(), Version::new(expected).unwrap());
            for rule in [Expected::Exactly(expected), Expected::NoEvents, Expected::Any, Expected::Below(expected)] {
                if let Some(first) = rule.first_version(current) {
                    prop_assert!(first > current);
                    prop_assert!(rule.attempted().is_none_or(|attempted| attempted == first));
                }
            }
            prop_assert_eq!(Expected::Exactly(expected).first_version(current).is_some(), expected == current);
            prop_assert_eq!(Expected::Below(expected).first_version(current).is_some(), expected > current);
        }
    }

    #[test]
    fn impossible_commits_are_named() {
        assert_eq!(check_commit(Expected::Any, &[]), Err(InvalidAppend::Empty));
        let twice = check_commit(Expected::Any, &[event("a"), event("b"), event("a")]);
        assert_eq!(twice, Err(InvalidAppend::DuplicateId(EventId::as_read("a"))));
        let alone = check_commit(Expected::Any, &[event("")]);
        assert!(matches!(alone, Err(InvalidAppend::Text { index: 0, .. })));
        let empty = check_commit(Expected::Any, &[event("a"), event("")]);
        assert!(matches!(empty, Err(InvalidAppend::Text { index: 1, .. })));
        let zero = check_commit(Expected::Below(Version::INITIAL), &[event("a")]);
        assert_eq!(zero, Err(InvalidAppend::VersionZero));
        assert_eq!(check_commit(Expected::Any, &[event("a"), event("b")]), Ok(()));
    }

    #[test]
    fn versions_are_contiguous_and_never_wrap() {
        let actor = ActorId::new("a-1").unwrap();
        let events = number(&actor, Version::new(5).unwrap(), vec![event("a"), event("b")]).unwrap();
        let versions: Vec<_> = events.iter().map(|event| event.version().number()).collect();
        assert_eq!(versions, [5, 6]);
        assert!(number(&actor, Version::MAX, vec![event("a")]).is_ok());
        let error = number(&actor, Version::MAX, vec![event("a"), event("b")]).unwrap_err();
        assert_eq!(error, InvalidAppend::VersionOverflow { after: Version::MAX.previous(), events: 2 });
    }
}
