//! A theatre's box office at three nodes: they share its shows, and go on when one of them is killed.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p cluster` is node-1, and starts the others as processes of their own.

mod host;
mod show;

use std::error::Error;

use aether::cluster::{Cluster, RouteError, ShardPlace};
use aether::{ActorId, CommandId, JetStreamStore};
use futures_util::StreamExt;
use tokio::process::{Child, Command};

use crate::host::BoxOffice;
use crate::show::ShowCommand;

pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result {
    let Ok(url) = std::env::var("NATS_URL") else {
        println!("a cluster needs a nats-server: `cargo xtask server` runs one; say where in NATS_URL");
        return Ok(());
    };
    match std::env::args().nth(1) {
        Some(node) => {
            join(&url, &node).await?.ended().await;
            Ok(())
        }
        None => sell(join(&url, "node-1").await?, [start("node-2")?, start("node-3")?]).await,
    }
}

async fn join(url: &str, node: &str) -> Result<Cluster> {
    let client =
        aether::async_nats::connect(url).await.map_err(|error| format!("NATS_URL={url:?}: {error}"))?;
    let store = JetStreamStore::builder(client.clone(), "shows".try_into()?).open().await?;
    let cluster = Cluster::builder(client, "box-office".try_into()?).node(node.try_into()?);
    Ok(cluster.host(BoxOffice(store)).join().await?)
}

fn start(node: &str) -> Result<Child> {
    Ok(Command::new(std::env::current_exe()?).arg(node).kill_on_drop(true).spawn()?)
}

async fn sell(cluster: Cluster, [_second, mut third]: [Child; 2]) -> Result {
    shared_by(&cluster, 3).await;
    println!("three nodes share {} shards", cluster.shard_map().count().get());

    println!("Ada books seat 7: {}", book(&cluster, 1, 7, "Ada").await?);
    println!("Grace books seat 7: {}", book(&cluster, 1, 7, "Grace").await?);
    for show in 2..=30 {
        book(&cluster, show, 7, "Ada").await?;
    }
    println!("Ada has seat 7 of {} shows", shows_of(&cluster, 7, "Ada").await?);

    third.kill().await?;
    println!("node-3 is killed");
    for show in 1..=30 {
        book(&cluster, show, 8, "Grace").await?;
    }
    println!("Grace has seat 8 of {} shows", shows_of(&cluster, 8, "Grace").await?);

    shared_by(&cluster, 2).await;
    println!("two nodes share {} shards", cluster.shard_map().count().get());
    cluster.leave().await?;
    Ok(())
}

/// Waits until so many nodes are there, and every shard is where it belongs.
async fn shared_by(cluster: &Cluster, nodes: usize) {
    let mut maps = cluster.watch_shard_map();
    while let Some(map) = maps.next().await {
        let is_settled = map.iter().all(ShardPlace::is_settled);
        if is_settled && cluster.status().shards_by_owner.len() == nodes {
            return;
        }
    }
}

async fn book(cluster: &Cluster, show: u32, seat: u32, guest: &str) -> Result<String> {
    let actor = ActorId::new(format!("show-{show}"))?;
    let command = ShowCommand::Book { seat, guest: guest.to_owned() };
    // Who asks again under the same id, after a lost answer or in another run, books once.
    let id = CommandId::new(format!("{guest}-{seat}"))?;
    match cluster.route(&actor, &command).id(id).ask::<u32>().await {
        Ok(_) => Ok("booked".to_owned()),
        Err(RouteError::Rejected(why)) => Ok(format!("refused, {}", why.decode::<String>()?)),
        Err(error) => Err(error.into()),
    }
}

async fn shows_of(cluster: &Cluster, seat: u32, guest: &str) -> Result<usize> {
    let mut count = 0;
    for show in 1..=30 {
        let actor = ActorId::new(format!("show-{show}"))?;
        let who: Option<String> = cluster.route(&actor, &ShowCommand::WhoSitsIn { seat }).ask().await?;
        count += usize::from(who.as_deref() == Some(guest));
    }
    Ok(count)
}
