//! Three servers that replicate for each other.

use crate::{
    Builder, HarnessError, Server, ServerVersion, monitor, poll,
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
        let route_ports = (0..SIZE)
            .map(|_| PortLease::take())
            .collect::<Result<Vec<_>, _>>()?;
        let peers: Vec<u16> = route_ports.iter().map(PortLease::port).collect();
        let name = format!("aether-{}", peers.iter().min().copied().unwrap_or_default());
        let member = |route_port| Member {
            cluster: &name,
            route_port,
            peers: &peers,
        };
        let servers = route_ports
            .into_iter()
            .map(|port| Server::prepare(builder, Some(member(port))));
        let mut cluster = Self {
            servers: servers.collect::<Result<_, _>>()?,
        };
        // All processes first: each needs a majority to be ready.
        cluster.servers.iter_mut().try_for_each(Server::launch)?;
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
    #[expect(
        clippy::indexing_slicing,
        reason = "a constant in a test; an Option would be noise"
    )]
    pub fn server(&self, index: usize) -> &Server {
        &self.servers[index]
    }

    /// Gives one server, to stop, kill or pause.
    ///
    /// # Panics
    ///
    /// If `index` is not 0, 1 or 2.
    #[expect(
        clippy::indexing_slicing,
        reason = "a constant in a test; an Option would be noise"
    )]
    pub fn server_mut(&mut self, index: usize) -> &mut Server {
        &mut self.servers[index]
    }

    /// Gives the URLs of all servers, as `async_nats::connect` takes them.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(Server::url).collect()
    }

    /// Waits until all running servers agree on a meta leader, which has a majority and sees every running server up
    /// to date. Call it after servers were started again or resumed.
    ///
    /// # Errors
    ///
    /// [`HarnessError::Late`]: a server is still paused, or fewer than two run.
    pub fn wait_until_ready(&self) -> Result<(), HarnessError> {
        poll::until(START_LIMIT, || self.check()).map_err(|last| self.late("the cluster was not ready", last))
    }

    /// Finds the server that leads the meta group: it says so itself, and a second one agrees. Servers that are down
    /// or paused are not counted (a paused one costs two seconds).
    #[must_use]
    pub fn meta_leader(&self) -> Option<usize> {
        let views: Vec<_> = self
            .servers
            .iter()
            .map(|server| running_group(server).map(|group| group.leader))
            .collect();
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
            leader
                .ok()
                .flatten()
                .is_some_and(|leader| leader == server.name())
        })
    }

    /// Waits until `stream` has a leader.
    ///
    /// # Errors
    ///
    /// [`HarnessError::Late`]: there is no such stream, or too few servers run.
    pub fn wait_for_stream_leader(&self, account: &str, stream: &str) -> Result<usize, HarnessError> {
        poll::until(START_LIMIT, || self.stream_leader(account, stream).ok_or(())).map_err(|()| {
            self.late(
                "the stream had no leader",
                format!("none for {stream} of {account}"),
            )
        })
    }

    fn position(&self, mut fits: impl FnMut(&Server, usize) -> bool) -> Option<usize> {
        self.servers
            .iter()
            .enumerate()
            .find(|(index, server)| fits(server, *index))
            .map(|(index, _)| index)
    }

    /// Says what the cluster still lacks.
    fn check(&self) -> Result<(), String> {
        let up: Vec<_> = self
            .servers
            .iter()
            .filter(|server| server.pid().is_some())
            .collect();
        let groups = up
            .iter()
            .map(|server| running_group(server))
            .collect::<Result<Vec<_>, _>>()?;
        let leader = groups
            .first()
            .map(|group| group.leader.clone())
            .unwrap_or_default();
        let agreed = groups
            .iter()
            .all(|group| group.leader == leader && group.cluster_size == SIZE);
        let followers = groups.iter().flat_map(|group| &group.replicas);
        let current = followers.filter(|peer| peer.current && !peer.offline).count();
        if leader.is_empty() || !agreed || current + 1 < up.len() {
            return Err(format!("{groups:?}"));
        }
        up.iter().try_for_each(|server| check_routes(server, &up))
    }

    fn late(&self, what: &'static str, last: String) -> HarnessError {
        let logs = self
            .servers
            .iter()
            .map(|server| format!("{}:\n{}\n", server.url(), server.end_of_log()));
        HarnessError::Late {
            what,
            waited: START_LIMIT,
            last,
            log: logs.collect(),
        }
    }
}

/// Says which other server cannot be reached yet on every route: accounts are spread over them, and what is sent to an
/// account whose route is missing is lost, without a word.
fn check_routes(server: &Server, up: &[&Server]) -> Result<(), String> {
    let routes = monitor::routes(server.monitor_port())?;
    let wanted = routes_between(server.version());
    let missing = up
        .iter()
        .filter(|other| other.name() != server.name())
        .find(|other| routes.iter().filter(|name| *name == other.name()).count() < wanted);
    missing.map_or(Ok(()), |other| {
        Err(format!(
            "{} has too few routes to {}",
            server.name(),
            other.name()
        ))
    })
}

/// Gives how many routes two servers have: since 2.10 a pool of three, and one for the system account.
fn routes_between(version: ServerVersion) -> usize {
    if version < ServerVersion::new(2, 10, 0) {
        1
    } else {
        4
    }
}

fn running(server: &Server) -> Result<&Server, String> {
    server
        .pid()
        .map(|_| server)
        .ok_or_else(|| format!("{} is not running", server.url()))
}

fn running_group(server: &Server) -> Result<monitor::MetaGroup, String> {
    running(server).and_then(|server| monitor::meta_group(server.monitor_port()))
}
