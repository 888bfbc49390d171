//! Following a whole store: history, then live.

mod delivery;
mod filter;
#[cfg(feature = "metrics")]
mod metrics;
mod monitor;
mod passed;
mod start;
mod stream;
mod subscribe;
#[cfg(test)]
mod tests;
mod until_caught_up;

pub use delivery::{Delivery, Step};
pub use filter::{ActorFilter, Filter};
pub use monitor::{SubscriptionMonitor, SubscriptionStatus};
pub use start::StartAt;
pub use stream::Subscription;
pub use subscribe::Subscribe;
