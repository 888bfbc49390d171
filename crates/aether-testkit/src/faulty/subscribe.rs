//! Subscriptions of the store around a store.

use aether_core::{Filter, StartAt, Subscribe, Subscription, SubscriptionError};

use super::store::unavailable;
use super::{Fault, FaultyStore, Operation};

impl<S: Subscribe> Subscribe for FaultyStore<S> {
    async fn subscribe(&self, filter: Filter, start: StartAt) -> Result<Subscription, SubscriptionError> {
        match self.fault(Operation::Subscribe) {
            Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(_) => return Err(unavailable(Operation::Subscribe).into()),
            None => {}
        }
        self.inner().subscribe(filter, start).await
    }
}
