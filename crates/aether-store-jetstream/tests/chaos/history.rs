//! What a worker writes down: each call before it is made, and what came back. One line of JSON each, so that a worker
//! that is killed leaves everything up to its last call.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A line of a history. Calls that repeat an append have its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(crate) enum Line {
    Invoked { number: u64, at: u64, actor: String, call: Call },
    Ended { number: u64, at: u64, outcome: Outcome },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub(crate) enum Call {
    /// `content` is the hash of the events' data, one after the other.
    Append {
        expected: String,
        epoch: Option<u64>,
        ids: Vec<String>,
        content: u64,
    },
    Claim {
        epoch: u64,
    },
    Read {
        leader: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome {
    Stored {
        first: u64,
        last: u64,
        sequence: u64,
        already: bool,
    },
    Claimed {
        version: u64,
    },
    Read {
        version: u64,
        events: Vec<Seen>,
    },
    Conflict {
        current: u64,
    },
    Fenced {
        current: u64,
    },
    Reused,
    Unknown,
    /// Of an append: nothing is in the log.
    Failed {
        error: String,
    },
}

impl Outcome {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Stored { already: false, .. } => "stored",
            Self::Stored { already: true, .. } => "already stored",
            Self::Claimed { .. } => "claimed",
            Self::Read { .. } => "read",
            Self::Conflict { .. } => "conflict",
            Self::Fenced { .. } => "fenced",
            Self::Reused => "id reused",
            Self::Unknown => "unknown",
            Self::Failed { .. } => "failed",
        }
    }
}

/// An event as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) version: u64,
    pub(crate) id: String,
    /// The hash of its data.
    pub(crate) content: u64,
}

/// Nanoseconds of the machine's clock, which all workers share.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Writes a history: each line reaches the operating system before the call goes on.
#[derive(Debug)]
pub(crate) struct Recorder(Mutex<Written>);

#[derive(Debug)]
struct Written {
    file: File,
    waiting: Vec<u8>,
    /// How many bytes there were ever, those that wait included.
    end: u64,
}

impl Recorder {
    pub(crate) fn create(path: &Path) -> Self {
        Self(Mutex::new(Written { file: File::create(path).unwrap(), waiting: Vec::new(), end: 0 }))
    }

    /// Returns when the line is written: together with those of the tasks that had something to say meanwhile.
    pub(crate) async fn write(&self, line: &Line) {
        let end = self.0.lock().unwrap().take(line);
        tokio::task::yield_now().await;
        self.0.lock().unwrap().write_up_to(end);
    }
}

impl Written {
    /// Takes a line, and says where it ends.
    fn take(&mut self, line: &Line) -> u64 {
        let before = self.waiting.len();
        serde_json::to_writer(&mut self.waiting, line).unwrap();
        self.waiting.push(b'\n');
        self.end += (self.waiting.len() - before) as u64;
        self.end
    }

    fn write_up_to(&mut self, end: u64) {
        if end > self.end - self.waiting.len() as u64 {
            self.file.write_all(&self.waiting).unwrap();
            self.waiting.clear();
        }
    }
}

/// Reads a history. A last line that is torn was never acted upon.
pub(crate) fn read(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map_while(|line| serde_json::from_str(line).ok()).collect()
}

/// Counts calls by how they ended.
pub(crate) fn count(histories: &[Vec<Line>]) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    let (mut invoked, mut ended) = (0, 0);
    for line in histories.iter().flatten() {
        match line {
            Line::Invoked { .. } => invoked += 1,
            Line::Ended { outcome, .. } => {
                ended += 1;
                *counts.entry(outcome.name()).or_default() += 1;
            }
        }
    }
    counts.insert("without an end", invoked - ended);
    counts
}

/// Returns how many appends a worker had in flight at most.
pub(crate) fn most_in_flight(histories: &[Vec<Line>]) -> usize {
    let most = |history: &Vec<Line>| {
        let mut open = HashSet::new();
        let after = |line: &Line| {
            match line {
                Line::Invoked { number, call: Call::Append { .. }, .. } => open.insert(*number),
                Line::Invoked { .. } => false,
                Line::Ended { number, .. } => open.remove(number),
            };
            open.len()
        };
        history.iter().map(after).max().unwrap_or_default()
    };
    histories.iter().map(most).max().unwrap_or_default()
}

/// Counts failures by what they say.
pub(crate) fn errors(histories: &[Vec<Line>]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in histories.iter().flatten() {
        if let Line::Ended { outcome: Outcome::Failed { error }, .. } = line {
            *counts.entry(error.clone()).or_default() += 1;
        }
    }
    counts
}

#[tokio::test]
async fn a_line_is_in_the_file_when_its_call_goes_on() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("history");
    let recorder = Recorder::create(&path);
    let calls = (0..100).map(async |number| {
        for number in [number, number + 100] {
            let line = Line::Ended { number, at: number, outcome: Outcome::Unknown };
            recorder.write(&line).await;
            assert!(read(&path).contains(&line));
        }
    });
    futures_util::future::join_all(calls).await;
    assert_eq!(read(&path).len(), 200);
}

#[test]
fn what_repeats_an_append_is_in_flight_once() {
    let invoked = |number, call| Line::Invoked { number, at: 0, actor: String::new(), call };
    let append = |number| {
        let call = Call::Append { expected: String::new(), epoch: None, ids: Vec::new(), content: 0 };
        invoked(number, call)
    };
    let ended = |number| Line::Ended { number, at: 0, outcome: Outcome::Unknown };
    let read = invoked(9, Call::Read { leader: true });
    let one = vec![append(1), ended(1), append(1), append(2), read, ended(1), append(3), ended(3)];
    assert_eq!(most_in_flight(&[one, vec![append(1)]]), 2);
}
