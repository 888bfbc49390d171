//! What a subscription tells the `metrics` facade.

use metrics::{counter, gauge};

use super::SubscriptionStatus;

impl SubscriptionStatus {
    /// Tells the `metrics` facade how the subscription was doing, under a name that the caller gives it.
    ///
    /// To be called from time to time, as often as the numbers are to be fresh. All have the label `subscription`:
    ///
    /// | name | kind | is |
    /// | --- | --- | --- |
    /// | `aether_subscription_delivered_total` | counter | [`delivered`](Self::delivered), whose rate is the subscription's |
    /// | `aether_subscription_malformed_total` | counter | [`malformed`](Self::malformed) |
    /// | `aether_subscription_restarts_total` | counter | [`restarts`](Self::restarts) |
    /// | `aether_subscription_lag` | gauge | [`lag`](Self::lag); left as it was where that is not known |
    /// | `aether_subscription_caught_up` | gauge | 1 where it has [caught up](Self::caught_up) and not ended, else 0 |
    pub fn report(&self, subscription: &str) {
        let name = || subscription.to_owned();
        counter!("aether_subscription_delivered_total", "subscription" => name()).absolute(self.delivered);
        counter!("aether_subscription_malformed_total", "subscription" => name()).absolute(self.malformed);
        counter!("aether_subscription_restarts_total", "subscription" => name()).absolute(self.restarts);
        if let Some(lag) = self.lag {
            gauge!("aether_subscription_lag", "subscription" => name()).set(lag as f64);
        }
        let caught_up = u8::from(self.caught_up && !self.ended);
        gauge!("aether_subscription_caught_up", "subscription" => name()).set(caught_up);
    }
}
