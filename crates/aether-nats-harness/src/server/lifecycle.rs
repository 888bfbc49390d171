//! Starting and ending a prepared server, over and over.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use rustix::process::Signal;

use super::Server;
use crate::{HarnessError, poll, ready};

/// How long a server may take to be ready. Mostly 0.1 s; on a busy machine much more.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(60);
/// How long it may take to end when asked.
const STOP_LIMIT: Duration = Duration::from_secs(30);

impl Server {
    /// Starts the server on its port and its directory, and waits until it is ready. In a cluster that has no
    /// majority, "ready" cannot include the streams: see [`Cluster::wait_until_ready`](crate::Cluster::wait_until_ready).
    ///
    /// # Errors
    ///
    /// - [`HarnessError::AlreadyRunning`]: stop or kill it first.
    /// - [`HarnessError::EndedAtStart`], [`HarnessError::Late`]: the error shows the log.
    pub fn start_again(&mut self) -> Result<(), HarnessError> {
        self.launch()?;
        self.wait_until_ready()
    }

    /// Starts the process, without waiting for it.
    pub(crate) fn launch(&mut self) -> Result<(), HarnessError> {
        if self.pid().is_some() {
            return Err(HarnessError::AlreadyRunning { url: self.url() });
        }
        if !self.process.launch(START_LIMIT)? {
            return Err(self.late("the shell did not start the server", START_LIMIT, "none".to_owned()));
        }
        if self.keep {
            self.say_where();
        }
        Ok(())
    }

    /// Waits until other servers can connect to this one.
    pub(crate) fn wait_until_routes_open(&self) -> Result<(), HarnessError> {
        let outcome = poll::until(START_LIMIT, || match self.pid() {
            None => Ok(Err(self.ended_at_start())),
            // Not by connecting, which the server would take for a route.
            Some(_) if self.log().contains("Listening for route connections") => Ok(Ok(())),
            Some(_) => Err(()),
        });
        outcome
            .unwrap_or_else(|()| Err(self.late("the server took no routes", START_LIMIT, "none".to_owned())))
    }

    /// Waits until the running process can be used.
    pub(crate) fn wait_until_ready(&self) -> Result<(), HarnessError> {
        let outcome = poll::until(START_LIMIT, || {
            let (port, monitor_port) = (self.port(), self.monitor_port());
            match self.pid() {
                Some(_) => ready::check(port, monitor_port, self.readiness).map(Ok),
                None => Ok(Err(self.ended_at_start())),
            }
        });
        outcome.unwrap_or_else(|last| Err(self.late("the server was not ready", START_LIMIT, last)))
    }

    /// Ends the server as an administrator does (SIGTERM), and waits. A paused one is resumed for it.
    ///
    /// # Errors
    ///
    /// - [`HarnessError::NotRunning`]: there is nothing to stop.
    /// - [`HarnessError::Late`]: it still runs after 30 seconds. Kill it.
    pub fn stop(&mut self) -> Result<(), HarnessError> {
        self.signal(Signal::TERM)?;
        // A stopped process takes nothing but SIGKILL and SIGCONT; a running one ignores the latter.
        let _ = self.signal(Signal::CONT);
        self.wait_until_ended()
    }

    /// Ends the server as a crash does (SIGKILL), and waits. Works on a paused one.
    ///
    /// # Errors
    ///
    /// [`HarnessError::NotRunning`]: there is nothing to kill.
    pub fn kill(&mut self) -> Result<(), HarnessError> {
        self.signal(Signal::KILL)?;
        self.wait_until_ended()
    }

    /// Stops the server and starts it again on the same port and directory.
    ///
    /// # Errors
    ///
    /// Those of [`stop`](Self::stop) and [`start_again`](Self::start_again).
    pub fn restart(&mut self) -> Result<(), HarnessError> {
        self.stop()?;
        self.start_again()
    }

    /// Freezes the server (SIGSTOP), and waits until it stands still: connections stay open and nothing is answered.
    ///
    /// # Errors
    ///
    /// [`HarnessError::NotRunning`]: there is nothing to pause.
    pub fn pause(&mut self) -> Result<(), HarnessError> {
        self.signal(Signal::STOP)?;
        let stopped = || {
            if self.process.is_stopped() { Ok(()) } else { Err(()) }
        };
        poll::until(STOP_LIMIT, stopped)
            .map_err(|()| self.late("the server did not pause", STOP_LIMIT, "it runs".to_owned()))
    }

    /// Lets a paused server go on (SIGCONT).
    ///
    /// # Errors
    ///
    /// [`HarnessError::NotRunning`]: there is nothing to resume.
    pub fn resume(&mut self) -> Result<(), HarnessError> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), HarnessError> {
        match self.process.signal(signal)? {
            true => Ok(()),
            false => Err(HarnessError::NotRunning { url: self.url() }),
        }
    }

    fn wait_until_ended(&self) -> Result<(), HarnessError> {
        poll::until(STOP_LIMIT, || self.pid().map_or(Ok(()), Err))
            .map_err(|pid| self.late("the server did not end", STOP_LIMIT, format!("process {pid} runs")))
    }

    fn ended_at_start(&self) -> HarnessError {
        let status = format!("exit status {}", self.process.last_status());
        HarnessError::EndedAtStart { status, log: self.end_of_log() }
    }

    fn late(&self, what: &'static str, waited: Duration, last: String) -> HarnessError {
        HarnessError::Late { what, waited, last, log: self.end_of_log() }
    }

    /// Prints where a kept server is; not through `eprintln`, which a test that passes does not show.
    fn say_where(&self) {
        let (url, directory) = (self.url(), self.directory.display());
        let pid = self.pid().unwrap_or_default();
        let _ = writeln!(
            io::stderr(),
            "kept nats-server: {url}, process {pid}, directory {directory}; to end it: kill {pid}; rm -r {directory}"
        );
    }
}
