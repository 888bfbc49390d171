//! When a server can be used.

use std::{
    io::{self, BufRead, BufReader, Read},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use crate::http;

/// How much a server has to be able to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Readiness {
    /// Everything: streams and consumers are recovered.
    Whole,
    /// JetStream is on. All that a member of a cluster can promise while there is no majority.
    Member,
}

/// Says what a server still lacks.
pub(crate) fn check(port: u16, monitor_port: u16, readiness: Readiness) -> Result<(), String> {
    greeting(port).map_err(|error| format!("client port: {error}"))?;
    let path = match readiness {
        Readiness::Whole => "/healthz",
        Readiness::Member => "/healthz?js-enabled-only=true",
    };
    http::get(monitor_port, path).map(drop).map_err(|error| format!("{path}: {error}"))
}

/// Connects and waits for the server's first line.
fn greeting(port: u16) -> io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut line = String::new();
    BufReader::new(stream.take(1 << 20)).read_line(&mut line)?;
    match line.starts_with("INFO ") {
        true => Ok(()),
        false => Err(io::Error::other(format!("expected INFO, got {line:?}"))),
    }
}
