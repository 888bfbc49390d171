//! The lines between the servers of a cluster, through proxies, so that one can be cut off from the others.

use crate::{HarnessError, Proxy, port::PortLease};

/// A proxy for each way that one server may connect to another.
#[derive(Debug)]
pub(super) struct Routes {
    lines: Vec<Line>,
    nobody: PortLease,
}

#[derive(Debug)]
struct Line {
    from: usize,
    to: usize,
    proxy: Proxy,
}

impl Routes {
    /// Starts a proxy before each of `ports` for each of the other servers.
    pub(super) fn start(ports: &[u16]) -> Result<Self, HarnessError> {
        let pairs = ports.iter().enumerate().flat_map(|(to, port)| {
            let others = (0..ports.len()).filter(move |from| *from != to);
            others.map(move |from| (from, to, port))
        });
        let lines = pairs.map(|(from, to, port)| {
            let proxy = Proxy::start(format!("127.0.0.1:{port}"))?;
            Ok(Line { from, to, proxy })
        });
        let lines = lines.collect::<Result<_, HarnessError>>()?;
        Ok(Self { lines, nobody: PortLease::take()? })
    }

    /// Returns the ports by which server `from` reaches the others.
    pub(super) fn peers_of(&self, from: usize) -> Vec<u16> {
        self.lines.iter().filter(|line| line.from == from).map(|line| line.proxy.port()).collect()
    }

    /// Returns a port where nobody listens: what servers tell each other of the way to a third one must lead nowhere.
    pub(super) fn nobody(&self) -> u16 {
        self.nobody.port()
    }

    /// Returns the proxies on the lines from and to a server.
    pub(super) fn of(&self, server: usize) -> impl Iterator<Item = &Proxy> {
        let meets = move |line: &&Line| line.from == server || line.to == server;
        self.lines.iter().filter(meets).map(|line| &line.proxy)
    }
}
