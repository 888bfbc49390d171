//! What a benchmark program is told by whoever runs it.

use std::path::PathBuf;

/// Anything that keeps a row from being measured.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of a measurement.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// How a benchmark program is to run.
#[derive(Debug, Clone)]
pub struct Program {
    /// Where the report goes (`$AETHER_BENCH_REPORT`); without it, to the standard output.
    pub report: Option<PathBuf>,
    /// Whether to measure less, to be done sooner (`$AETHER_BENCH_QUICK`).
    pub quick: bool,
    /// Only rows with this in their name (`$AETHER_BENCH_ONLY`).
    pub only: Option<String>,
}

impl Program {
    /// Reads the settings; nothing when the program is not run as a benchmark: `cargo test --benches` runs it too.
    #[must_use]
    pub fn start() -> Option<Self> {
        let setting = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        std::env::args().any(|argument| argument == "--bench").then(|| Self {
            report: setting("AETHER_BENCH_REPORT").map(PathBuf::from),
            quick: setting("AETHER_BENCH_QUICK").is_some(),
            only: setting("AETHER_BENCH_ONLY").map(|only| only.to_string_lossy().into_owned()),
        })
    }

    /// Chooses by how much there is time for.
    pub fn choose<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Says whether the row or plot of this name is asked for.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }
}
