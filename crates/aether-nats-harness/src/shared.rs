//! The server that all tests of a process share.

use std::{
    env, panic,
    sync::{Mutex, OnceLock},
};

use crate::{Cluster, HarnessError, Server, ServerVersion, log};

/// How much of a log one failed test shows; the whole belongs to many tests.
const SHOWN_LINES: usize = 50;

/// Gives the process's server, or cluster of three when `$AETHER_TEST_REPLICAS` is 3: started at the first call, ended
/// with the process. Each panic shows what its log has gained since the last one.
///
/// # Errors
///
/// - [`HarnessError::BadSetting`]: an `$AETHER_TEST_…` variable has a value that means nothing.
/// - Those of [`Server::start`].
///
/// The first call's outcome, good or bad, is every later call's.
pub fn shared() -> Result<&'static Shared, &'static HarnessError> {
    static SHARED: OnceLock<Result<Shared, HarnessError>> = OnceLock::new();
    SHARED.get_or_init(|| Shared::start().inspect(|_| show_logs_on_panic())).as_ref().inspect(|shared| {
        let _ = READY.set(shared);
    })
}

/// Where the panic hook finds the logs: not `shared()`, which it could be called from within.
static READY: OnceLock<&Shared> = OnceLock::new();

/// Is what [`shared`] gives.
#[derive(Debug)]
pub struct Shared(Inner);

#[derive(Debug)]
enum Inner {
    One(Server),
    Three(Cluster),
}

impl Shared {
    fn start() -> Result<Self, HarnessError> {
        let inner = match replicas_setting()? {
            Replicas::One => Inner::One(Server::start()?),
            Replicas::Three => Inner::Three(Cluster::start()?),
        };
        Ok(Self(inner))
    }

    /// Gives the URL of the (first) server.
    #[must_use]
    pub fn url(&self) -> String {
        self.servers().iter().map(Server::url).next().unwrap_or_default()
    }

    /// Gives the URLs of all servers.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.servers().iter().map(Server::url).collect()
    }

    /// Gives how many replicas a stream can have, and should have in the tests: 1 or 3.
    #[must_use]
    pub fn replicas(&self) -> usize {
        self.servers().len()
    }

    /// Gives the servers' version.
    #[must_use]
    pub fn version(&self) -> ServerVersion {
        self.servers().first().map_or(ServerVersion::PINNED, Server::version)
    }

    /// Gives the servers, one or three.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        match &self.0 {
            Inner::One(server) => std::slice::from_ref(server),
            Inner::Three(cluster) => cluster.servers(),
        }
    }
}

/// How many servers the tests share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Replicas {
    One,
    Three,
}

fn replicas_setting() -> Result<Replicas, HarnessError> {
    setting("AETHER_TEST_REPLICAS", "1 or 3", |value| match value {
        "" | "1" => Some(Replicas::One),
        "3" => Some(Replicas::Three),
        _ => None,
    })
}

/// Reads whether servers are left behind.
pub(crate) fn keep_setting() -> Result<bool, HarnessError> {
    setting("AETHER_TEST_KEEP", "0 or 1", |value| match value {
        "" | "0" => Some(false),
        "1" => Some(true),
        _ => None,
    })
}

fn setting<T>(
    variable: &'static str,
    expected: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, HarnessError> {
    let value = env::var_os(variable).unwrap_or_default().to_string_lossy().into_owned();
    read(&value).ok_or(HarnessError::BadSetting { variable, value, expected })
}

/// The shared servers are never dropped, so a failed test shows their log by the panic hook. Only what is new: a
/// property test panics hundreds of times while it shrinks.
fn show_logs_on_panic() {
    let shown = Mutex::new(Vec::new());
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        before(panic);
        if let (Some(shared), Ok(mut shown)) = (READY.get(), shown.try_lock()) {
            shown.resize(shared.replicas(), 0);
            shared.servers().iter().zip(shown.iter_mut()).for_each(|(server, at)| show_new(server, at));
        }
    }));
}

fn show_new(server: &Server, shown: &mut usize) {
    let text = server.log();
    let new = text.get(*shown..).unwrap_or_default();
    if !new.is_empty() {
        eprintln!("--- log of the shared {}\n{}\n--- end of log", server.url(), log::tail(new, SHOWN_LINES));
    }
    *shown = text.len();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_means_nothing_is_named() {
        let error = setting("AETHER_TEST_NONE", "something", |_| None::<()>).unwrap_err().to_string();
        assert_eq!(error, "$AETHER_TEST_NONE is \"\", expected something: correct or unset it");
    }
}
