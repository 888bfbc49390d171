//! What a worker writes down: each call before it is made, and what came back. One line of JSON each, so that a worker
//! that is killed leaves everything up to its last call.

use std::collections::BTreeMap;
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
pub(crate) struct Recorder(Mutex<File>);

impl Recorder {
    pub(crate) fn create(path: &Path) -> Self {
        Self(Mutex::new(File::create(path).unwrap()))
    }

    pub(crate) fn write(&self, line: &Line) {
        let text = serde_json::to_string(line).unwrap() + "\n";
        self.0.lock().unwrap().write_all(text.as_bytes()).unwrap();
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
