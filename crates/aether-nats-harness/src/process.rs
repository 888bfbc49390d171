//! The server's process, seen through its wrapper.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    HarnessError,
    error::Doing,
    stopped,
    wrapper::{Event, Wrapper},
};

/// Knows whether the server runs, also when it ended by itself.
#[derive(Debug)]
pub(crate) struct Process(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    wrapper: Wrapper,
    pid: Option<Pid>,
    last_status: String,
}

impl Process {
    pub(crate) fn new(wrapper: Wrapper) -> Self {
        Self(Mutex::new(Inner { wrapper, pid: None, last_status: String::new() }))
    }

    /// Gives the process id while it runs.
    pub(crate) fn pid(&self) -> Option<Pid> {
        let mut inner = self.inner();
        while let Some(event) = inner.pid.and_then(|_| inner.wrapper.past_event()) {
            inner.record(event);
        }
        inner.pid
    }

    /// Gives how it ended last.
    pub(crate) fn last_status(&self) -> String {
        self.inner().last_status.clone()
    }

    /// Starts it, which must not run. Gives whether it did within `limit`; it may have ended since.
    pub(crate) fn launch(&self, limit: Duration) -> Result<bool, HarnessError> {
        let mut inner = self.inner();
        inner.wrapper.launch()?;
        let event = inner.wrapper.next_event(limit);
        let happened = event.is_some();
        event.into_iter().for_each(|event| inner.record(event));
        Ok(happened)
    }

    /// Sends a signal; gives `false` when it does not run.
    pub(crate) fn signal(&self, signal: Signal) -> Result<bool, HarnessError> {
        let Some(pid) = self.pid() else { return Ok(false) };
        match kill_process(pid, signal) {
            // It ended a moment ago.
            Err(rustix::io::Errno::SRCH) => Ok(false),
            sent => sent
                .map(|()| true)
                .map_err(io::Error::from)
                .doing(|| format!("sending {signal:?} to process {pid}")),
        }
    }

    /// Says whether it stands still, or is gone.
    pub(crate) fn is_stopped(&self) -> bool {
        self.pid().is_none_or(stopped::is_stopped)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn record(&mut self, event: Event) {
        match event {
            Event::Started(pid) => self.pid = Pid::from_raw(pid),
            Event::Exited(status) => (self.pid, self.last_status) = (None, status),
        }
    }
}
