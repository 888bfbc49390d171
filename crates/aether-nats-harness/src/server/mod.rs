//! One running server.

mod lifecycle;
mod prepare;

use std::{path::PathBuf, thread};

use crate::{
    Builder, HarnessError, ServerBinary, ServerVersion, log, port::PortLease, process::Process,
    ready::Readiness,
};

pub(crate) use self::{lifecycle::START_LIMIT, prepare::Member};

/// How much of the log an error or a failed test shows.
const SHOWN_LINES: usize = 200;

/// Runs one nats-server with JetStream on 127.0.0.1 and a temporary directory. Dropping it kills the server and
/// removes the directory; in a panicking thread it prints the end of the log first.
///
/// Its port and its directory stay the same over [`stop`](Self::stop), [`kill`](Self::kill) and
/// [`start_again`](Self::start_again).
#[derive(Debug)]
pub struct Server {
    // First, so that the server is gone before its ports are free for others.
    process: Process,
    binary: ServerBinary,
    name: String,
    directory: PathBuf,
    readiness: Readiness,
    keep: bool,
    client_port: PortLease,
    monitor_port: PortLease,
    _route_port: Option<PortLease>,
}

impl Server {
    /// Starts a server with every default.
    ///
    /// # Errors
    ///
    /// As [`Builder::start`](Builder#method.start).
    pub fn start() -> Result<Self, HarnessError> {
        Self::builder().start()
    }

    /// Chooses what to start.
    pub fn builder() -> Builder<Self> {
        Builder::new()
    }

    pub(crate) fn open(builder: &Builder<Self>) -> Result<Self, HarnessError> {
        let mut server = Self::prepare(builder, None)?;
        server.start_again()?;
        Ok(server)
    }

    /// Gives the URL for clients, such as `nats://127.0.0.1:20123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port())
    }

    /// Gives the port for clients.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.client_port.port()
    }

    /// Gives the port of the HTTP monitoring endpoint.
    #[must_use]
    pub fn monitor_port(&self) -> u16 {
        self.monitor_port.port()
    }

    /// Gives the process id, if the server runs (paused or not).
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.pid().and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok())
    }

    /// Gives the version of the executable.
    #[must_use]
    pub fn version(&self) -> ServerVersion {
        self.binary.version()
    }

    /// Gives the name that the server has in a cluster.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the folder of the streams. It ends with the value, unless kept.
    #[must_use]
    pub fn store_dir(&self) -> PathBuf {
        self.directory.join("store")
    }

    /// Gives everything that the server has logged, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        log::read(&self.directory.join("server.log"))
    }

    pub(crate) fn end_of_log(&self) -> String {
        log::tail(&self.log(), SHOWN_LINES).to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            let place = if self.keep { self.directory.display().to_string() } else { String::new() };
            eprintln!("--- log of {} {place}\n{}\n--- end of log", self.url(), self.end_of_log());
        }
    }
}
