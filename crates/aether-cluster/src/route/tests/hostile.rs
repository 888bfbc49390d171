//! What anybody may send does no harm.

use aether_core::Epoch;
use bytes::Bytes;

use super::site::{Site, actor, until};
use crate::host::Message;
use crate::protocol::Address;
use crate::route::wire;
use crate::testing::{CounterCommand, CounterReply};

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn strange_messages_are_counted_and_do_no_harm() {
    let site = Site::new();
    let (one, two) = (site.node(1).await, site.node(2).await);
    let (name, shard) = actor("order-1");
    site.give(&two, shard, 1);
    let to = Address { shard, epoch: Epoch::new(1), incarnation: two.me.incarnation };
    let subject = two.subjects.route(to);
    let message = Message::new(
        name.clone(),
        "c".try_into().unwrap(),
        Bytes::from_static(b"garbage"),
        std::time::Duration::from_secs(1),
    );
    let whole = wire::question(&message);
    let cut = whole.slice(..8);
    for payload in [Bytes::new(), Bytes::from_static(b"hello"), cut, vec![0xff; 1_000].into()] {
        one.client.publish_with_reply(subject.clone(), "nowhere", payload).await.unwrap();
    }
    // Without a place for the answer, and for what is no shard.
    one.client.publish(subject.clone(), whole.clone()).await.unwrap();
    let odd = subject.replace(&format!(".{shard}.1"), ".x.1");
    one.client.publish_with_reply(odd, "nowhere", whole.clone()).await.unwrap();
    // Answers to itself, and a message that its host cannot read.
    one.client.publish_with_reply(subject.clone(), subject.clone(), whole).await.unwrap();
    until("they were counted", async || two.rooms.malformed_messages() == 7).await;
    // What nobody waits for any more is not begun.
    let add = Bytes::from_static(br#"{"Add":1}"#);
    let late = Message::new(name.clone(), "late".try_into().unwrap(), add, std::time::Duration::ZERO);
    one.client.publish_with_reply(subject, "nowhere", wire::question(&late)).await.unwrap();
    let reply: CounterReply = one.router.route(&name, &CounterCommand::Add(1)).ask().await.unwrap();
    assert_eq!(reply.value, 1);
}
