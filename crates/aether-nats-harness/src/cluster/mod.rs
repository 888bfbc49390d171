//! Three servers that replicate for each other.

mod readiness;
mod routes;

use self::routes::Routes;
use crate::{
    Builder, HarnessError, Proxy, Server, monitor, poll,
    port::PortLease,
    server::{Member, START_LIMIT},
};

/// How many servers a cluster has: the least with which one may be missing.
const SIZE: usize = 3;

/// Runs three servers as a JetStream cluster, for streams of three replicas.
///
/// Clients are told of no other server than those they were given, so that none goes around a proxy.
#[derive(Debug)]
pub struct Cluster {
    servers: Vec<Server>,
    routes: Option<Routes>,
}

impl Cluster {
    /// Starts a cluster with every default.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub fn start() -> Result<Self, HarnessError> {
        Self::builder().start()
    }

    /// Chooses what to start.
    pub fn builder() -> Builder<Self> {
        Builder::new()
    }

    pub(crate) fn open(builder: &Builder<Self>) -> Result<Self, HarnessError> {
        let route_ports = (0..SIZE).map(|_| PortLease::take()).collect::<Result<Vec<_>, _>>()?;
        let peers: Vec<u16> = route_ports.iter().map(PortLease::port).collect();
        let name = format!("aether-{}", peers.iter().min().copied().unwrap_or_default());
        let routes = builder.separable.then(|| Routes::start(&peers)).transpose()?;
        let servers = route_ports.into_iter().enumerate().map(|(index, route_port)| {
            let peers = routes.as_ref().map_or_else(|| peers.clone(), |routes| routes.peers_of(index));
            let advertised = routes.as_ref().map(Routes::nobody);
            Server::prepare(builder, Some(Member { cluster: &name, route_port, peers: &peers, advertised }))
        });
        let servers = servers.collect::<Result<_, _>>()?;
        let mut cluster = Self { servers, routes };
        // One after the other: servers that connect to each other at the same moment close each other's connections as
        // duplicates, and were seen to stay without a leader (2.10.26) or to think that peers are offline (2.15.1).
        for server in &mut cluster.servers {
            server.launch()?;
            server.wait_until_routes_open()?;
        }
        // All processes before any is ready: each needs a majority.
        cluster.servers.iter().try_for_each(Server::wait_until_ready)?;
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// Gives the three servers.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Gives one server.
    ///
    /// # Panics
    ///
    /// If `index` is not 0, 1 or 2.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "a constant in a test; an Option would be noise")]
    pub fn server(&self, index: usize) -> &Server {
        &self.servers[index]
    }

    /// Gives one server, to stop, kill or pause.
    ///
    /// # Panics
    ///
    /// If `index` is not 0, 1 or 2.
    #[expect(clippy::indexing_slicing, reason = "a constant in a test; an Option would be noise")]
    pub fn server_mut(&mut self, index: usize) -> &mut Server {
        &mut self.servers[index]
    }

    /// Gives the URLs of all servers, as `async_nats::connect` takes them.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(Server::url).collect()
    }

    /// Cuts one server off from the other two, but not from its clients: the lines to it are closed, and no new one is
    /// accepted until [`rejoin`](Self::rejoin). Nothing happens unless the cluster was made
    /// [`separable`](Builder::separable).
    pub fn cut_off(&self, index: usize) {
        self.routes.iter().for_each(|routes| routes.of(index).for_each(Proxy::cut));
    }

    /// Ends what [`cut_off`](Self::cut_off) began. The servers find each other a moment later.
    pub fn rejoin(&self, index: usize) {
        self.routes.iter().for_each(|routes| routes.of(index).for_each(Proxy::heal));
    }

    /// Waits until all running servers agree on a meta leader, are up to date and connected, and a stream with a replica
    /// on each can be placed (it tries; with accounts of your own it cannot). Call it after servers were started again
    /// or resumed.
    ///
    /// # Errors
    ///
    /// [`HarnessError::Late`]: a server is still paused, or fewer than two run.
    pub fn wait_until_ready(&self) -> Result<(), HarnessError> {
        poll::until(START_LIMIT, || readiness::check(self))
            .map_err(|last| self.late("the cluster was not ready", last))
    }

    /// Finds the server that leads the meta group: it says so itself, and a second one agrees. Servers that are down
    /// or paused are not counted (a paused one costs two seconds).
    #[must_use]
    pub fn meta_leader(&self) -> Option<usize> {
        let views: Vec<_> =
            self.servers.iter().map(|server| running_group(server).map(|group| group.leader)).collect();
        self.position(|server, index| {
            let names = |view: &Result<String, _>| view.as_ref().is_ok_and(|name| name == server.name());
            views.get(index).is_some_and(names) && views.iter().filter(|view| names(view)).count() > SIZE / 2
        })
    }

    /// Waits until there is a meta leader, for instance a new one after the last was killed.
    ///
    /// # Errors
    ///
    /// [`HarnessError::Late`]: fewer than two servers run.
    pub fn wait_for_meta_leader(&self) -> Result<usize, HarnessError> {
        poll::until(START_LIMIT, || self.meta_leader().ok_or(()))
            .map_err(|()| self.late("the cluster had no meta leader", "none".to_owned()))
    }

    /// Finds the server that leads `stream` of `account` (`$G` unless accounts were configured): it says so itself.
    #[must_use]
    pub fn stream_leader(&self, account: &str, stream: &str) -> Option<usize> {
        self.position(|server, _| {
            let leader = running(server)
                .and_then(|server| monitor::stream_leader(server.monitor_port(), account, stream));
            leader.ok().flatten().is_some_and(|leader| leader == server.name())
        })
    }

    /// Waits until `stream` has a leader.
    ///
    /// # Errors
    ///
    /// [`HarnessError::Late`]: there is no such stream, or too few servers run.
    pub fn wait_for_stream_leader(&self, account: &str, stream: &str) -> Result<usize, HarnessError> {
        poll::until(START_LIMIT, || self.stream_leader(account, stream).ok_or(()))
            .map_err(|()| self.late("the stream had no leader", format!("none for {stream} of {account}")))
    }

    fn position(&self, mut fits: impl FnMut(&Server, usize) -> bool) -> Option<usize> {
        self.servers.iter().enumerate().find(|(index, server)| fits(server, *index)).map(|(index, _)| index)
    }

    fn late(&self, what: &'static str, last: String) -> HarnessError {
        let logs = self.servers.iter().map(|server| format!("{}:\n{}\n", server.url(), server.end_of_log()));
        HarnessError::Late { what, waited: START_LIMIT, last, log: logs.collect() }
    }
}

fn running(server: &Server) -> Result<&Server, String> {
    server.pid().map(|_| server).ok_or_else(|| format!("{} is not running", server.url()))
}

fn running_group(server: &Server) -> Result<monitor::MetaGroup, String> {
    running(server).and_then(|server| monitor::meta_group(server.monitor_port()))
}
