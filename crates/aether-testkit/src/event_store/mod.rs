//! The facts that every event store must hold to.

// This is test code that is compiled into the tests of others: a fact that does not hold panics, and so may what
// prepares it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub(crate) mod append;
pub(crate) mod content;
pub(crate) mod epochs;
mod errors;
pub(crate) mod expected;
pub(crate) mod identity;
mod isolation;
mod limits;
pub(crate) mod racing;
pub(crate) mod read;
mod reopen;

use crate::suite::StoreUnderTest;

#[doc(no_inline)]
pub use crate::suite::Fact;

/// Lists every fact, once: the generated tests and [`facts`] are both made of it. A fact that is left out is dead code
/// to the compiler.
#[doc(hidden)]
#[macro_export]
macro_rules! __event_store_facts {
    ($callback:ident $($arguments:tt)*) => {
        $crate::$callback! { $($arguments)*
            append {
                the_first_event_has_version_1,
                a_commit_says_what_was_stored,
                several_events_get_consecutive_versions,
                versions_go_on_from_commit_to_commit,
                a_version_may_be_skipped_by_save_only,
                an_empty_commit_is_invalid,
                an_id_twice_in_one_commit_is_invalid,
                what_could_be_read_but_not_written_is_invalid,
                an_invalid_event_takes_its_commit_with_it,
                no_event_has_version_0,
                nothing_follows_the_highest_version,
                a_commit_beyond_the_highest_version_is_refused_whole,
                save_is_below_its_own_version,
            }
            expected {
                exactly_the_current_version_is_accepted,
                a_lower_version_is_a_conflict,
                a_higher_version_is_a_conflict,
                no_events_is_accepted_once,
                any_follows_whatever_is_there,
                below_is_accepted_above_the_current_version,
                below_is_refused_at_the_current_version_and_under_it,
                a_version_in_a_gap_is_a_conflict,
                a_refused_commit_leaves_none_of_its_events,
                a_commit_of_several_is_judged_by_its_first,
            }
            content {
                every_field_survives,
                every_field_survives_in_a_commit_of_several,
                numbers_keep_their_digits,
                data_is_kept_byte_for_byte,
                data_of_every_kind_survives,
                timestamps_keep_nanoseconds_and_offset,
                texts_of_any_letters_survive,
                schema_versions_survive,
            }
            read {
                from_is_inclusive,
                from_0_is_from_the_beginning,
                beyond_the_end_there_is_nothing,
                an_unknown_actor_has_no_events,
                positions_increase_along_a_history,
                a_position_names_its_event,
                a_commits_position_is_that_of_its_last_event,
                a_commit_can_be_read_from_its_middle,
                a_read_from_inside_a_gap_begins_after_it,
                a_long_history_is_complete,
                large_events_are_read_completely,
                a_stream_may_be_dropped_early,
                a_stream_outlives_its_handle,
                the_head_agrees_with_reads,
                what_was_appended_is_read_at_once,
                a_read_shows_at_least_what_was_there,
                reads_beside_a_writer_have_no_holes,
                reads_may_run_side_by_side,
            }
            identity {
                a_repeated_append_is_stored_once,
                a_repeated_first_append_is_stored_once,
                a_repeated_save_is_stored_once,
                a_repeated_save_across_a_gap_is_stored_once,
                a_repeated_commit_of_several_is_stored_once,
                a_repeat_may_say_no_events_as_exactly_0,
                an_append_of_any_is_recognized_by_its_resolved_version,
                what_was_read_can_be_repeated,
                an_id_with_other_content_is_refused,
                stored_ids_in_a_longer_commit_are_refused,
                a_part_of_a_commit_is_refused,
                a_commit_is_repeated_in_its_place_only,
                two_commits_are_not_repeated_as_one,
                other_ids_in_a_taken_place_are_a_conflict,
                an_id_in_another_actor_is_no_clash,
                a_conflict_stays_a_conflict,
                a_refused_event_may_be_appended_again,
                a_repeat_beside_the_first_is_stored_once,
            }
            epochs {
                an_epoch_shows_at_the_head,
                a_lower_epoch_is_fenced,
                the_same_epoch_goes_on_and_a_higher_one_takes_over,
                a_writer_without_one_passes_the_epoch_on,
                epochs_0_and_the_highest_are_epochs,
                an_unused_actor_can_be_claimed,
                a_used_actor_can_be_claimed,
                a_claim_is_no_event,
                a_repeated_claim_changes_nothing,
                a_claim_that_proves_is_written_each_time,
                a_lower_claim_is_fenced,
                a_claim_fences_a_handle_that_knew_the_actor,
                an_append_fences_a_handle_that_knew_the_actor,
                a_claim_is_no_conflict_for_others,
                a_late_writer_that_is_fenced_hears_so,
                a_stored_append_is_recognized_after_a_takeover,
                a_conflict_does_not_raise_the_epoch,
                each_actor_has_its_own_epoch,
                of_racing_claims_the_highest_stays,
            }
            isolation {
                look_alike_actors_are_apart,
                ids_with_control_characters_are_only_ids,
                ids_of_any_alphabet_are_apart,
                look_alike_types_are_apart,
                streams_are_apart_by_name,
                a_namespace_is_apart_from_none,
                namespaces_are_apart,
                look_alike_namespaces_never_share,
                names_that_join_alike_never_share,
            }
            limits {
                an_event_beyond_the_limit_is_too_large,
                a_commit_beyond_the_limit_is_too_large_as_a_whole,
                half_the_limit_is_taken,
                a_commit_may_have_a_thousand_events,
                the_longest_ids_are_taken,
                the_longest_ids_differ_in_their_last_byte,
            }
            reopen {
                another_handle_sees_everything,
                what_was_stored_outlives_its_handle,
                another_handle_goes_on_with_the_right_version,
                any_follows_what_another_handle_wrote,
                a_late_handle_is_told_the_true_version,
                a_handle_that_saw_nothing_is_told_of_the_first_event,
                a_late_handle_expecting_more_succeeds,
                a_repeat_is_recognized_by_another_handle,
                epochs_outlive_their_handle,
            }
            racing {
                of_writers_with_one_expectation_one_wins,
                of_first_writers_one_wins,
                of_savers_of_one_version_one_wins,
                any_loses_no_event,
                commits_never_interleave,
                of_commits_of_several_one_wins_whole,
                writers_of_different_actors_do_not_meet,
                trying_again_after_conflicts_loses_nothing,
            }
            errors {
                a_conflict_is_told_from_other_errors,
                error_texts_name_the_actor,
                an_error_harms_no_later_call,
                a_deadline_that_is_kept_changes_nothing,
                after_a_missed_deadline_a_repeat_stores_once,
                an_append_that_is_dropped_is_whole_or_absent,
            }
        }
    };
}

/// Returns all facts of the suite, to go through them at run time.
#[must_use]
pub fn facts<F: StoreUnderTest>() -> Vec<Fact<F>> {
    crate::__event_store_facts! { __fact_list }
}
