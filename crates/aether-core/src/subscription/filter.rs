//! Filters: which events a subscription hands out.

use std::sync::Arc;

use crate::{ActorId, ActorType, Event, EventType};

/// Says which events a subscription hands out: of which actors, and of which types.
///
/// ```
/// use aether_core::{ActorId, Filter};
///
/// let all = Filter::any();
/// let orders = Filter::actor_type("order")?;
/// let one = Filter::actor(ActorId::new("order-123")?);
/// let placed = Filter::actor_type("order")?.event_types(["OrderPlaced", "OrderShipped"])?;
/// # Ok::<(), aether_core::id::InvalidText>(())
/// ```
///
/// Stores read by actors where they can, so that what the filter leaves out is not read at all; event types are looked
/// at where the events arrive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    actors: ActorFilter,
    types: Option<Arc<[EventType]>>,
}

/// Says of which actors a [`Filter`] lets events through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ActorFilter {
    /// Of all.
    #[default]
    Any,
    /// Of those whose [actor type](ActorId::actor_type) is exactly this one.
    Type(ActorType),
    /// Of this one alone.
    Actor(ActorId),
}

impl Filter {
    /// Lets all events through.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Lets the events of all actors of a type through.
    ///
    /// # Errors
    ///
    /// [`InvalidText`](crate::id::InvalidText) when a text is no [`ActorType`].
    pub fn actor_type<T: TryInto<ActorType>>(actor_type: T) -> Result<Self, T::Error> {
        Ok(Self::of(ActorFilter::Type(actor_type.try_into()?)))
    }

    /// Lets the events of one actor through.
    #[must_use]
    pub fn actor(actor: ActorId) -> Self {
        Self::of(ActorFilter::Actor(actor))
    }

    fn of(actors: ActorFilter) -> Self {
        Self { actors, types: None }
    }

    /// Lets through only what has one of these types, of that which was let through before.
    ///
    /// # Errors
    ///
    /// [`InvalidText`](crate::id::InvalidText) when a text is no [`EventType`].
    pub fn event_types<T: TryInto<EventType>>(
        self,
        types: impl IntoIterator<Item = T>,
    ) -> Result<Self, T::Error> {
        let mut narrowed = types.into_iter().map(TryInto::try_into).collect::<Result<Vec<_>, _>>()?;
        narrowed.retain(|event_type| self.takes_type(event_type));
        Ok(Self { types: Some(narrowed.into()), ..self })
    }

    /// Says whether the event is let through. Every store asks this and nothing else.
    #[inline]
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        self.takes_actor(event.actor()) && self.takes_type(event.event_type())
    }

    /// Says whether events of this actor may be let through.
    #[inline]
    #[must_use]
    pub fn takes_actor(&self, actor: &ActorId) -> bool {
        match &self.actors {
            ActorFilter::Any => true,
            ActorFilter::Type(wanted) => actor.actor_type() == wanted.as_str(),
            ActorFilter::Actor(wanted) => actor == wanted,
        }
    }

    /// Says whether events of this type may be let through.
    #[inline]
    #[must_use]
    pub fn takes_type(&self, event_type: &EventType) -> bool {
        self.types.as_deref().is_none_or(|types| types.contains(event_type))
    }

    /// Returns of which actors events are let through. For stores, which may read no others.
    #[must_use]
    pub fn actors(&self) -> &ActorFilter {
        &self.actors
    }

    /// Returns which types are let through: `None` for all of them.
    #[must_use]
    pub fn types(&self) -> Option<&[EventType]> {
        self.types.as_deref()
    }

    /// Returns the filter that lets the same actors' events of all types through.
    #[must_use]
    pub fn any_type(&self) -> Self {
        Self::of(self.actors.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NewEvent, RawJson, Version};

    fn matching(filter: &Filter, events: &[(&str, &str)]) -> Vec<usize> {
        let matches = |(actor, event_type): &(&str, &str)| {
            let content = NewEvent::new(EventType::as_read(*event_type), RawJson::NULL);
            filter.matches(&Event::new(ActorId::new(*actor).unwrap(), Version::FIRST, content))
        };
        (0..events.len()).filter(|n| matches(&events[*n])).collect()
    }

    #[test]
    fn actors_and_types_match_whole_and_byte_for_byte() {
        let events = [
            ("order-1", "Placed"),
            ("order-1", "PlacedLate"),
            ("order-1.a", "Placed"),
            ("order-1_a", "Placed"),
            ("orders-1", "Placed"),
            ("Order-1", "Placed"),
            ("order", "placed"),
        ];
        let order = Filter::actor_type("order").unwrap();
        assert_eq!(matching(&Filter::any(), &events), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(matching(&order, &events), [0, 1, 2, 3]);
        assert_eq!(matching(&Filter::actor_type("unknown").unwrap(), &events), [6]);
        assert_eq!(matching(&Filter::actor(ActorId::new("order-1.a").unwrap()), &events), [2]);
        assert_eq!(matching(&order.event_types(["Placed"]).unwrap(), &events), [0, 2, 3]);
    }

    #[test]
    fn types_narrow_what_was_let_through_before() {
        let both = Filter::any().event_types(["A", "B"]).unwrap();
        assert_eq!(both.clone().event_types(["B", "C"]).unwrap(), Filter::any().event_types(["B"]).unwrap());
        assert_eq!(both.event_types(["C"]).unwrap().types(), Some(&[][..]));
        assert!(Filter::any().event_types([""]).is_err());
        assert!(Filter::actor_type("a-b").is_err());
    }

    #[test]
    fn ids_that_are_parsed_are_taken_as_they_are() {
        let order = ActorType::new("order").unwrap();
        assert_eq!(Filter::actor_type(order).unwrap(), Filter::actor_type("order").unwrap());
        let placed = EventType::new("Placed").unwrap();
        let narrowed = Filter::any().event_types([placed.clone()]).unwrap();
        assert_eq!((narrowed.types(), narrowed.any_type()), (Some(&[placed][..]), Filter::any()));
    }
}
