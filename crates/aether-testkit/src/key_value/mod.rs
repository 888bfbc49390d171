//! The facts that every key-value store must hold to.

// This is test code that is compiled into the tests of others: a fact that does not hold panics, and so may what
// prepares it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod conflict;
mod fact;
mod fixture;
mod handle;
mod key;
mod racing;
mod together;
mod together_racing;
mod value;

pub use fact::Fact;
pub(crate) use fixture::Fixture;
pub use fixture::KeyValueUnderTest;

/// Lists every fact, once: the generated tests and [`facts`] are both made of it.
#[doc(hidden)]
#[macro_export]
macro_rules! __key_value_facts {
    ($callback:ident $($arguments:tt)*) => {
        $crate::$callback! { $($arguments)*
            value {
                nothing_is_there_at_first,
                what_was_put_is_there,
                values_are_kept_byte_for_byte,
                an_empty_value_is_a_value,
                a_put_replaces,
                revisions_rise,
                a_deleted_value_is_gone,
                a_value_that_is_too_large_is_refused_and_changes_nothing,
            }
            conflict {
                the_first_put_expects_nothing,
                a_put_elsewhere_changes_nothing,
                a_delete_elsewhere_changes_nothing,
                what_is_not_there_can_be_deleted_as_that,
                after_a_delete_nothing_is_there_to_expect,
                a_deleted_key_can_be_put_again,
                an_old_revision_never_comes_back,
            }
            key {
                no_text_and_a_long_one_are_no_keys,
                odd_keys_have_nothing_in_common,
                keys_are_listed_by_prefix,
                deleted_keys_are_not_listed,
                many_keys_are_listed,
            }
            handle {
                another_handle_sees_it,
                another_handle_changes_it,
                stores_have_their_own,
                it_can_be_shared,
            }
            racing {
                of_first_writers_one_wins,
                of_writers_with_one_revision_one_wins,
                of_a_put_and_a_delete_one_wins,
                increments_are_not_lost,
            }
            together {
                all_are_made,
                nothing_can_be_made,
                a_conflict_on_any_key_leaves_all_others_untouched,
                a_key_occurs_once,
                as_many_as_it_says_and_no_more,
                what_was_deleted_is_nothing,
                a_value_that_is_too_large_leaves_all_others_untouched,
                odd_keys_and_values_are_kept,
                it_can_be_shared,
            }
            together_racing {
                of_changes_that_overlap_one_wins_as_a_whole,
                what_is_moved_from_key_to_key_is_neither_lost_nor_doubled,
                who_sees_one_sees_all,
            }
        }
    };
}

/// Returns all facts of the suite, to go through them at run time.
#[must_use]
pub fn facts<F: KeyValueUnderTest>() -> Vec<Fact<F>> {
    crate::__key_value_facts! { __key_value_list }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __key_value_list {
    ($($theme:ident { $($fact:ident,)* })*) => {
        vec![$($(
            Fact::new(stringify!($theme), stringify!($fact), |fixture| Box::pin($theme::$fact(fixture))),
        )*)*]
    };
}
