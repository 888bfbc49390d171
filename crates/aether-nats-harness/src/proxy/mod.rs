//! A TCP proxy that makes a network misbehave.

mod filter;
mod frames;
mod link;
mod run;
mod settings;

use std::{
    fmt::Display,
    net::{SocketAddr, ToSocketAddrs},
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::{HarnessError, error::Doing, port::PortLease};

use self::{run::Order, settings::Shared};

/// Names one of the two ways that bytes go.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// From the clients to the server: publishes, requests.
    ToServer,
    /// From the server to the clients: messages, acknowledgments.
    ToClient,
}

/// Counts what a proxy did since it was started.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Connections that were accepted.
    pub connections: u64,
    /// Bytes that were passed on to the server.
    pub bytes_to_server: u64,
    /// Bytes that were passed on to clients.
    pub bytes_to_client: u64,
    /// Messages that [`Proxy::drop_messages`] took out.
    pub messages_dropped: u64,
    /// Bytes that [`Proxy::drop_replies`] and [`Proxy::drop_requests`] swallowed.
    pub bytes_swallowed: u64,
}

/// Stands between clients and one server, and delays, throttles, cuts and drops what passes.
///
/// Every call has taken effect when it returns. Dropping the proxy closes its connections.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    orders: UnboundedSender<(Order, mpsc::Sender<()>)>,
    thread: Option<JoinHandle<()>>,
    // Keeps the port while the proxy refuses connections. After the thread, which listens on it.
    port: PortLease,
}

impl Proxy {
    /// Starts a proxy in front of `upstream`: a URL such as [`Server::url`](crate::Server::url) gives, or an address.
    ///
    /// # Errors
    ///
    /// - [`HarnessError::BadUpstream`]: give it a URL or `host:port`.
    /// - [`HarnessError::NoFreePort`], [`HarnessError::System`]: as their texts say.
    pub fn start(upstream: impl Display) -> Result<Self, HarnessError> {
        let upstream = resolve(&upstream.to_string())?;
        let port = PortLease::take()?;
        let shared = Arc::new(Shared::default());
        let (orders, inbox) = unbounded_channel();
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::Builder::new().name("aether-proxy".to_owned()).spawn({
            let (shared, number) = (Arc::clone(&shared), port.port());
            move || run::run(number, upstream, &shared, inbox, &ready)
        });
        let thread = thread.doing(|| "starting the proxy's thread".to_owned())?;
        let listening = is_ready.recv().unwrap_or_else(|_| Err(std::io::ErrorKind::BrokenPipe.into()));
        listening.doing(|| format!("listening on 127.0.0.1:{}", port.port()))?;
        Ok(Self { shared, orders, thread: Some(thread), port })
    }

    /// Gives the URL for clients, such as `nats://127.0.0.1:20123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.port()
    }

    /// Delays everything that goes that way, as a longer line would: the order stays, and so, up to a megabyte on
    /// the way per connection, does the throughput.
    pub fn delay(&self, direction: Direction, delay: Duration) {
        self.shared.change(|settings| settings.way_mut(direction).delay = delay);
    }

    /// Lets at most so many bytes a second go that way, per connection; 0 means 1.
    pub fn throttle(&self, direction: Direction, bytes_per_second: u64) {
        self.shared
            .change(|settings| settings.way_mut(direction).bytes_per_second = Some(bytes_per_second.max(1)));
    }

    /// Closes every connection and refuses new ones until [`heal`](Self::heal).
    pub fn cut(&self) {
        self.order(Order::Cut);
    }

    /// Closes every connection there is, and accepts new ones.
    pub fn cut_once(&self) {
        self.order(Order::CutOnce);
    }

    /// Swallows everything that the server sends, while the server goes on receiving: requests are done and their
    /// replies are lost. A connection that has lost bytes cannot go on, so [`heal`](Self::heal) closes all of them.
    pub fn drop_replies(&self) {
        self.swallow(Direction::ToClient);
    }

    /// Swallows everything that clients send, while they go on hearing the server. As with
    /// [`drop_replies`](Self::drop_replies), [`heal`](Self::heal) closes the connections.
    pub fn drop_requests(&self) {
        self.swallow(Direction::ToServer);
    }

    fn swallow(&self, direction: Direction) {
        self.shared.change(|settings| settings.way_mut(direction).swallow = true);
    }

    /// Takes the next `count` messages for clients whose subject begins with `prefix` out of the stream, and leaves
    /// everything else as it is: the connection goes on. Acknowledgments go to `_INBOX.`.
    ///
    /// Calls add up, also for one prefix. Connections that do not speak the plain NATS protocol (TLS, WebSocket) pass
    /// unchanged.
    pub fn drop_messages(&self, prefix: &str, count: usize) {
        self.drop_messages_after(prefix, 0, count);
    }

    /// Does the same after `spared` such messages were let through.
    pub fn drop_messages_after(&self, prefix: &str, spared: usize, count: usize) {
        self.shared.drop_messages(prefix, spared, count);
    }

    /// Ends every misbehavior: connections are accepted, nothing is delayed, throttled, swallowed or dropped any more.
    pub fn heal(&self) {
        self.order(Order::Heal);
    }

    /// Counts what has happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Sends an order and waits until it has taken effect.
    fn order(&self, order: Order) {
        let (done, is_done) = mpsc::channel();
        if self.orders.send((order, done)).is_ok() {
            let _ = is_done.recv();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.order(Order::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn resolve(upstream: &str) -> Result<SocketAddr, HarnessError> {
    let rest = upstream.split_once("://").map_or(upstream, |(_, rest)| rest);
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host).trim_end_matches('/');
    let addresses = host.to_socket_addrs().ok();
    addresses
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| HarnessError::BadUpstream { upstream: upstream.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_may_be_urls_or_addresses() {
        let expected: SocketAddr = "127.0.0.1:4222".parse().unwrap();
        for upstream in ["nats://127.0.0.1:4222", "127.0.0.1:4222", "nats://user:p@127.0.0.1:4222/"] {
            assert_eq!(resolve(upstream).unwrap(), expected);
        }
        assert!(Proxy::start(expected).is_ok());
        for upstream in ["", "nats://", "127.0.0.1", "127.0.0.1:70000"] {
            let error = Proxy::start(upstream).unwrap_err().to_string();
            assert!(error.contains(&format!("{upstream:?}")), "{error}");
        }
    }
}
