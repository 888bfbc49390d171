//! The suite is tested itself: a reference store that lacks one mechanism fails the facts that state it.

#![allow(clippy::panic, clippy::expect_used)] // Also in the helpers, which are no test functions.

use std::collections::BTreeMap;
use std::panic::catch_unwind;

use aether_testkit::reference::{Mutation, ReferenceUnderTest};
use aether_testkit::{Fact, event_store, snapshot_store, subscription};

/// What must not hold without each mechanism.
const CAUGHT: &[(Mutation, &[&str])] = {
    use Mutation::*;
    &[
        (
            CommitsUnchecked,
            &[
                "append::an_id_twice_in_one_commit_is_invalid",
                "append::what_could_be_read_but_not_written_is_invalid",
                "append::an_invalid_event_takes_its_commit_with_it",
                "append::no_event_has_version_0",
            ],
        ),
        (
            ExpectedUnchecked,
            &[
                "expected::a_lower_version_is_a_conflict",
                "expected::a_higher_version_is_a_conflict",
                "expected::no_events_is_accepted_once",
                "racing::of_writers_with_one_expectation_one_wins",
                "racing::of_first_writers_one_wins",
                "errors::a_conflict_is_told_from_other_errors",
            ],
        ),
        (
            CheckedInHandle,
            &[
                "reopen::a_late_handle_is_told_the_true_version",
                "reopen::a_late_handle_expecting_more_succeeds",
                "racing::of_writers_with_one_expectation_one_wins",
            ],
        ),
        (BelowInclusive, &["expected::below_is_refused_at_the_current_version_and_under_it"]),
        (
            GapsClosed,
            &[
                "append::a_version_may_be_skipped_by_save_only",
                "append::save_is_below_its_own_version",
                "expected::below_is_accepted_above_the_current_version",
                "read::a_read_from_inside_a_gap_begins_after_it",
            ],
        ),
        (OverflowUnchecked, &["append::nothing_follows_the_highest_version"]),
        (
            CommitsTorn,
            &[
                "racing::commits_never_interleave",
                "append::a_commit_beyond_the_highest_version_is_refused_whole",
            ],
        ),
        (
            ConflictsLeaveRemains,
            &[
                "expected::a_lower_version_is_a_conflict",
                "expected::a_refused_commit_leaves_none_of_its_events",
                "identity::a_conflict_stays_a_conflict",
                "racing::of_commits_of_several_one_wins_whole",
            ],
        ),
        (
            ConflictsTellOldVersion,
            &["expected::a_lower_version_is_a_conflict", "reopen::a_late_handle_is_told_the_true_version"],
        ),
        (
            RepeatsForgotten,
            &[
                "identity::a_repeated_append_is_stored_once",
                "identity::a_repeated_first_append_is_stored_once",
                "identity::a_repeated_save_is_stored_once",
                "identity::a_repeated_save_across_a_gap_is_stored_once",
                "identity::a_repeated_commit_of_several_is_stored_once",
                "identity::an_append_of_any_is_recognized_by_its_resolved_version",
                "identity::a_repeat_beside_the_first_is_stored_once",
                "reopen::a_repeat_is_recognized_by_another_handle",
                "errors::an_append_that_is_dropped_is_whole_or_absent",
            ],
        ),
        (RepeatsForgottenLater, &["identity::a_repeated_append_is_stored_once"]),
        (RepeatsSeemFresh, &["identity::a_repeat_beside_the_first_is_stored_once"]),
        (ReusedIdsSwallowed, &["identity::an_id_with_other_content_is_refused"]),
        (PartsCountAsWhole, &["identity::a_part_of_a_commit_is_refused"]),
        (RepeatsFoundAnywhere, &["identity::a_commit_is_repeated_in_its_place_only"]),
        (ProofsUnwritten, &["epochs::a_claim_that_proves_is_written_each_time"]),
        (EventIdsGlobal, &["identity::an_id_in_another_actor_is_no_clash"]),
        (
            EpochsUnchecked,
            &[
                "epochs::a_lower_epoch_is_fenced",
                "epochs::a_claim_fences_a_handle_that_knew_the_actor",
                "epochs::an_append_fences_a_handle_that_knew_the_actor",
                "reopen::epochs_outlive_their_handle",
            ],
        ),
        (
            EpochsForgotten,
            &[
                "epochs::a_writer_without_one_passes_the_epoch_on",
                "epochs::a_claim_is_no_conflict_for_others",
            ],
        ),
        (EpochsRaisedByConflicts, &["epochs::a_conflict_does_not_raise_the_epoch"]),
        (ConflictsHideFencing, &["epochs::a_late_writer_that_is_fenced_hears_so"]),
        (FencingHidesRepeats, &["epochs::a_stored_append_is_recognized_after_a_takeover"]),
        (
            ClaimsLost,
            &[
                "epochs::an_unused_actor_can_be_claimed",
                "epochs::a_claim_fences_a_handle_that_knew_the_actor",
            ],
        ),
        (ClaimsTakeVersions, &["epochs::a_claim_is_no_event", "epochs::a_claim_is_no_conflict_for_others"]),
        (ClaimsVisible, &["epochs::a_claim_is_no_event"]),
        (ClaimsUnchecked, &["epochs::a_lower_claim_is_fenced"]),
        (ActorsLossy, &["isolation::look_alike_actors_are_apart", "isolation::look_alike_types_are_apart"]),
        (ControlsDropped, &["isolation::ids_with_control_characters_are_only_ids"]),
        (CaseFolded, &["isolation::look_alike_actors_are_apart", "isolation::ids_of_any_alphabet_are_apart"]),
        (IdsCut, &["limits::the_longest_ids_differ_in_their_last_byte"]),
        (NamespacesShared, &["isolation::namespaces_are_apart", "isolation::a_namespace_is_apart_from_none"]),
        (
            NamespacesJoined,
            &["isolation::look_alike_namespaces_never_share", "isolation::names_that_join_alike_never_share"],
        ),
        (StreamsShared, &["isolation::streams_are_apart_by_name"]),
        (FromExclusive, &["read::from_is_inclusive", "read::what_was_appended_is_read_at_once"]),
        (CommitsReadWhole, &["read::a_commit_can_be_read_from_its_middle"]),
        (ReadsEndEarly, &["read::a_long_history_is_complete"]),
        (LargeReadsEndEarly, &["read::large_events_are_read_completely"]),
        (ReadsStale, &["read::what_was_appended_is_read_at_once"]),
        (ReadsUnordered, &["append::versions_go_on_from_commit_to_commit", "read::from_is_inclusive"]),
        (PositionsConstant, &["read::positions_increase_along_a_history"]),
        (PositionsOfFirst, &["read::a_commits_position_is_that_of_its_last_event"]),
        (HeadsLate, &["read::the_head_agrees_with_reads"]),
        (
            NumbersRounded,
            &["content::numbers_keep_their_digits", "content::every_field_survives_in_a_commit_of_several"],
        ),
        (DataReformatted, &["content::data_is_kept_byte_for_byte"]),
        (TimesRounded, &["content::timestamps_keep_nanoseconds_and_offset", "content::every_field_survives"]),
        (MetadataDropped, &["content::every_field_survives", "content::texts_of_any_letters_survive"]),
        (CommandsDropped, &["content::every_field_survives"]),
        (SchemaVersionsDropped, &["content::schema_versions_survive", "content::every_field_survives"]),
        (LimitsUnchecked, &["limits::an_event_beyond_the_limit_is_too_large"]),
        (LimitsPerEvent, &["limits::a_commit_beyond_the_limit_is_too_large_as_a_whole"]),
        (
            HandlesForget,
            &[
                "reopen::another_handle_sees_everything",
                "reopen::what_was_stored_outlives_its_handle",
                "reopen::another_handle_goes_on_with_the_right_version",
                "reopen::any_follows_what_another_handle_wrote",
                "snapshot::another_handle_sees_it",
            ],
        ),
        (ErrorsNameNobody, &["errors::error_texts_name_the_actor"]),
        (
            SnapshotsLastWins,
            &[
                "snapshot::an_older_one_never_replaces_a_newer",
                "snapshot::a_late_handle_replaces_nothing_newer",
                "snapshot::racing_savers_leave_the_newest",
                "shared::the_newest_snapshot_stays",
            ],
        ),
        (SnapshotsFirstStays, &["snapshot::one_of_equal_version_replaces"]),
        (
            SnapshotsPartial,
            &[
                "snapshot::a_saved_snapshot_is_read_back_exactly",
                "load::a_snapshot_of_another_schema_is_ignored",
                "load::a_snapshot_of_another_lineage_is_ignored",
            ],
        ),
        (SnapshotsLossy, &["snapshot::look_alike_actors_have_their_own"]),
        (SnapshotsNotAtZero, &["snapshot::a_snapshot_of_version_0_is_one"]),
        (
            HandOverSkips,
            &[
                "catch_up::what_is_stored_before_history_is_read_comes_too",
                "catch_up::nothing_is_missed_or_repeated_while_many_append",
                "readers::many_subscriptions_each_get_everything",
            ],
        ),
        (
            HandOverRepeats,
            &[
                "catch_up::history_comes_in_order_then_the_mark_then_what_is_stored",
                "catch_up::what_is_stored_before_history_is_read_comes_too",
                "catch_up::nothing_is_missed_or_repeated_while_many_append",
            ],
        ),
        (MarkFirst, &["catch_up::history_comes_in_order_then_the_mark_then_what_is_stored"]),
        (MarkForgotten, &["catch_up::without_history_the_mark_comes_at_once"]),
        (SubscriptionsUnordered, &["catch_up::history_comes_in_order_then_the_mark_then_what_is_stored"]),
        (SubscriptionsAsleep, &["readers::a_subscription_may_change_its_task"]),
        (SlowReadersCut, &["readers::a_slow_reader_loses_nothing_and_holds_up_nobody"]),
        (
            FiltersForgotten,
            &[
                "filter::an_actors_events_alone_come",
                "filter::a_types_events_alone_come",
                "filter::event_types_are_matched_whole",
                "filter::actors_and_event_types_are_both_matched",
                "filter::a_filter_that_nothing_passes_lets_the_mark_through",
            ],
        ),
        (
            FiltersMatchPrefixes,
            &[
                "filter::a_types_events_alone_come",
                "filter::event_types_are_matched_whole",
                "filter::actors_and_event_types_are_both_matched",
            ],
        ),
        (FiltersLossy, &["filter::an_actors_events_alone_come"]),
        (CheckpointsStay, &["filter::the_checkpoint_passes_over_what_is_left_out"]),
        (CommitsResumedWhole, &["start::after_any_event_comes_exactly_the_rest"]),
        (
            CommitsResumedAfter,
            &[
                "start::after_any_event_comes_exactly_the_rest",
                "start::left_and_resumed_again_and_again_it_misses_nothing",
            ],
        ),
        (NowIsLate, &["start::now_is_after_all_that_is_stored"]),
        (NowIsBeginning, &["start::now_is_after_all_that_is_stored", "start::now_has_a_checkpoint"]),
        (TimesOfWriters, &["start::a_time_is_that_of_the_store"]),
        (
            LineagesUnchecked,
            &[
                "lineage::a_position_beyond_the_end_is_of_a_rewound_log",
                "lineage::another_event_at_a_position_is_of_a_rewound_log",
            ],
        ),
        (
            Hangs,
            &["append::the_first_event_has_version_1", "catch_up::without_history_the_mark_comes_at_once"],
        ),
    ]
};

fn facts() -> BTreeMap<String, Fact<ReferenceUnderTest>> {
    let all = event_store::facts().into_iter().chain(snapshot_store::facts()).chain(subscription::facts());
    all.map(|fact| (fact.name(), fact)).collect()
}

/// Returns the names of those facts that hold although they should not.
fn that_hold(removed: Mutation, names: &[&'static str]) -> Vec<&'static str> {
    let facts = facts();
    let holds = |name: &&&str| {
        let fact = facts.get(**name).unwrap_or_else(|| panic!("no fact {name}"));
        catch_unwind(|| fact.check(|| ReferenceUnderTest::without(removed))).is_ok()
    };
    names.iter().filter(holds).copied().collect()
}

fn missed(part: &[(Mutation, &'static [&'static str])]) -> Vec<(Mutation, Vec<&'static str>)> {
    let holding = part.iter().map(|(removed, names)| (*removed, that_hold(*removed, names)));
    holding.filter(|(_, names)| !names.is_empty()).collect()
}

#[test]
fn a_store_that_lacks_a_mechanism_fails_the_facts_about_it() {
    // What fails here is meant to: only the facts that hold are worth a line.
    std::panic::set_hook(Box::new(|_| {}));
    let missed: Vec<_> = std::thread::scope(|scope| {
        let parts: Vec<_> = CAUGHT.chunks(10).map(|part| scope.spawn(|| missed(part))).collect();
        parts.into_iter().flat_map(|part| part.join().expect("no fact is unknown")).collect()
    });
    drop(std::panic::take_hook());
    assert!(missed.is_empty(), "these hold although the mechanism is removed: {missed:#?}");
}

#[test]
fn every_mutation_is_caught_by_some_fact() {
    let caught = |mutation: &Mutation| CAUGHT.iter().any(|(one, names)| one == mutation && !names.is_empty());
    let missing: Vec<_> = Mutation::ALL.iter().filter(|mutation| !caught(mutation)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn no_fact_has_the_name_of_another() {
    let count = event_store::facts::<ReferenceUnderTest>().len()
        + snapshot_store::facts::<ReferenceUnderTest>().len()
        + subscription::facts::<ReferenceUnderTest>().len();
    assert_eq!(facts().len(), count);
}
