//! What clients did and were told, a line each, written as it happens: a process that is killed leaves what it had written.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// What a client asks of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asked {
    Add(i64),
    Read,
    Linearizable,
}

/// How an ask ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Stored {
        version: u64,
        value: i64,
    },
    Answered {
        version: u64,
        value: i64,
    },
    Rejected,
    /// What it says; nothing is known of its effect.
    Failed(String),
}

/// Microseconds of a clock that all processes of the machine share.
pub(crate) type Micros = u64;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Begin {
        at: Micros,
        command: String,
        actor: String,
        asked: Asked,
        within: Micros,
    },
    End {
        at: Micros,
        command: String,
        outcome: Outcome,
    },
    /// What became of the process itself: it has joined, was declared dead, has left.
    Life(String),
}

/// Where a process writes its history.
#[derive(Debug)]
pub(crate) struct Book(Mutex<File>);

impl Book {
    pub(crate) fn open(path: &Path) -> Self {
        Self(Mutex::new(OpenOptions::new().create(true).append(true).open(path).unwrap()))
    }

    pub(crate) fn write(&self, line: &Line) {
        let mut text = serde_json::to_vec(line).unwrap();
        text.push(b'\n');
        self.0.lock().unwrap().write_all(&text).unwrap();
    }
}

/// One ask, with its end if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Who asked: the name of its history.
    pub(crate) process: String,
    pub(crate) began: Micros,
    pub(crate) command: String,
    pub(crate) actor: String,
    pub(crate) asked: Asked,
    pub(crate) within: Micros,
    pub(crate) end: Option<(Micros, Outcome)>,
}

/// What processes wrote.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    pub(crate) asks: Vec<Ask>,
    /// How often each thing became of one.
    pub(crate) lives: BTreeMap<String, u64>,
}

/// Reads the histories of a folder, one of each process. What a killed one wrote last may be half a line.
pub(crate) fn read(folder: &Path) -> Histories {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "history"));
    files.sort();
    let mut histories = Histories::default();
    for path in &files {
        let process = path.file_stem().unwrap().to_string_lossy().into_owned();
        histories.add(&process, &std::fs::read_to_string(path).unwrap());
    }
    histories
}

impl Histories {
    fn add(&mut self, process: &str, text: &str) {
        let mut asks: BTreeMap<String, Ask> = BTreeMap::new();
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(Line::Begin { at, command, actor, asked, within }) => {
                    let (process, named) = (process.to_owned(), command.clone());
                    asks.insert(
                        command,
                        Ask { process, began: at, command: named, actor, asked, within, end: None },
                    );
                }
                Ok(Line::End { at, command, outcome }) => {
                    asks.get_mut(&command).unwrap().end = Some((at, outcome));
                }
                Ok(Line::Life(what)) => *self.lives.entry(what).or_default() += 1,
                Err(_) => assert!(!text.ends_with('\n'), "no line of a history: {line}"),
            }
        }
        self.asks.extend(asks.into_values());
    }
}

/// Reads the clock that all processes of the machine share.
pub(crate) fn now() -> Micros {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000 + u64::try_from(time.tv_nsec).unwrap() / 1_000
}
