//! The conformance suite of buses: what every bus must do, as facts, whichever way its nodes hear each other.
//!
//! ```
//! use aether_bus::EventBus;
//! use aether_bus::testing::BusUnderTest;
//!
//! /// The bus of one process: one node.
//! struct Local;
//!
//! impl BusUnderTest for Local {
//!     type Node = EventBus;
//!
//!     async fn open(&self) -> Vec<EventBus> {
//!         vec![EventBus::new()]
//!     }
//! }
//!
//! aether_bus::bus_conformance!(Local);
//! # fn main() {}
//! ```

// This is test code that is compiled into the tests of others: a fact that does not hold panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[doc(hidden)]
pub mod facts;
mod node;
mod site;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub use node::Node;
pub use site::Site;

/// Makes buses to be tested.
pub trait BusUnderTest: Send + Sync + 'static {
    /// A node of the bus.
    type Node: Node;

    /// Opens the nodes of a bus of their own: what is published on one of them is heard on all of them, and nowhere else.
    fn open(&self) -> impl Future<Output = Vec<Self::Node>> + Send;

    /// Waits until every node knows what the others are subscribed to by now.
    fn settle(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// Checks a fact on a runtime of its own.
///
/// # Panics
///
/// When it does not hold, or does not end within a minute.
#[doc(hidden)]
pub fn check<B: BusUnderTest>(
    bus: B,
    fact: impl FnOnce(Site<B>) -> Pin<Box<dyn Future<Output = ()> + Send>>,
) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let nodes = bus.open().await;
        let fact = tokio::spawn(fact(Site::new(bus, nodes)));
        match tokio::time::timeout(Duration::from_secs(60), fact).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            Err(_) => panic!("it did not end within a minute"),
        }
    });
}

/// Makes a test of every fact about buses.
///
/// The argument is an expression that makes a [`BusUnderTest`](crate::testing::BusUnderTest); attributes before it are put on every test. Each theme becomes a
/// module next to the call (`matching`, `overflow`, `order`, `ending`, `harm`, `stored`).
#[macro_export]
macro_rules! bus_conformance {
    ($($input:tt)*) => { $crate::__bus_conformance! { [] $($input)* } };
}

/// Collects the attributes one by one, since an expression may begin with one too.
#[doc(hidden)]
#[macro_export]
macro_rules! __bus_conformance {
    ([$($attributes:tt)*] #[$($attribute:tt)*] $($rest:tt)*) => {
        $crate::__bus_conformance! { [$($attributes)* #[$($attribute)*]] $($rest)* }
    };
    ($attributes:tt $factory:expr $(,)?) => {
        $crate::__bus_tests! { $attributes ($factory)
            matching {
                what_is_published_arrives_as_it_was,
                wildcards_stand_for_tokens,
                look_alike_namespaces_stay_apart,
                each_subscription_gets_an_event_once_whatever_else_matches,
                a_filter_lets_through_what_it_names,
                what_was_published_before_is_not_heard,
            }
            overflow {
                the_oldest_are_dropped_and_counted_where_they_were,
                the_newest_are_dropped_and_counted_where_they_were,
                a_slow_subscriber_that_blocks_misses_nothing,
                a_subscriber_that_blocks_for_too_long_misses_what_there_is_no_room_for,
            }
            order {
                one_publishers_events_arrive_in_order,
                publishers_at_the_same_time_each_keep_their_order,
                what_was_published_was_delivered_or_missed,
            }
            ending {
                a_subscription_that_is_dropped_is_gone,
                subscribing_again_and_again_loses_nothing,
                a_stopped_bus_hands_out_what_it_holds_and_ends,
                a_stopped_bus_takes_nothing_in,
            }
            harm {
                a_subscriber_that_panics_harms_nobody,
                a_subscriber_that_stalls_harms_nobody,
                a_subscriber_may_publish_and_subscribe_from_within,
            }
            stored {
                what_is_stored_is_announced_in_order,
                announcements_and_events_are_apart,
                announcements_never_wait_for_a_subscriber,
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __bus_tests {
    ($attributes:tt $factory:tt $($theme:ident { $($fact:ident,)* })*) => {
        $(
            mod $theme {
                #[allow(unused_imports)]
                use super::*;

                $( $crate::__bus_test! { $attributes $factory $theme $fact } )*
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __bus_test {
    ([$($attributes:tt)*] ($factory:expr) $theme:ident $fact:ident) => {
        #[test]
        $($attributes)*
        fn $fact() {
            $crate::testing::check($factory, |site| Box::pin($crate::testing::facts::$theme::$fact(site)));
        }
    };
}
