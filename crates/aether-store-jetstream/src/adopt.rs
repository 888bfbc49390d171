//! Adopting a stream of the Go original: one way, after everything in it was found fit.

use std::collections::HashMap;

use aether_core::error::Unsupported;
use aether_core::event::wire;
use aether_core::{ActorId, Snapshot, SnapshotStore, Version};
use bytes::Bytes;
use serde_json::Value;

use crate::config::Wishes;
use crate::consumer::{Consumer, End};
use crate::store::{JetStreamStore, Shared};
use crate::{JetStreamStoreBuilder, OpenError, open, subject};

/// Opens the store, and makes its stream one of Aether's if the Go original made it.
pub(crate) async fn adopt(builder: JetStreamStoreBuilder) -> Result<JetStreamStore, OpenError> {
    if builder.partitions > 1 {
        return Err(Unsupported {
            operation: "adopting a stream",
            needed: "a store of one partition, as the Go original's are".to_owned(),
            found: format!("{} partitions", builder.partitions),
        }
        .into());
    }
    // On its own stream audits and anchors are refused; on the adopted one they begin.
    let wishes = Wishes { anchors: None, ..builder.wishes };
    let found = open::open(JetStreamStoreBuilder { audit: false, wishes, ..builder.clone() }).await?;
    let whole = &found.0.first;
    if !whole.is_go() {
        return open::open(builder).await;
    }
    check_events(whole).await?;
    let snapshots = snapshots(whole).await?;
    open::mark(whole, &builder).await?;
    let adopted = open::open(builder).await?;
    for snapshot in snapshots.into_values() {
        // An abbreviation that cannot be saved is one that is made again.
        drop(adopted.save_snapshot(snapshot).await);
    }
    Ok(adopted)
}

/// Checks that in Aether's layout every event would be found where it is, and every head be the last message.
async fn check_events(inner: &Shared) -> Result<(), OpenError> {
    let mut latest: HashMap<ActorId, Version> = HashMap::new();
    let all = subject::all_events(&inner.stream);
    every(inner, &all, |sequence, payload| {
        let unfit = |actor: Option<&ActorId>, reason: String| OpenError::Unfit {
            stream: inner.stream.clone(),
            actor: actor.cloned(),
            reason,
        };
        let event = wire::decode(payload, None)
            .map_err(|error| unfit(None, format!("message {sequence} is no event: {error}")))?;
        let actor = event.actor();
        if !subject::is_exact(actor) || actor.as_str().contains('%') {
            return Err(unfit(
                Some(actor),
                "its events are stored under a subject that Aether gives to another id".into(),
            ));
        }
        let before = latest.insert(actor.clone(), event.version()).unwrap_or_default();
        if event.version() <= before {
            let reason = format!("version {} is stored after version {before}", event.version());
            return Err(unfit(Some(actor), reason));
        }
        Ok(())
    })
    .await
}

/// Returns the latest snapshot of each actor.
async fn snapshots(inner: &Shared) -> Result<HashMap<ActorId, Snapshot>, OpenError> {
    let mut latest: HashMap<ActorId, Snapshot> = HashMap::new();
    every(inner, &subject::all_snapshots(&inner.stream), |_, payload| {
        if let Ok(snapshot) = Snapshot::from_json(&payload)
            && latest.get(&snapshot.actor).is_none_or(|there| there.version <= snapshot.version)
        {
            latest.insert(snapshot.actor.clone(), snapshot);
        }
        Ok(())
    })
    .await?;
    Ok(latest)
}

/// Goes through all messages of a subject with wildcards.
async fn every(
    inner: &Shared,
    subject: &str,
    mut take: impl FnMut(u64, Bytes) -> Result<(), OpenError>,
) -> Result<(), OpenError> {
    let Some(last) = inner.api.leader_last(&inner.stream, subject).await? else {
        return Ok(());
    };
    let mut messages = Consumer::new(Shared::clone(inner), subject.to_owned(), 1, last.sequence);
    loop {
        match messages.next().await {
            Ok(message) => take(message.sequence, message.payload)?,
            Err(End::Complete | End::Expired) => return Ok(()),
            Err(End::Failed(failure)) => return Err(failure.into()),
        }
    }
}

/// Turns the configuration of a stream of the Go original into the one that is wanted.
pub(crate) fn adopted(found: &Value, wanted: &Value) -> Value {
    let mut config = found.clone();
    for field in
        ["subjects", "allow_direct", "allow_atomic", "deny_delete", "deny_purge", "metadata", "description"]
    {
        let (Some(config), Some(value)) = (config.as_object_mut(), wanted.get(field)) else { continue };
        config.insert(field.to_owned(), value.clone());
    }
    config
}
