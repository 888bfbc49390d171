//! What can be chosen about a server or a cluster.

use std::{fmt::Write as _, marker::PhantomData, time::Duration};

use crate::{Cluster, HarnessError, Server, ServerBinary, config::Options, shared};

/// Chooses what [`Server`] or [`Cluster`] is started with. Of a cluster, each server gets the same.
///
/// | choice | default |
/// | --- | --- |
/// | `binary` | [`ServerBinary::locate`] |
/// | `max_payload`, `sync_interval` | the server's: 1 MiB, 2 minutes |
/// | `keep` | whether `$AETHER_TEST_KEEP` is 1 |
/// | `separable`, of a cluster | no |
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing until `start`"]
pub struct Builder<T> {
    pub(crate) binary: Option<ServerBinary>,
    pub(crate) options: Options,
    pub(crate) keep: Option<bool>,
    /// Of a cluster: whether its servers reach each other through proxies.
    pub(crate) separable: bool,
    makes: PhantomData<fn() -> T>,
}

impl<T> Builder<T> {
    pub(crate) fn new() -> Self {
        Self { binary: None, options: Options::default(), keep: None, separable: false, makes: PhantomData }
    }

    /// Runs this executable.
    pub fn binary(mut self, binary: ServerBinary) -> Self {
        self.binary = Some(binary);
        self
    }

    /// Appends `snippet` to the configuration file, such as `accounts { … }` (each account needs
    /// `jetstream: enabled`). Addresses and ports are given on the command line and win over it, a store directory
    /// in it is refused, and a `jetstream { … }` block in it replaces what `jetstream` and `sync_interval` chose.
    pub fn config(mut self, snippet: &str) -> Self {
        push_lines(&mut self.options.snippet, snippet);
        self
    }

    /// Appends `lines` to the configuration's `jetstream` block, such as `max_file_store: 10MB`.
    pub fn jetstream(mut self, lines: &str) -> Self {
        push_lines(&mut self.options.jetstream, lines);
        self
    }

    /// Syncs files to disk before each acknowledgment.
    pub fn sync_always(self) -> Self {
        self.jetstream("sync_interval: always")
    }

    /// Syncs files to disk this often.
    pub fn sync_interval(self, interval: Duration) -> Self {
        self.jetstream(&format!("sync_interval: \"{}ms\"", interval.as_millis().max(1)))
    }

    /// Refuses larger payloads than this.
    pub fn max_payload(mut self, bytes: u64) -> Self {
        self.options.max_payload_bytes = Some(bytes);
        self
    }

    /// Leaves the servers running and their directories in place at the end, and prints where they are.
    pub fn keep(mut self, keep: bool) -> Self {
        self.keep = Some(keep);
        self
    }

    pub(crate) fn kept(&self) -> Result<bool, HarnessError> {
        self.keep.map_or_else(shared::keep_setting, Ok)
    }

    pub(crate) fn chosen_binary(&self) -> Result<ServerBinary, HarnessError> {
        self.binary.clone().map_or_else(ServerBinary::usual, Ok)
    }
}

impl Builder<Server> {
    /// Starts the server and waits until it is ready.
    ///
    /// # Errors
    ///
    /// - Those of [`ServerBinary::locate`], if no binary was chosen.
    /// - [`HarnessError::EndedAtStart`]: correct the configuration snippet; the error shows the log.
    /// - [`HarnessError::Late`]: not ready in time; the error shows what was missing, and the log.
    /// - [`HarnessError::NoFreePort`], [`HarnessError::BadSetting`], [`HarnessError::System`]: as their texts say.
    pub fn start(self) -> Result<Server, HarnessError> {
        Server::open(&self)
    }
}

impl Builder<Cluster> {
    /// Has the servers reach each other through proxies, so that one can be [cut off](Cluster::cut_off).
    pub fn separable(mut self) -> Self {
        self.separable = true;
        self
    }

    /// Starts the three servers and waits until they have elected a leader and can place streams of three replicas.
    ///
    /// # Errors
    ///
    /// Those of starting one server.
    pub fn start(self) -> Result<Cluster, HarnessError> {
        Cluster::open(&self)
    }
}

fn push_lines(text: &mut String, lines: &str) {
    let _ = writeln!(text, "{lines}");
}
