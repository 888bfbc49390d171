//! The event bus: publish to a namespace, subscribe by pattern, and know what was missed.
//!
//! - [`EventBus`] is the bus of one process.
//! - A [`Pattern`] says which namespaces are meant, an [`EventFilter`] which of their events, and an [`Overflow`] what becomes
//!   of what the subscriber has no room for.
//! - A [`Subscription`] is a stream of [`Delivery`]s: events, and gaps ([`Missed`]), each in its place.
//! - Stores announce what they stored through [`EventBus::broadcaster`].
//!
//! ```
//! use aether_bus::{Delivery, EventBus, EventFilter, Overflow, Pattern};
//! use aether_core::{ActorId, Event, Namespace, NewEvent, RawJson, Version};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = EventBus::new();
//! let mut orders = bus
//!     .subscribe(Pattern::new("*.orders")?, EventFilter::any(), Overflow::drop_oldest(1_000))
//!     .await?;
//!
//! let placed = NewEvent::new("OrderPlaced".try_into()?, RawJson::NULL);
//! let event = Event::new(ActorId::new("order-1")?, Version::FIRST, placed);
//! bus.publish(&Namespace::new("acme.orders")?, event).await?;
//!
//! match orders.next().await {
//!     Some(Delivery::Event(event)) => println!("{} {}", event.namespace(), event.event_type()),
//!     Some(Delivery::Missed(missed)) => println!("{missed} were missed here"),
//!     _ => println!("the bus has ended"),
//! }
//! # Ok(())
//! # }
//! ```

mod bus;
mod delivery;
mod error;
mod filter;
mod gap;
mod hash;
mod hub;
mod mailbox;
mod meter;
#[cfg(feature = "nats")]
mod nats;
mod overflow;
mod pattern;
mod queue;
mod recent;
mod span;
mod stored;
mod subscription;
#[cfg(feature = "testing")]
pub mod testing;
mod trie;

pub use aether_core::{InvalidTraceParent, TraceParent};
pub use bus::EventBus;
pub use delivery::{Delivery, Missed, Received};
pub use error::{PublishError, SubscribeError};
pub use filter::{ActorPattern, EventFilter};
#[cfg(feature = "nats")]
pub use nats::{FlushError, NatsEventBus, NatsEventBusBuilder, NodeId, OpenError};
pub use overflow::Overflow;
pub use pattern::{InvalidPattern, Pattern, PatternFault};
pub use stored::{StoredBroadcaster, pass_on_hints};
pub use subscription::Subscription;
