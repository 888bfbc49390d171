//! Ports that nobody else takes while a server is down.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    path::PathBuf,
    sync::OnceLock,
};

use crate::{HarnessError, error::Doing};

/// Below what kernels give to outgoing connections (32,768 on Linux, 49,152 elsewhere): nothing takes one by chance.
const PORTS: Range<u16> = 20_000..32_000;

/// Reserves a port of 127.0.0.1 among all processes that use this crate, for as long as it lives.
#[derive(Debug)]
pub(crate) struct PortLease {
    port: u16,
    // The lock ends with the file, and so with the process.
    _lock: File,
}

impl PortLease {
    /// Takes a port that nobody has leased and nobody listens on.
    pub(crate) fn take() -> Result<Self, HarnessError> {
        let folder = folder()?;
        // Processes begin at different places, so that they do not try each other's ports one by one.
        let start = RandomState::new().hash_one(std::process::id());
        let count = u64::from(PORTS.end - PORTS.start);
        (0..count)
            .filter_map(|step| u16::try_from((start % count + step) % count).ok())
            .find_map(|offset| Self::try_take(&folder, PORTS.start + offset))
            .ok_or(HarnessError::NoFreePort)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn try_take(folder: &std::path::Path, port: u16) -> Option<Self> {
        let lock = File::create(folder.join(port.to_string())).ok()?;
        lock.try_lock().ok()?;
        // After the lock: a server of a process that was just killed may still be there.
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
        Some(Self { port, _lock: lock })
    }
}

/// Makes the folder of the lock files, one per user: another user's could not be locked. The files stay: removing
/// one would let two processes lock two files of the same name.
fn folder() -> Result<PathBuf, HarnessError> {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let user = rustix::process::getuid().as_raw();
    let path = FOLDER.get_or_init(|| std::env::temp_dir().join(format!("aether-nats-ports-{user}")));
    fs::create_dir_all(path).doing(|| format!("making {}", path.display()))?;
    Ok(path.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn leases_differ_and_lie_in_the_range() {
        let leases: Vec<_> = (0..50).map(|_| PortLease::take().unwrap()).collect();
        let ports: HashSet<_> = leases.iter().map(PortLease::port).collect();
        assert_eq!(ports.len(), 50);
        assert!(ports.iter().all(|port| PORTS.contains(port)));
    }

    #[test]
    fn a_leased_port_is_refused_until_the_lease_ends() {
        let lease = PortLease::take().unwrap();
        let folder = folder().unwrap();
        assert!(PortLease::try_take(&folder, lease.port()).is_none());
        let port = lease.port();
        drop(lease);
        // Not at once: another test may be starting a process, which has a copy of the file until it runs.
        let again = || PortLease::try_take(&folder, port).ok_or(());
        assert!(crate::poll::until(std::time::Duration::from_secs(20), again).is_ok());
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_refused() {
        let lease = PortLease::take().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, lease.port())).unwrap();
        let port = lease.port();
        drop(lease);
        assert!(PortLease::try_take(&folder().unwrap(), port).is_none());
        drop(listener);
    }
}
