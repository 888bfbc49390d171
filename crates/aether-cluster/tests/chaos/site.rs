//! Three servers, and for each node two proxies to two of them: so that its links can be cut without anybody else's.

use aether_nats_harness::{Cluster, Proxy};

pub(crate) struct Site {
    pub(crate) servers: Cluster,
    links: Vec<[Proxy; 2]>,
}

impl Site {
    pub(crate) fn start(nodes: usize) -> Self {
        let servers = Cluster::start().unwrap();
        let proxy = |server: usize| Proxy::start(servers.servers()[server % 3].url()).unwrap();
        let links = (0..nodes).map(|node| [proxy(node), proxy(node + 1)]).collect();
        Self { servers, links }
    }

    /// Where a node connects to.
    pub(crate) fn urls_of(&self, node: usize) -> Vec<String> {
        self.links[node].iter().map(Proxy::url).collect()
    }

    /// What stands between a node and the servers.
    pub(crate) fn links_of(&self, node: usize) -> &[Proxy; 2] {
        &self.links[node]
    }

    /// Ends every fault of links, and waits until the servers have a leader.
    pub(crate) fn heal(&self) {
        self.links.iter().flatten().for_each(Proxy::heal);
        self.servers.wait_until_ready().unwrap();
    }
}
