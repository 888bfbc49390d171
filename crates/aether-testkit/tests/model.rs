//! The model agrees with the reference store, and finds each mutant that it can see.

use std::panic::{AssertUnwindSafe, catch_unwind};

use aether_testkit::reference::{Mutation, ReferenceUnderTest};
use aether_testkit::{event_store_model, model, snapshot_store_model};

event_store_model!(ReferenceUnderTest::new());
snapshot_store_model!(ReferenceUnderTest::new(), cases = 256);

/// Returns what the model says of a store that lacks a mechanism.
fn difference(removed: Mutation) -> Option<String> {
    let check = || model::check(|| ReferenceUnderTest::without(removed), 2_000);
    let panic = catch_unwind(AssertUnwindSafe(check)).err()?;
    panic.downcast_ref::<String>().cloned()
}

#[test]
fn a_store_that_lacks_a_mechanism_differs_from_the_model() {
    for removed in [
        Mutation::ExpectedUnchecked,
        Mutation::CheckedInHandle,
        Mutation::BelowInclusive,
        Mutation::GapsClosed,
        Mutation::ConflictsLeaveRemains,
        Mutation::ConflictsTellOldVersion,
        Mutation::RepeatsForgotten,
        Mutation::RepeatsForgottenLater,
        Mutation::RepeatsSeemFresh,
        Mutation::ReusedIdsSwallowed,
        Mutation::EpochsUnchecked,
        Mutation::EpochsForgotten,
        Mutation::EpochsRaisedByConflicts,
        Mutation::ConflictsHideFencing,
        Mutation::FencingHidesRepeats,
        Mutation::ClaimsLost,
        Mutation::ClaimsTakeVersions,
        Mutation::ClaimsVisible,
        Mutation::ClaimsUnchecked,
        Mutation::FromExclusive,
        Mutation::CommitsReadWhole,
        Mutation::PositionsOfFirst,
        Mutation::HeadsLate,
        Mutation::SnapshotsLastWins,
        Mutation::SnapshotsFirstStays,
    ] {
        let difference = difference(removed);
        assert!(difference.is_some(), "the model does not notice {removed:?}");
    }
}

#[test]
fn a_difference_is_shrunk_to_a_history_that_can_be_read() {
    let text = difference(Mutation::FromExclusive).expect("it differs");
    let history = text.split("the shortest history that shows it:\n").nth(1).expect("there is a history");
    assert!(history.lines().count() == 2, "{text}");
    assert!(history.lines().last().is_some_and(|line| line.contains(": read actor")), "{text}");
}
