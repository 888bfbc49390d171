//! Filters: which events of its namespaces a subscription is for.

use std::fmt;
use std::sync::Arc;

use aether_core::id::InvalidText;
use aether_core::{ActorId, ActorType, Event, EventType};

/// Says which events a subscription hands out, of those that are published to its namespaces.
///
/// Each call narrows; what is named in one call are alternatives.
///
/// ```
/// use aether_bus::{ActorPattern, EventFilter};
///
/// let placed = EventFilter::any().event_types(["OrderPlaced", "OrderShipped"])?.actor_types(["order"])?;
/// let of_march = EventFilter::any().actors([ActorPattern::new("order-2026-03-*")?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter(Vec<Part>);

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    EventTypes(Arc<[EventType]>),
    ActorTypes(Arc<[ActorType]>),
    Actors(Arc<[ActorPattern]>),
}

impl EventFilter {
    /// Lets all events through.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Lets through only what has one of these types.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when a text is no [`EventType`].
    pub fn event_types<T: TryInto<EventType>>(
        self,
        types: impl IntoIterator<Item = T>,
    ) -> Result<Self, T::Error> {
        let types = types.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        Ok(self.and(Part::EventTypes(types)))
    }

    /// Lets through only what happened to actors of one of these types.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when a text is no [`ActorType`].
    pub fn actor_types<T: TryInto<ActorType>>(
        self,
        types: impl IntoIterator<Item = T>,
    ) -> Result<Self, T::Error> {
        let types = types.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        Ok(self.and(Part::ActorTypes(types)))
    }

    /// Lets through only what happened to actors whose ids one of these patterns matches.
    #[must_use]
    pub fn actors(self, patterns: impl IntoIterator<Item = ActorPattern>) -> Self {
        self.and(Part::Actors(patterns.into_iter().collect()))
    }

    fn and(mut self, part: Part) -> Self {
        self.0.push(part);
        self
    }

    /// Says whether all events are let through.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// Says whether the event is let through.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        self.0.iter().all(|part| match part {
            Part::EventTypes(types) => types.contains(event.event_type()),
            Part::ActorTypes(types) => {
                let actor_type = event.actor().actor_type();
                types.iter().any(|wanted| wanted.as_str() == actor_type)
            }
            Part::Actors(patterns) => patterns.iter().any(|pattern| pattern.matches(event.actor())),
        })
    }
}

/// Says which actors are meant, by their ids: in it `*` stands for any run of letters, also none, and everything else for itself.
///
/// An id with a `*` in it is matched too, among others; [`ActorPattern::exact`] means one actor alone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ActorPattern {
    text: Arc<str>,
    is_exact: bool,
}

impl ActorPattern {
    /// Parses a pattern of actor ids.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when nothing could match: the text is empty, or no actor id is long enough.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        // What is left without its wildcards is the shortest id that it matches.
        let shortest = text.replace('*', "");
        if text.is_empty() || !shortest.is_empty() {
            ActorId::new(shortest)?;
        }
        Ok(Self { is_exact: !text.contains('*'), text: text.into() })
    }

    /// Returns the pattern of this actor alone.
    #[must_use]
    pub fn exact(actor: &ActorId) -> Self {
        Self { text: actor.as_str().into(), is_exact: true }
    }

    /// Says whether the actor is meant.
    #[must_use]
    pub fn matches(&self, actor: &ActorId) -> bool {
        if self.is_exact { *self.text == *actor.as_str() } else { is_match(&self.text, actor.as_str()) }
    }
}

impl fmt::Debug for ActorPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorPattern({:?})", &*self.text)
    }
}

/// Takes the first place for each piece between two wildcards: if any places fit, the first ones do.
fn is_match(pattern: &str, id: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == id;
    };
    let Some(mut id) = id.strip_prefix(first) else {
        return false;
    };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return id.ends_with(piece);
        }
        match id.find(piece) {
            Some(at) => id = id.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use aether_core::{NewEvent, RawJson, Version};
    use proptest::prelude::*;

    use super::*;

    fn event(actor: &str, event_type: &str) -> Event {
        let content = NewEvent::new(EventType::new(event_type).unwrap(), RawJson::NULL);
        Event::new(ActorId::new(actor).unwrap(), Version::FIRST, content)
    }

    #[test]
    fn each_part_narrows_and_has_alternatives() {
        let filter = EventFilter::any().event_types(["Placed", "Shipped"]).unwrap();
        assert!(filter.matches(&event("order-1", "Placed")) && filter.matches(&event("cart-1", "Shipped")));
        assert!(!filter.matches(&event("order-1", "Paid")));
        let filter = filter.actor_types(["order"]).unwrap();
        assert!(!filter.matches(&event("orders-1", "Placed")) && filter.matches(&event("order-1", "Placed")));
        let filter = filter.actors([ActorPattern::new("*-1").unwrap()]);
        assert!(!filter.matches(&event("order-2", "Placed")) && filter.matches(&event("order-1", "Placed")));
        assert!(!filter.is_any() && EventFilter::any().matches(&event("a", "b")));
        assert!(!EventFilter::any().actors([]).matches(&event("a", "b")));
    }

    #[test]
    fn what_could_match_no_actor_is_refused() {
        assert!(ActorPattern::new("").is_err() && ActorPattern::new("*").is_ok());
        assert!(ActorPattern::new(&format!("{}*", "x".repeat(513))).is_err());
        let odd = ActorId::new("a*").unwrap();
        assert!(ActorPattern::exact(&odd).matches(&odd));
        assert!(!ActorPattern::exact(&odd).matches(&ActorId::new("ab").unwrap()));
    }

    /// The simple way, letter by letter.
    fn naive(pattern: &[char], id: &[char]) -> bool {
        match pattern.split_first() {
            None => id.is_empty(),
            Some(('*', rest)) => (0..=id.len()).any(|at| naive(rest, &id[at..])),
            Some((letter, rest)) => id.first() == Some(letter) && naive(rest, &id[1..]),
        }
    }

    proptest! {
        #[test]
        fn wildcards_match_what_trying_every_place_matches(pattern in "[ab*é]{1,8}", id in "[abé]{1,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(is_match(&pattern, &id), naive(&chars(&pattern), &chars(&id)));
        }
    }
}
