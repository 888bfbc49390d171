//! The servers, and what they use.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use aether_nats_harness::{Cluster, Server};
use aether_store_jetstream::{JetStreamStore, JetStreamStoreBuilder};
use async_nats::Client;

use crate::Result;

/// One server, or a cluster of three, and a connection.
pub(crate) struct Site {
    pub(crate) client: Client,
    replicas: u8,
    servers: Servers,
}

enum Servers {
    One(Server),
    Three(Cluster),
}

/// What a server uses, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) heap: f64,
    pub(crate) resident: f64,
}

impl Site {
    pub(crate) async fn start(replicas: u8) -> Result<Self> {
        // On a port of its own choice, on the loopback address that the harness gives.
        let servers = match replicas {
            1 => Servers::One(Server::builder().config("prof_port: -1").start()?),
            _ => Servers::Three(Cluster::builder().config("prof_port: -1").start()?),
        };
        let url = match &servers {
            Servers::One(server) => server.url(),
            Servers::Three(cluster) => cluster.server(0).url(),
        };
        Ok(Self { client: async_nats::connect(url).await?, replicas, servers })
    }

    pub(crate) fn builder(&self, name: &str) -> Result<JetStreamStoreBuilder> {
        let builder = JetStreamStore::builder(self.client.clone(), name.try_into()?);
        // Placing many streams with replicas takes a cluster longer than it takes to append.
        Ok(builder.replicas(self.replicas).answer_timeout(Duration::from_secs(10)))
    }

    fn all(&self) -> &[Server] {
        match &self.servers {
            Servers::One(server) => std::slice::from_ref(server),
            Servers::Three(cluster) => cluster.servers(),
        }
    }

    /// What a server uses when it has come to rest: when its caches have expired, and the heap no longer changes.
    pub(crate) async fn memory(&self) -> Result<Memory> {
        let mut last = self.memory_now()?;
        for round in 0..20 {
            tokio::time::sleep(Duration::from_secs(5)).await;
            let now = self.memory_now()?;
            let rests = (now.heap - last.heap).abs() < 0.01 * last.heap;
            last = now;
            if rests && round > 1 {
                break;
            }
        }
        Ok(last)
    }

    fn memory_now(&self) -> Result<Memory> {
        let mut sum = Memory::default();
        for server in self.all() {
            sum.heap += heap(server)?;
            sum.resident += resident(server.pid().ok_or("the server is gone")?)?;
        }
        let count = self.all().len() as f64;
        Ok(Memory { heap: sum.heap / count, resident: sum.resident / count })
    }

    /// The bytes of a server's files.
    pub(crate) fn disk(&self) -> Result<f64> {
        let sizes =
            self.all().iter().map(|server| size(&server.store_dir())).collect::<Result<Vec<u64>>>()?;
        Ok(sizes.iter().sum::<u64>() as f64 / sizes.len() as f64)
    }

    /// Stops the server and starts it again, and returns how long the start took. Of a cluster, nothing.
    pub(crate) async fn restart(&mut self) -> Result<Option<Duration>> {
        let Servers::One(server) = &mut self.servers else { return Ok(None) };
        server.stop()?;
        let begun = Instant::now();
        server.start_again()?;
        let took = begun.elapsed();
        self.client = async_nats::connect(server.url()).await?;
        Ok(Some(took))
    }
}

/// The live heap after a collection.
fn heap(server: &Server) -> Result<f64> {
    let log = server.log();
    let mut ports = log.lines().filter_map(|line| line.split_once("profiling port: "));
    let port: u16 = ports.next_back().ok_or("the server has no profiling endpoint")?.1.trim().parse()?;
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.write_all(b"GET /debug/pprof/heap?gc=1&debug=1 HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let heap = answer.lines().find_map(|line| line.strip_prefix("# HeapAlloc = "));
    Ok(heap.ok_or("the profiling endpoint says nothing of the heap")?.parse()?)
}

fn resident(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line.ok_or("no VmRSS")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0)
}

fn size(path: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        // What the server removes meanwhile has no size.
        let Ok(metadata) = entry.metadata() else { continue };
        sum += if metadata.is_dir() { size(&entry.path())? } else { metadata.len() };
    }
    Ok(sum)
}
