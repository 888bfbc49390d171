//! The facts that every snapshot store must hold to, and those about snapshots and events together.

// This is test code that is compiled into the tests of others: a fact that does not hold panics, and so may what
// prepares it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod load;
mod shared;
mod snapshot;

use aether_core::{SnapshotStore, Subscribe};

use crate::suite::StoreUnderTest;

#[doc(no_inline)]
pub use crate::suite::Fact;

/// Lists every fact, once: the generated tests and [`facts`] are both made of it. A fact that is left out is dead code
/// to the compiler.
#[doc(hidden)]
#[macro_export]
macro_rules! __snapshot_store_facts {
    ($callback:ident $($arguments:tt)*) => {
        $crate::$callback! { $($arguments)*
            snapshot {
                a_missing_snapshot_is_none,
                a_saved_snapshot_is_read_back_exactly,
                states_are_kept_byte_for_byte,
                an_older_one_never_replaces_a_newer,
                one_of_equal_version_replaces,
                a_newer_one_replaces,
                a_snapshot_of_version_0_is_one,
                another_handle_sees_it,
                a_late_handle_replaces_nothing_newer,
                racing_savers_leave_the_newest,
                look_alike_actors_have_their_own,
                namespaces_have_their_own,
                snapshots_are_no_events,
            }
            load {
                without_events_there_is_the_default,
                snapshot_and_tail_are_the_whole_history,
                a_snapshot_saves_the_replay,
                a_snapshot_of_another_schema_is_ignored,
                a_snapshot_of_another_lineage_is_ignored,
                a_snapshot_beyond_the_end_is_ignored,
                a_state_that_does_not_fit_is_ignored,
                a_snapshot_without_a_position_is_used,
            }
            shared {
                generic_code_runs_over_it,
                it_has_the_stores_abilities,
                appends_keep_their_contract,
                conflicts_keep_their_contract,
                content_survives,
                reads_keep_their_contract,
                repeats_are_stored_once,
                epochs_keep_their_contract,
                races_have_one_winner,
                the_newest_snapshot_stays,
                loads_keep_their_contract,
            }
        }
    };
}

/// Returns all facts of the suite, to go through them at run time.
#[must_use]
pub fn facts<F: StoreUnderTest<Store: SnapshotStore + Subscribe>>() -> Vec<Fact<F>> {
    crate::__snapshot_store_facts! { __fact_list }
}
