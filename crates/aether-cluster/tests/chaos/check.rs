//! The checker: the log and the histories of the clients, and nothing else. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::history::{Ask, Asked, Micros, Outcome};

/// An event in the log of one actor, in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) sequence: u64,
    pub(crate) version: u64,
    pub(crate) change: i64,
    pub(crate) command: String,
}

/// What lies in the log of one actor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Actor {
    pub(crate) events: Vec<Stored>,
    /// The epochs of its messages, claims among them, in the order of the log.
    pub(crate) epochs: Vec<(u64, u64)>,
}

pub(crate) type Log = BTreeMap<String, Actor>;

/// What must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    Gap { actor: String, sequence: u64, version: u64, expected: u64 },
    EpochWentBack { actor: String, sequence: u64, from: u64, to: u64 },
    Twice { actor: String, command: String, versions: (u64, u64) },
    AcknowledgedIsNotThere { ask: Ask },
    Elsewhere { ask: Ask, version: u64 },
    RejectedIsThere { ask: Ask, version: u64 },
    NobodyAsked { actor: String, command: String },
    Old { ask: Ask, version: u64, floor: u64 },
    NeverWas { ask: Ask },
    NoEnd { ask: Ask },
    Late { ask: Ask, by: Micros },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Compares what was stored with what clients were told.
pub(crate) fn check(log: &Log, asks: &[Ask]) -> Vec<Violation> {
    let mut wrong: Vec<_> = log.iter().flat_map(|(name, actor)| check_actor(name, actor)).collect();
    let known: BTreeSet<&str> = asks.iter().map(|ask| ask.command.as_str()).collect();
    let strangers = log.iter().flat_map(|(name, actor)| {
        let unknown = actor.events.iter().filter(|event| !known.contains(event.command.as_str()));
        unknown.map(|event| Violation::NobodyAsked { actor: name.clone(), command: event.command.clone() })
    });
    wrong.extend(strangers);
    let nothing = Actor::default();
    for (name, asks) in by_actor(asks) {
        let actor = log.get(name).unwrap_or(&nothing);
        wrong.extend(asks.iter().filter_map(|ask| check_end(actor, ask)));
        wrong.extend(check_reads(&asks));
    }
    wrong
}

fn by_actor(asks: &[Ask]) -> BTreeMap<&str, Vec<&Ask>> {
    let mut by_actor: BTreeMap<&str, Vec<&Ask>> = BTreeMap::new();
    asks.iter().for_each(|ask| by_actor.entry(&ask.actor).or_default().push(ask));
    by_actor
}

fn check_actor(name: &str, actor: &Actor) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for (event, expected) in actor.events.iter().zip(1..) {
        if event.version != expected {
            let (actor, sequence, version) = (name.to_owned(), event.sequence, event.version);
            wrong.push(Violation::Gap { actor, sequence, version, expected });
        }
    }
    for pair in actor.epochs.windows(2) {
        let ((_, from), (sequence, to)) = (pair[0], pair[1]);
        if to < from {
            wrong.push(Violation::EpochWentBack { actor: name.to_owned(), sequence, from, to });
        }
    }
    let mut seen = BTreeMap::new();
    for event in &actor.events {
        if let Some(first) = seen.insert(&event.command, event.version) {
            let (actor, command) = (name.to_owned(), event.command.clone());
            wrong.push(Violation::Twice { actor, command, versions: (first, event.version) });
        }
    }
    wrong
}

/// Whether the log has what the end of an ask says.
fn check_end(actor: &Actor, ask: &Ask) -> Option<Violation> {
    let (_, outcome) = ask.end.as_ref()?;
    let there = actor.events.iter().find(|event| event.command == ask.command);
    let ask = ask.clone();
    match (outcome, there) {
        (Outcome::Stored { .. }, None) => Some(Violation::AcknowledgedIsNotThere { ask }),
        (Outcome::Stored { version, value }, Some(event)) => {
            let is_it = event.version == *version && value_at(actor, *version) == Some(*value);
            let (version, is_asked) = (event.version, ask.asked == Asked::Add(event.change));
            (!is_it || !is_asked).then_some(Violation::Elsewhere { ask, version })
        }
        (Outcome::Rejected, Some(event)) => Some(Violation::RejectedIsThere { ask, version: event.version }),
        (Outcome::Answered { version, value }, _) => {
            (value_at(actor, *version) != Some(*value)).then_some(Violation::NeverWas { ask })
        }
        (Outcome::Rejected, None) | (Outcome::Failed(_), _) => None,
    }
}

fn value_at(actor: &Actor, version: u64) -> Option<i64> {
    let events = actor.events.get(..usize::try_from(version).ok()?)?;
    Some(events.iter().map(|event| event.change).sum())
}

/// Each answer has seen what anybody was told before it was asked for.
fn check_reads(asks: &[&Ask]) -> Vec<Violation> {
    let told = asks.iter().filter_map(|ask| {
        let (at, outcome) = ask.end.as_ref()?;
        version_of(outcome).map(|version| (*at, version))
    });
    let mut told: Vec<(Micros, u64)> = told.collect();
    told.sort_unstable();
    // The highest version that anybody was told of up to then.
    let mut highest = 0;
    for (_, version) in &mut told {
        highest = highest.max(*version);
        *version = highest;
    }
    let floor = |began: Micros| match told.partition_point(|(at, _)| *at < began) {
        0 => 0,
        before => told[before - 1].1,
    };
    let old = asks.iter().filter_map(|ask| {
        let (_, outcome) = ask.end.as_ref()?;
        let (version, floor) = (version_of(outcome)?, floor(ask.began));
        // What was stored may be an earlier attempt's: a command that is asked for again is where it was.
        (version < floor).then(|| Violation::Old { ask: (*ask).clone(), version, floor })
    });
    old.collect()
}

fn version_of(outcome: &Outcome) -> Option<u64> {
    match outcome {
        Outcome::Stored { version, .. } | Outcome::Answered { version, .. } => Some(*version),
        Outcome::Rejected | Outcome::Failed(_) => None,
    }
}

/// Each ask has an end, unless its process was killed, and not much later than it was to have one.
pub(crate) fn check_ends(asks: &[Ask], killed: &BTreeSet<String>, late_by: Micros) -> Vec<Violation> {
    let wrong = asks.iter().filter_map(|ask| match &ask.end {
        None => (!killed.contains(&ask.process)).then(|| Violation::NoEnd { ask: ask.clone() }),
        Some((at, _)) => {
            let by = (at - ask.began).saturating_sub(ask.within);
            (by > late_by).then(|| Violation::Late { ask: ask.clone(), by })
        }
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(version: u64, change: i64, command: &str) -> Stored {
        Stored { sequence: 10 * version, version, change, command: command.to_owned() }
    }

    fn log(events: Vec<Stored>, epochs: Vec<(u64, u64)>) -> Log {
        Log::from([("a".to_owned(), Actor { events, epochs })])
    }

    fn ask(command: &str, asked: Asked, began: Micros, end: Option<(Micros, Outcome)>) -> Ask {
        let (process, command, actor) = ("p".to_owned(), command.to_owned(), "a".to_owned());
        Ask { process, began, command, actor, asked, within: 100, end }
    }

    type Change = fn(&mut Log, &mut Vec<Ask>);

    fn stored(version: u64, value: i64) -> Outcome {
        Outcome::Stored { version, value }
    }

    fn read(version: u64, value: i64) -> Outcome {
        Outcome::Answered { version, value }
    }

    /// What the histories and the log of a run say in which nothing is wrong.
    fn right() -> (Log, Vec<Ask>) {
        let log = log(vec![event(1, 5, "x"), event(2, -2, "y")], vec![(5, 1), (10, 1), (15, 2), (20, 2)]);
        let asks = vec![
            ask("x", Asked::Add(5), 0, Some((10, stored(1, 5)))),
            ask("y", Asked::Add(-2), 20, Some((30, stored(2, 3)))),
            ask("r", Asked::Read, 12, Some((35, read(1, 5)))),
            ask("n", Asked::Add(9), 40, Some((45, Outcome::Rejected))),
        ];
        (log, asks)
    }

    #[test]
    fn what_is_right_is_right() {
        let (log, asks) = right();
        assert_eq!(check(&log, &asks), []);
        assert_eq!(check_ends(&asks, &BTreeSet::new(), 0), []);
    }

    #[test]
    fn each_wrong_is_found() {
        let name = |violation: &Violation| format!("{violation:?}").split_once(' ').unwrap().0.to_owned();
        let found = |change: Change| {
            let (mut log, mut asks) = right();
            change(&mut log, &mut asks);
            check(&log, &asks).iter().map(name).collect::<BTreeSet<_>>()
        };
        let table: [(&str, Change); 9] = [
            ("Gap", |log, _| log.get_mut("a").unwrap().events[1].version = 3),
            ("EpochWentBack", |log, _| log.get_mut("a").unwrap().epochs[3].1 = 1),
            ("Twice", |log, _| log.get_mut("a").unwrap().events.push(event(3, 5, "x"))),
            ("AcknowledgedIsNotThere", |log, _| drop(log.get_mut("a").unwrap().events.pop())),
            ("Elsewhere", |_, asks| asks[1].end = Some((30, stored(2, 4)))),
            ("RejectedIsThere", |_, asks| asks[0].end = Some((30, Outcome::Rejected))),
            ("NobodyAsked", |_, asks| drop(asks.remove(0))),
            ("Old", |_, asks| asks[2].began = 31),
            ("NeverWas", |_, asks| asks[2].end = Some((35, read(1, 6)))),
        ];
        for (wanted, change) in table {
            assert!(found(change).contains(wanted), "{wanted}: {:?}", found(change));
        }
    }

    #[test]
    fn an_ask_without_an_end_is_excused_by_the_death_of_its_process_alone() {
        let open = [ask("x", Asked::Read, 0, None)];
        assert!(matches!(check_ends(&open, &BTreeSet::new(), 0)[..], [Violation::NoEnd { .. }]));
        assert_eq!(check_ends(&open, &BTreeSet::from(["p".to_owned()]), 0), []);
        let late = [ask("x", Asked::Read, 0, Some((151, Outcome::Rejected)))];
        assert!(matches!(check_ends(&late, &BTreeSet::new(), 50)[..], [Violation::Late { by: 51, .. }]));
    }
}
