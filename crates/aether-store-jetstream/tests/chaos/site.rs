//! Where a round happens: one server that syncs each write, or a cluster of three, and a proxy before each.

use aether_nats_harness::{Cluster, Proxy, Server};

pub(crate) struct Site {
    pub(crate) servers: Servers,
    pub(crate) proxies: Vec<Proxy>,
}

pub(crate) enum Servers {
    One(Box<Server>),
    Three(Box<Cluster>),
}

impl Site {
    /// One server, which has each write on disk before it acknowledges it.
    pub(crate) fn one() -> Self {
        let server = Server::builder().sync_always().start().unwrap();
        Self { proxies: vec![proxy(&server), proxy(&server)], servers: Servers::One(Box::new(server)) }
    }

    pub(crate) fn three() -> Self {
        let cluster = Cluster::start().unwrap();
        let proxies = cluster.servers().iter().map(proxy).collect();
        Self { proxies, servers: Servers::Three(Box::new(cluster)) }
    }

    pub(crate) fn replicas(&self) -> u8 {
        match self.servers {
            Servers::One(_) => 1,
            Servers::Three(_) => 3,
        }
    }

    /// The servers' own addresses.
    pub(crate) fn urls(&self) -> Vec<String> {
        match &self.servers {
            Servers::One(server) => vec![server.url()],
            Servers::Three(cluster) => cluster.urls(),
        }
    }

    /// The addresses through the proxies.
    pub(crate) fn proxied(&self) -> Vec<String> {
        self.proxies.iter().map(Proxy::url).collect()
    }

    pub(crate) fn server_mut(&mut self, index: usize) -> &mut Server {
        match &mut self.servers {
            Servers::One(server) => server,
            Servers::Three(cluster) => cluster.server_mut(index),
        }
    }

    /// The server that leads the stream.
    pub(crate) fn leader(&self, stream: &str) -> Option<usize> {
        match &self.servers {
            Servers::One(_) => Some(0),
            Servers::Three(cluster) => cluster.stream_leader("$G", stream),
        }
    }

    /// Ends every fault, and waits until the stream has a leader.
    pub(crate) fn heal(&self, stream: &str) {
        self.proxies.iter().for_each(Proxy::heal);
        if let Servers::Three(cluster) = &self.servers {
            cluster.wait_until_ready().unwrap();
            cluster.wait_for_stream_leader("$G", stream).unwrap();
        }
    }

    pub(crate) fn messages_dropped(&self) -> u64 {
        self.proxies.iter().map(|proxy| proxy.stats().messages_dropped).sum()
    }
}

fn proxy(server: &Server) -> Proxy {
    Proxy::start(server.url()).unwrap()
}
