//! The same races without one mechanism are caught by the checker: without these tests it might be blind. That of
//! `LeaderReads` is in `follower`.

use std::collections::BTreeMap;
use std::time::Duration;

use aether_store_jetstream::Mechanism;

use crate::check::Kind;
use crate::nemesis::{Fault, Pace};
use crate::round::{self, Plan};
use crate::site::Site;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Answers are lost all the time.
const LOST_ANSWERS: Pace = &[(Fault::AnswersDropped, millis(20))];
/// Requests are lost on the way, and come late.
const LOST_REQUESTS: Pace = &[(Fault::LinkCut, millis(40)), (Fault::RequestsDelayed, millis(150))];
fn plan(pace: Pace, seed: u64, without: Option<Mechanism>) -> Plan {
    Plan {
        seed,
        lasts: millis(1_200),
        messages: u64::MAX,
        workers: 3,
        racers: 3,
        others: 0,
        reads: 8,
        answers_within: millis(250),
        pace,
        without,
    }
}

/// Runs rounds without the mechanism until one shows it, and asserts that it shows as one of `kinds`.
fn is_caught(mechanism: Mechanism, pace: Pace, mut site: Site, kinds: &[Kind]) {
    let mut found: BTreeMap<Kind, u64> = BTreeMap::new();
    for seed in 1..=20 {
        let summary = round::run(&mut site, plan(pace, seed, Some(mechanism)), |_| {});
        for violation in &summary.violations {
            *found.entry(violation.kind).or_default() += 1;
        }
        if let Some(first) = summary.violations.iter().find(|violation| kinds.contains(&violation.kind)) {
            println!("without {mechanism:?}, round {seed}: {found:?}, such as {first}");
            return;
        }
    }
    panic!("without {mechanism:?} the checker found {found:?}, none of {kinds:?}");
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn without_the_expected_sequence_versions_are_stored_twice() {
    is_caught(Mechanism::ExpectedSequence, &[], Site::one(), &[Kind::VersionTwice]);
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn without_recognizing_its_own_write_a_conflict_is_in_the_log() {
    is_caught(Mechanism::OwnWriteRecognition, LOST_ANSWERS, Site::one(), &[Kind::Landed, Kind::IdTwice]);
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn without_repeating_the_same_bytes_commits_are_not_what_was_written() {
    is_caught(Mechanism::SameBytesOnRetry, LOST_REQUESTS, Site::one(), &[Kind::Lost, Kind::Stray]);
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn without_resolving_any_once_events_are_stored_twice() {
    is_caught(Mechanism::AnyResolvedOnce, LOST_ANSWERS, Site::one(), &[Kind::IdTwice]);
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn without_looking_for_a_higher_epoch_late_writers_append() {
    is_caught(Mechanism::HeadEpochCheck, &[], Site::one(), &[Kind::LateWriter]);
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn with_every_mechanism_the_same_faults_break_nothing() {
    let mut one = Site::one();
    for pace in [LOST_ANSWERS, LOST_REQUESTS] {
        let summary = round::run(&mut one, plan(pace, 1, None), |_| {});
        assert!(summary.violations.is_empty(), "{summary}");
    }
}
