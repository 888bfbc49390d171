//! Each kind of violation, and a log and histories that have none.

use std::collections::BTreeSet;

use super::{Kind, Message, check, parse};
use crate::content;
use crate::history::{Call, Line, Outcome, Seen};

/// A message at `sequence` that follows `version`, with the events `ids`.
fn message(sequence: u64, version: u64, ids: &[&str], epoch: Option<u64>) -> Message {
    let first = version + 1;
    let objects = (first..).zip(ids).map(|(version, id)| {
        let (kind, time, data) = (content::EVENT_TYPE, content::TIMESTAMP, content::data(id));
        format!(
            r#"{{"id":"{id}","eventType":"{kind}","actorId":"a","version":{version},"data":{data},"timestamp":"{time}"}}"#
        )
    });
    let objects: Vec<String> = objects.collect();
    let (count, payload) = match objects.as_slice() {
        [one] => (None, one.clone()),
        [] => (Some(0), String::new()),
        many => (Some(many.len()), format!("[{}]", many.join(","))),
    };
    let header = |name: &str| match name {
        "Aether-Count" => count.map(|count| count.to_string()),
        "Aether-Epoch" => epoch.map(|epoch| epoch.to_string()),
        _ => Some(version.to_string()),
    };
    parse(sequence, "s.events.a.a", header, payload.as_bytes())
}

fn line(number: u64, at: u64, call: Call) -> Line {
    Line::Invoked { number, at, actor: "a".to_owned(), call }
}

fn append(number: u64, ids: &[&str], epoch: Option<u64>) -> Line {
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    line(number, 10 * number, Call::Append { expected: "any version".to_owned(), epoch, ids, content: 0 })
}

fn ended(number: u64, outcome: Outcome) -> Line {
    Line::Ended { number, at: 10 * number + 5, outcome }
}

fn stored(number: u64, first: u64, last: u64, sequence: u64) -> Line {
    ended(number, Outcome::Stored { first, last, sequence, already: false })
}

fn kinds(messages: &[Message], histories: &[Vec<Line>]) -> Vec<Kind> {
    let kinds: BTreeSet<Kind> = check(messages, histories).iter().map(|violation| violation.kind).collect();
    kinds.into_iter().collect()
}

/// Two commits and a claim, as they were acknowledged.
fn good() -> (Vec<Message>, Vec<Line>) {
    let messages =
        vec![message(1, 0, &["x"], None), message(2, 1, &[], Some(1)), message(3, 1, &["y", "z"], Some(1))];
    let history = vec![
        append(1, &["x"], None),
        stored(1, 1, 1, 1),
        line(2, 20, Call::Claim { epoch: 1 }),
        ended(2, Outcome::Claimed { version: 1 }),
        append(3, &["y", "z"], Some(1)),
        stored(3, 2, 3, 3),
        append(4, &["lost"], None),
        ended(4, Outcome::Conflict { current: 3 }),
    ];
    (messages, history)
}

#[test]
fn what_is_right_has_no_violation() {
    let (messages, history) = good();
    assert_eq!(check(&messages, &[history]), []);
}

#[test]
fn a_call_without_an_end_may_be_there_or_not() {
    let history = vec![append(1, &["x"], None)];
    assert_eq!(kinds(&[message(1, 0, &["x"], None)], &[history.clone()]), []);
    assert_eq!(kinds(&[], &[history]), []);
}

#[test]
fn an_unknown_commit_may_be_there_whole_and_not_in_part() {
    let history = vec![append(1, &["x", "y"], None), ended(1, Outcome::Unknown)];
    assert_eq!(kinds(&[message(1, 0, &["x", "y"], None)], &[history.clone()]), []);
    assert_eq!(kinds(&[message(1, 0, &["x"], None)], &[history]), [Kind::Torn]);
}

#[test]
fn an_unknown_commit_that_fails_when_repeated_may_still_be_there() {
    let failed = ended(1, Outcome::Failed { error: String::new() });
    let history = vec![append(1, &["x"], None), ended(1, Outcome::Unknown), append(1, &["x"], None), failed];
    assert_eq!(kinds(&[message(1, 0, &["x"], None)], &[history.clone()]), []);
    let (first, last) = (history[0].clone(), history[3].clone());
    assert_eq!(kinds(&[message(1, 0, &["x"], None)], &[vec![first, last]]), [Kind::Landed]);
}

#[test]
fn an_acknowledged_commit_that_is_gone_is_lost() {
    let (messages, history) = good();
    assert_eq!(kinds(&messages[..2], &[history]), [Kind::Lost]);
}

#[test]
fn a_commit_elsewhere_than_acknowledged_is_misplaced() {
    let history = |line| vec![append(1, &["x"], None), line];
    let messages = [message(1, 0, &["x"], None)];
    assert_eq!(kinds(&messages, &[history(stored(1, 1, 1, 2))]), [Kind::Misplaced]);
    assert_eq!(kinds(&messages, &[history(stored(1, 2, 2, 1))]), [Kind::Misplaced]);
}

#[test]
fn what_was_refused_and_is_there_has_landed() {
    let (mut messages, history) = good();
    messages.push(message(4, 3, &["lost"], Some(1)));
    assert_eq!(kinds(&messages, &[history]), [Kind::Landed]);
}

#[test]
fn what_nobody_wrote_is_stray() {
    assert_eq!(kinds(&[message(1, 0, &["x"], None)], &[]), [Kind::Stray]);
}

#[test]
fn an_event_or_a_version_that_is_stored_twice_is_found() {
    let history = vec![append(1, &["x"], None), append(2, &["y"], None)];
    let twice = [message(1, 0, &["x"], None), message(2, 1, &["x"], None)];
    assert_eq!(kinds(&twice, &[history.clone()]), [Kind::IdTwice]);
    let same = [message(1, 0, &["x"], None), message(2, 0, &["y"], None)];
    assert_eq!(kinds(&same, &[history]), [Kind::VersionTwice, Kind::VersionGap]);
}

#[test]
fn only_who_numbers_the_events_leaves_versions_out() {
    let call = |expected: &str| {
        let (expected, ids) = (expected.to_owned(), vec!["x".to_owned()]);
        vec![line(1, 10, Call::Append { expected, epoch: None, ids, content: 0 })]
    };
    let mut messages = [message(1, 4, &["x"], None)];
    messages[0].follows = Some(0);
    assert_eq!(kinds(&messages, &[call("exactly version 0")]), [Kind::VersionGap]);
    assert_eq!(kinds(&messages, &[call("a version below 5")]), []);
}

#[test]
fn content_that_is_not_its_writer_s_is_found() {
    let mut messages = [message(1, 0, &["x"], None)];
    messages[0].events[0].intact = false;
    assert_eq!(kinds(&messages, &[vec![append(1, &["x"], None)]]), [Kind::Changed]);
    let header = |name: &str| (name == "Aether-Follows").then(|| "0".to_owned());
    let other = parse(1, "s.events.a.a", header, br#"{"id":"x","version":1,"actorId":"b"}"#);
    assert!(!other.events[0].intact);
    assert_eq!(kinds(&[parse(1, "s.events.a.a", header, b"{")], &[]), [Kind::Malformed]);
}

#[test]
fn epochs_that_go_back_and_late_writers_are_found() {
    let claims = [message(1, 0, &[], Some(2)), message(2, 0, &[], Some(1))];
    assert_eq!(kinds(&claims, &[]), [Kind::EpochBack]);
    let late = [message(1, 0, &[], Some(2)), message(2, 0, &["x"], Some(2))];
    assert_eq!(kinds(&late, &[vec![append(1, &["x"], Some(1))]]), [Kind::LateWriter]);
    assert_eq!(kinds(&late, &[vec![append(1, &["x"], Some(2))]]), []);
}

#[test]
fn a_read_that_misses_what_was_acknowledged_is_stale() {
    let (messages, history) = good();
    let read = |leader, version| {
        let outcome = Outcome::Read { version, events: Vec::new() };
        vec![line(9, 90, Call::Read { leader }), ended(9, outcome)]
    };
    let other = |leader, version| kinds(&messages, &[history.clone(), read(leader, version)]);
    assert_eq!(other(true, 2), [Kind::StaleRead]);
    assert_eq!((other(true, 3), other(false, 2)), (vec![], vec![]));
    let own = [history.clone(), read(false, 2)].concat();
    assert_eq!(kinds(&messages, &[own]), [Kind::StaleRead]);
}

#[test]
fn a_read_that_shows_what_is_not_there_is_wrong() {
    let (messages, history) = good();
    let seen =
        |id: &str, version| Seen { version, id: id.to_owned(), content: content::hash(&content::data(id)) };
    let read = |seen| {
        let outcome = Outcome::Read { version: 3, events: vec![seen] };
        kinds(
            &messages,
            &[history.clone(), vec![line(1, 90, Call::Read { leader: true }), ended(1, outcome)]],
        )
    };
    assert_eq!(read(seen("y", 2)), []);
    assert_eq!(read(seen("y", 3)), [Kind::WrongRead]);
    assert_eq!(read(seen("nothing", 1)), [Kind::WrongRead]);
    assert_eq!(read(Seen { content: 0, ..seen("y", 2) }), [Kind::WrongRead]);
}
