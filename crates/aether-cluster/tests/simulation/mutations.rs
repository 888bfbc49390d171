//! Each mechanism taken away: the simulation must notice.

use aether_cluster::{Mechanism, Mechanisms};

use crate::seeds::first_violation;

const ALL: [Mechanism; 10] = [
    Mechanism::ExpectedSequence,
    Mechanism::HeadEpoch,
    Mechanism::Claim,
    Mechanism::OwnerInSubject,
    Mechanism::LeaseStop,
    Mechanism::RenewalCas,
    Mechanism::OwnRenewalsSeen,
    Mechanism::PlanByTerm,
    Mechanism::RevokeBeforeAssign,
    Mechanism::ReplyPerAttempt,
];

#[test]
fn without_any_one_mechanism_a_seed_breaks_an_invariant() {
    let mut unnoticed = Vec::new();
    for mechanism in ALL {
        match first_violation(1, 1_000, Mechanisms::all_but(mechanism)) {
            Some((seed, violation)) => println!("without {mechanism:?}, seed {seed}: {violation}"),
            None => unnoticed.push(mechanism),
        }
    }
    assert_eq!(unnoticed, [], "nobody noticed that these were missing");
}
