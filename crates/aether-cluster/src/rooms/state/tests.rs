use std::time::Duration;

use aether_core::{ActorId, CommandId};

use super::super::mail::Seats;
use super::*;
use crate::clock::Clock;
use crate::host::Message;
use crate::placement::{NodeId, Shard};
use crate::protocol::{Identity, Incarnation};

const EPOCH: Epoch = Epoch::new(4);

fn address() -> Address {
    Address { shard: Shard::new(1), epoch: EPOCH, incarnation: Incarnation::new(1) }
}

fn open_gate() -> Arc<Gate> {
    let gate = Gate::new(Clock::default());
    gate.open_until(Some(gate.clock().now().plus(Duration::from_secs(600))));
    Arc::new(gate)
}

fn mail(command: &str) -> Mail {
    let (actor, command) = (ActorId::new("order-1").unwrap(), CommandId::new(command).unwrap());
    let message = Message::new(actor, command, Bytes::new(), Duration::from_secs(60));
    let seat = Seats::default().take(1).unwrap();
    Mail { message, reply: ReplyTo::Subject("reply".into()), seat, number: 0 }
}

fn enter(state: &mut State, command: &str, gate: &Gate) -> Entered {
    state.enter(mail(command), &RoomSettings::default(), gate)
}

#[test]
fn what_was_given_back_and_what_was_kept_is_sent_on_in_the_order_in_which_it_came() {
    let gate = open_gate();
    let mut state = State::new(Ownership::new(address(), Arc::clone(&gate)));
    state.tell(&Task::Serve(EPOCH), address(), &gate);
    state.serve(1);
    let begun: Vec<_> = ["a", "b"].into_iter().map(|command| enter(&mut state, command, &gate)).collect();
    state.tell(&Task::Drain(EPOCH), address(), &gate);
    assert!(matches!(enter(&mut state, "c", &gate), Entered::Taken));
    // A copy of what is under way waits with it.
    assert!(matches!(enter(&mut state, "a", &gate), Entered::Taken));
    assert_eq!(state.held(), (2, 1));
    for entered in begun.into_iter().rev() {
        let Entered::Begin(key, mail, _) = entered else { panic!("{entered:?}") };
        assert!(state.not_begun(&key, mail).is_empty());
    }
    state.tell(&Task::Close(EPOCH), address(), &gate);
    let to = Identity { node: NodeId::new("b").unwrap(), incarnation: Incarnation::new(2) };
    let (out, _) = state.tell(&Task::Forward(EPOCH, Some(to)), address(), &gate);
    let sent: Vec<_> = out
        .iter()
        .map(|outgoing| match outgoing {
            Outgoing::Forward(to, mail) => {
                (to.epoch.number(), to.incarnation, mail.message.command.to_string())
            }
            Outgoing::Answer(..) => panic!("{outgoing:?}"),
        })
        .collect();
    let wanted = ["a", "b", "c", "a"].map(|command| (5, Incarnation::new(2), command.to_owned()));
    assert_eq!(sent, wanted);
}

#[test]
fn a_room_that_serves_is_not_opened_by_an_order_that_another_one_has_followed() {
    let gate = open_gate();
    let mut state = State::new(Ownership::new(address(), Arc::clone(&gate)));
    state.tell(&Task::Serve(EPOCH), address(), &gate);
    state.tell(&Task::Drain(EPOCH), address(), &gate);
    state.serve(1);
    assert_eq!(state.mode, Mode::Draining);
    assert!(matches!(enter(&mut state, "a", &gate), Entered::Taken));
}

#[test]
fn what_comes_to_a_closed_or_fenced_room_is_told_to_go_elsewhere() {
    let gate = open_gate();
    for is_fenced in [true, false] {
        let mut state = State::new(Ownership::new(address(), Arc::clone(&gate)));
        state.tell(&Task::Serve(EPOCH), address(), &gate);
        state.serve(1);
        if is_fenced {
            state.ownership.fenced(Epoch::new(9));
        } else {
            state.tell(&Task::Close(EPOCH), address(), &gate);
        }
        assert!(matches!(enter(&mut state, "a", &gate), Entered::Answered(_, Reply::Moved)));
        // It can go on, but for one that has seen a later owner.
        state.tell(&Task::Stop(EPOCH), address(), &gate);
        state.tell(&Task::Serve(EPOCH), address(), &gate);
        let generation = state.generation;
        state.serve(generation);
        assert_eq!(matches!(enter(&mut state, "a", &gate), Entered::Begin(..)), !is_fenced);
    }
}

#[test]
fn what_nobody_waits_for_any_more_is_not_begun() {
    let gate = open_gate();
    let mut state = State::new(Ownership::new(address(), Arc::clone(&gate)));
    state.tell(&Task::Serve(EPOCH), address(), &gate);
    let Mail { message, reply, seat, number } = mail("late");
    let message = message.by(gate.clock().now(), gate.clock());
    let late = Mail { message, reply, seat, number };
    assert!(matches!(state.enter(late, &RoomSettings::default(), &gate), Entered::Late));
    assert!(state.serve(1).is_empty());
}
