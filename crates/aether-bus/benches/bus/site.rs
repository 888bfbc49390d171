//! Events, and nodes on a server.

use aether_bench::{Result, sample};
use aether_bus::NatsEventBus;
use aether_core::event::wire;
use aether_core::{ActorId, Event, Namespace, Version};
use aether_nats_harness::Server;
use async_nats::Client;
use bytes::Bytes;

/// Makes events of some 250 bytes, numbered from 1.
pub(crate) fn events(count: usize) -> Result<Vec<Event>> {
    let (samples, actor) = (sample::Events::new()?, ActorId::new("order-1")?);
    let number = |n| Version::new(n).map(|version| Event::new(actor.clone(), version, samples.one()));
    Ok((1..=count as u64).map(number).collect::<std::result::Result<_, _>>()?)
}

/// Makes the bytes of an event.
pub(crate) fn bytes(event: &Event) -> Bytes {
    let mut out = Vec::with_capacity(300);
    wire::encode(event, &mut out);
    out.into()
}

pub(crate) fn namespace() -> Result<Namespace> {
    Ok(Namespace::new("tenant-a.orders")?)
}

/// A server, two nodes, and two raw connections beside them.
pub(crate) struct Site {
    pub(crate) from: NatsEventBus,
    pub(crate) to: NatsEventBus,
    pub(crate) raw_from: Client,
    pub(crate) raw_to: Client,
    _server: Server,
}

impl Site {
    pub(crate) async fn start() -> Result<Self> {
        let server = Server::start()?;
        let connect = async || async_nats::connect(server.url()).await;
        let from = NatsEventBus::open(connect().await?).await?;
        let to = NatsEventBus::open(connect().await?).await?;
        let (raw_from, raw_to) = (connect().await?, connect().await?);
        Ok(Self { from, to, raw_from, raw_to, _server: server })
    }
}

/// Waits until the server has a subscription of `to`: until something that is published is heard.
pub(crate) async fn settle(from: &Client, to: &mut async_nats::Subscriber, subject: &str) -> Result {
    use futures_util::StreamExt;

    loop {
        from.publish(subject.to_owned(), Bytes::new()).await?;
        let heard = tokio::time::timeout(std::time::Duration::from_millis(50), to.next()).await;
        if heard.is_ok() {
            break;
        }
    }
    // What was published again meanwhile is not to be counted.
    while tokio::time::timeout(std::time::Duration::from_millis(100), to.next()).await.is_ok() {}
    Ok(())
}
