//! The cost of a consumer: push consumers without acknowledgements, as reads of long histories use them, with a
//! subscription each.

use aether_core::{ActorId, EventStoreExt, Expected, NewEvent, RawJson};
use serde_json::{Value, json};

use crate::report::Report;
use crate::site::Site;
use crate::{KIB, Result};

pub(crate) async fn measure(report: &mut Report, replicas: u8, consumers: u64) -> Result<()> {
    let site = Site::start(replicas).await?;
    let store = site.builder("store")?.open().await?;
    let event = NewEvent::new("Noted".try_into()?, RawJson::NULL);
    store.append(&ActorId::new("order-1")?, Expected::NoEvents, [event]).await?;
    let before = site.memory().await?;
    let begun = std::time::Instant::now();
    let mut subscriptions = Vec::new();
    for number in 0..consumers {
        let inbox = site.client.new_inbox();
        subscriptions.push(site.client.subscribe(inbox.clone()).await?);
        let config = json!({
            "deliver_subject": inbox,
            "deliver_policy": "all",
            "ack_policy": "none",
            "filter_subject": format!("store.events.order.order-{number}"),
            "flow_control": true,
            "idle_heartbeat": 5_000_000_000_u64,
            "mem_storage": true,
            "num_replicas": 1,
        });
        let body = json!({ "stream_name": "store", "config": config });
        let answer = site.client.request("$JS.API.CONSUMER.CREATE.store", body.to_string().into()).await?;
        let answer: Value = serde_json::from_slice(&answer.payload)?;
        if answer["error"].is_object() {
            return Err(format!("consumer {number}: {answer}").into());
        }
    }
    let took = begun.elapsed();
    let after = site.memory().await?;
    // Each lies on one server: what all servers use more is what they cost.
    let (count, servers) = (consumers as f64, f64::from(replicas));
    report.row(
        replicas,
        &format!("a consumer, of {consumers}"),
        &[
            ("heap", (after.heap - before.heap) * servers / count / KIB, "KiB"),
            ("resident", (after.resident - before.resident) * servers / count / KIB, "KiB"),
            ("to create", took.as_secs_f64() * 1e3 / count, "ms"),
        ],
    );
    Ok(())
}
