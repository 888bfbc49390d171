//! Random histories that shrink.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::command::{Action, Command, Expectation, History};

const ACTORS: u8 = 3;
const EPOCHS: u8 = 6;
const COMMANDS: usize = 40;

/// Makes histories of up to 40 commands over three actors and two handles.
pub(crate) fn history(snapshots: bool) -> impl Strategy<Value = History> {
    let command = (0u8..2, action(snapshots)).prop_map(|(handle, action)| Command { handle, action });
    vec(command, 1..=COMMANDS).prop_map(History)
}

fn action(snapshots: bool) -> BoxedStrategy<Action> {
    let events = prop_oneof![
        8 => append(),
        2 => (0..ACTORS, -2i8..6).prop_map(|(actor, ahead)| Action::Save { actor, ahead }),
        3 => (0u8..6).prop_map(|back| Action::Repeat { back }),
        1 => (0u8..6).prop_map(|back| Action::Forge { back }),
        2 => (0..ACTORS, 0..EPOCHS).prop_map(|(actor, epoch)| Action::Claim { actor, epoch }),
        2 => (0..ACTORS, 0u8..12).prop_map(|(actor, from)| Action::Read { actor, from }),
        1 => (0..ACTORS).prop_map(|actor| Action::Head { actor }),
        1 => Just(Action::Reopen),
    ];
    if !snapshots {
        return events.boxed();
    }
    prop_oneof![
        8 => events,
        1 => (0..ACTORS, 0u8..4).prop_map(|(actor, back)| Action::SaveSnapshot { actor, back }),
        1 => (0..ACTORS).prop_map(|actor| Action::LatestSnapshot { actor }),
    ]
    .boxed()
}

fn append() -> impl Strategy<Value = Action> {
    let events = prop_oneof![3 => Just(1u8), 2 => 2u8..5];
    let epoch = prop_oneof![3 => Just(None), 1 => option::of(0..EPOCHS)];
    (0..ACTORS, expectation(), events, epoch).prop_map(|(actor, expected, events, epoch)| Action::Append {
        actor,
        expected,
        events,
        epoch,
    })
}

fn expectation() -> impl Strategy<Value = Expectation> {
    prop_oneof![
        5 => Just(Expectation::Exactly(0)),
        2 => (-3i8..3).prop_map(Expectation::Exactly),
        1 => Just(Expectation::NoEvents),
        2 => Just(Expectation::Any),
        2 => (-2i8..5).prop_map(Expectation::Below),
    ]
}
