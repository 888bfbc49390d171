//! Subscriptions: none yet.

use aether_core::error::Unsupported;
use aether_core::{Filter, StartAt, Subscribe, Subscription, SubscriptionError};

use crate::JetStreamStore;

impl Subscribe for JetStreamStore {
    async fn subscribe(&self, _: Filter, _: StartAt) -> Result<Subscription, SubscriptionError> {
        let (needed, found) = ("a store with subscriptions".to_owned(), "one without".to_owned());
        Err(Unsupported { operation: "subscribe", needed, found }.into())
    }
}
