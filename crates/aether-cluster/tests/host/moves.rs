//! What the status of a node shows of shards on their way.

use aether_cluster::{Handled, Message, MigrationStage, Ownership, ShardHost, Status};
use tokio::sync::watch;

use crate::site::{Site, settled, until};

/// A host that drains nothing before it is let.
struct Slow(watch::Receiver<bool>);

impl ShardHost for Slow {
    async fn drain(&self, _: &Ownership) {
        let _ = self.0.clone().wait_for(|goes_on| *goes_on).await;
    }

    async fn handle(&self, _: &Ownership, _: Message) -> Handled {
        Handled::Moved
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_status_shows_moves_with_their_stages_and_reasons_while_they_run() {
    let site = Site::new();
    let goes_on = watch::Sender::new(false);
    let join = async |name| {
        let builder = site.builder(name).await.host(Slow(goes_on.subscribe()));
        builder.join().await.unwrap()
    };
    let a = join("a").await;
    settled(std::slice::from_ref(&a)).await;
    let b = join("b").await;
    let are = |status: &Status, stage| status.migrations.iter().all(|of| of.stage == stage);
    let all_drain = || {
        let (source, target) = (a.status(), b.status());
        let is_at_it = !source.migrations.is_empty() && source.migrations.len() == target.migrations.len();
        is_at_it && are(&source, MigrationStage::Draining) && are(&target, MigrationStage::Preparing)
    };
    until("all moves are seen at both ends", all_drain).await;
    let status = a.status();
    let first = &status.migrations[0];
    let json = serde_json::to_value(&status).unwrap();
    let wanted = serde_json::json!({
        "shard": first.shard, "from": "a", "to": "b", "stage": "draining", "epoch": 1,
        "reason": serde_json::to_value(first.reason.as_ref().unwrap()).unwrap(),
    });
    assert_eq!(json["migrations"][0], wanted);
    assert_eq!(json["shardsByOwner"]["a"], 32);
    goes_on.send_replace(true);
    settled(&[a.clone(), b]).await;
    assert_eq!(a.status().migrations, []);
}
