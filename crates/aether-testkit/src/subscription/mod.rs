//! The facts that every store with subscriptions must hold to.

// This is test code that is compiled into the tests of others: a fact that does not hold panics, and so may what
// prepares it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod catch_up;
mod filter;
mod lineage;
mod reader;
mod readers;
mod start;

use aether_core::Subscribe;

use crate::suite::StoreUnderTest;

#[doc(no_inline)]
pub use crate::suite::Fact;

/// Lists every fact, once: the generated tests and [`facts`] are both made of it. A fact that is left out is dead code
/// to the compiler.
#[doc(hidden)]
#[macro_export]
macro_rules! __subscription_facts {
    ($callback:ident $($arguments:tt)*) => {
        $crate::$callback! { $($arguments)*
            catch_up {
                history_comes_in_order_then_the_mark_then_what_is_stored,
                without_history_the_mark_comes_at_once,
                what_is_stored_before_history_is_read_comes_too,
                the_events_of_a_commit_come_in_order,
                nothing_is_missed_or_repeated_while_many_append,
                what_other_handles_append_comes,
                a_claim_is_no_event,
                events_come_as_they_are_read,
            }
            start {
                after_any_event_comes_exactly_the_rest,
                left_and_resumed_again_and_again_it_misses_nothing,
                after_the_end_comes_only_what_is_new,
                the_empty_checkpoint_is_the_beginning,
                a_checkpoint_survives_its_text,
                now_is_after_all_that_is_stored,
                now_has_a_checkpoint,
                a_time_is_that_of_the_store,
            }
            lineage {
                a_position_beyond_the_end_is_of_a_rewound_log,
                another_event_at_a_position_is_of_a_rewound_log,
            }
            filter {
                an_actors_events_alone_come,
                a_types_events_alone_come,
                event_types_are_matched_whole,
                actors_and_event_types_are_both_matched,
                a_filter_that_nothing_passes_lets_the_mark_through,
                the_checkpoint_passes_over_what_is_left_out,
            }
            readers {
                many_subscriptions_each_get_everything,
                a_slow_reader_loses_nothing_and_holds_up_nobody,
                a_dropped_subscription_harms_nobody,
                a_subscription_may_change_its_task,
                a_subscription_outlives_what_it_was_made_with,
                a_monitor_sees_what_was_handed_out,
            }
        }
    };
}

/// Returns all facts of the suite, to go through them at run time.
#[must_use]
pub fn facts<F: StoreUnderTest<Store: Subscribe>>() -> Vec<Fact<F>> {
    crate::__subscription_facts! { __fact_list }
}
