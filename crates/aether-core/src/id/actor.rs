//! Actors: the owners of histories.

use std::sync::Arc;

use super::InvalidText;
use super::text::{TextFault, check, refuse, strict_deserialize, text_id};

/// The most bytes an actor id has: with every byte escaped, its subject still fits into one NATS control line
/// (4,096 bytes by default, `max_control_line` of the server's configuration).
const LIMIT: usize = 512;

/// Names an actor: one consistency boundary with one history.
///
/// Any UTF-8 text of 1 to 512 bytes. By convention it is `TYPE-ID`: the *actor type* is the part before the first `-`
/// that is not the first byte, and `unknown` where there is none. A bare UUID is therefore a type of its own
/// (`6f1c7f5e` is the type of `6f1c7f5e-8d0a-...`): build such ids with [`ActorId::from_parts`].
///
/// ```
/// use aether_core::{ActorId, ActorType};
///
/// let order = ActorId::new("order-123")?;
/// assert_eq!(order.actor_type(), "order");
/// assert_eq!(ActorId::new("cart7")?.actor_type(), "unknown");
/// assert_eq!(ActorId::from_parts(&ActorType::new("order")?, "6f1c7f5e-8d0a")?.actor_type(), "order");
/// # Ok::<(), aether_core::id::InvalidText>(())
/// ```
///
/// Two ids that differ in any byte are two actors, `a.b` and `a_b` included.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId(Arc<str>);

text_id!(ActorId);
strict_deserialize!(ActorId);

impl ActorId {
    /// Parses an actor id.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when the text is empty or longer than 512 bytes.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, InvalidText> {
        let text = text.into();
        check("actor id", &text, LIMIT, |_, _| false)?;
        Ok(Self(text))
    }

    /// Builds the id `TYPE-ID`, whose actor type is `actor_type` whatever `id` contains.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when `id` is empty or the whole is longer than 512 bytes.
    pub fn from_parts(actor_type: &ActorType, id: &str) -> Result<Self, InvalidText> {
        if id.is_empty() {
            return Err(refuse("actor id", id, TextFault::Empty));
        }
        Self::new(format!("{actor_type}-{id}"))
    }

    /// The id of no actor, for what is not numbered yet.
    pub(crate) fn nobody() -> Self {
        Self(Arc::from(ActorType::UNKNOWN))
    }

    /// Returns the actor type: the part before the first `-` that is not the first byte, else `unknown`.
    #[must_use]
    pub fn actor_type(&self) -> &str {
        let dash = self.0.bytes().enumerate().find(|(i, b)| *b == b'-' && *i > 0);
        dash.and_then(|(end, _)| self.0.get(..end)).unwrap_or(ActorType::UNKNOWN)
    }
}

/// Names a kind of actor, such as `order`: the first part of an [`ActorId`].
///
/// 1 to 512 bytes; a `-` is allowed as the first byte only, since any later one would end the type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorType(Arc<str>);

text_id!(ActorType);
strict_deserialize!(ActorType);

impl ActorType {
    /// The type of actors whose id names none.
    pub const UNKNOWN: &'static str = "unknown";

    /// Parses an actor type.
    ///
    /// # Errors
    ///
    /// [`InvalidText`] when the text is empty, too long, or has a `-` after its first byte.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, InvalidText> {
        let text = text.into();
        check("actor type", &text, LIMIT, |i, b| b == b'-' && i > 0)?;
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_from_parts_has_that_type(kind in "-?[^-]{1,20}", id in "\\PC{1,20}") {
            let kind = ActorType::new(kind).unwrap();
            let actor = ActorId::from_parts(&kind, &id).unwrap();
            prop_assert_eq!(actor.actor_type(), kind.as_str());
            prop_assert_eq!(actor.as_str(), format!("{kind}-{id}"));
        }

        #[test]
        fn the_type_of_any_id_is_a_valid_type(text in "\\PC{1,40}") {
            let actor = ActorId::new(text).unwrap();
            prop_assert!(ActorType::new(actor.actor_type()).is_ok());
        }
    }

    /// Fault 13 of the Go original: kept, since the wire needs it, and documented.
    #[test]
    fn the_actor_type_ends_at_the_first_dash_and_a_prefixed_uuid_keeps_its_type() {
        for (id, kind) in [
            ("order-123", "order"),
            ("order-6f1c7f5e-8d0a-4c43-9a56-0d7a1c1b2e3f", "order"),
            ("6f1c7f5e-8d0a-4c43-9a56-0d7a1c1b2e3f", "6f1c7f5e"),
            ("cart7", "unknown"),
            ("-x", "unknown"),
            ("-x-y", "-x"),
            ("注文-一", "注文"),
            ("a-", "a"),
        ] {
            assert_eq!(ActorId::new(id).unwrap().actor_type(), kind, "{id}");
        }
    }

    #[test]
    fn ids_outside_their_bounds_are_refused() {
        assert_eq!(ActorId::new("").unwrap_err().fault, TextFault::Empty);
        assert_eq!(
            ActorId::new("x".repeat(513)).unwrap_err().fault,
            TextFault::TooLong { bytes: 513, limit: 512 }
        );
        assert!(ActorId::new("x".repeat(512)).is_ok());
        assert_eq!(ActorType::new("a-b").unwrap_err().fault, TextFault::Forbidden { offset: 1, byte: b'-' });
        assert_eq!(
            ActorId::from_parts(&ActorType::new("order").unwrap(), "").unwrap_err().fault,
            TextFault::Empty
        );
    }
}
