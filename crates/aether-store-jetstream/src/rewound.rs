//! Finding out that the server lost its tail: a crash without an fsync takes acknowledged messages back, and what comes
//! after reuses their sequences.

use std::collections::HashMap;
use std::time::Duration;

use aether_core::error::HistoryRewound;
use aether_core::event::wire;
use aether_core::{ActorId, Event, Position, ReadError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::deadline::Deadline;
use crate::error::Failure;
use crate::frame::Stored;
use crate::headers::{self, Body};
use crate::store::Inner;

/// So long a leader that was cut off from its followers may go on answering: it steps down when it has heard of no majority
/// for ten seconds (nats-server, `lostQuorumInterval`; 9.2 to 9.5 s after the cut were seen on 2.15.1). What it does not show
/// is not lost before that.
const STALE_LEADER: Duration = Duration::from_secs(12);

#[derive(Deserialize)]
struct StreamInfo {
    state: StreamState,
}

/// What a stream holds, as its leader says.
#[derive(Deserialize)]
pub(crate) struct StreamState {
    pub(crate) first_seq: u64,
    pub(crate) last_seq: u64,
    /// How many messages the subjects have that were asked for.
    #[serde(default)]
    subjects: Option<HashMap<String, u64>>,
}

impl StreamState {
    /// Returns the number of messages of the one subject that was asked for.
    pub(crate) fn messages_of_subject(&self) -> u64 {
        self.subjects.iter().flatten().map(|(_, count)| count).sum()
    }
}

impl Inner {
    /// Says whether the message that was acknowledged to this handle at `least` was lost, and not only expired or not seen
    /// by whoever answers.
    pub(crate) async fn has_lost_tail(&self, actor: &ActorId, least: u64) -> Result<bool, Failure> {
        let patience = if self.replicas > 1 { STALE_LEADER } else { Duration::ZERO };
        let mut deadline = Deadline::after(patience);
        loop {
            let shown = self.api.leader_last(&self.stream, &self.events_subject(actor)).await?;
            let shown = shown.map_or(0, |message| message.sequence);
            // Expiry takes the oldest first: what was acknowledged cannot have expired before what is shown. Where
            // nothing is shown, the stream's own count tells.
            let is_lost = shown < least && (shown > 0 || self.state().await?.last_seq < least);
            if !is_lost {
                return Ok(false);
            }
            if !deadline.pause().await {
                return Ok(true);
            }
        }
    }

    /// Checks that the partition still holds what it held at `position`.
    pub(crate) async fn verify(&self, position: &Position) -> Result<(), ReadError> {
        let found = self.api.leader_at(&self.stream, position.sequence()).await;
        match found.map_err(|failure| failure.read("verify"))? {
            Some(found) => match other_than(position, &found.message) {
                None => Ok(()),
                other => Err(rewound(position.clone(), other)),
            },
            None => {
                let state = self.state().await.map_err(|failure| failure.read("verify"))?;
                // What lies before the beginning has expired; that it is gone says nothing.
                let is_past_the_end =
                    position.sequence() > state.last_seq.max(state.first_seq.saturating_sub(1));
                if is_past_the_end { Err(rewound(position.clone(), None)) } else { Ok(()) }
            }
        }
    }

    pub(crate) async fn state(&self) -> Result<StreamState, Failure> {
        let info: StreamInfo = self.api.call(&format!("STREAM.INFO.{}", self.stream), &Value::Null).await?;
        Ok(info.state)
    }

    /// Returns the state with the number of messages that one subject has.
    pub(crate) async fn state_of(&self, subject: &str) -> Result<StreamState, Failure> {
        let filter = json!({ "subjects_filter": subject });
        let info: StreamInfo = self.api.call(&format!("STREAM.INFO.{}", self.stream), &filter).await?;
        Ok(info.state)
    }
}

/// Makes the error.
pub(crate) fn rewound(position: Position, found: Option<String>) -> ReadError {
    ReadError::Rewound(Box::new(HistoryRewound { position, found }))
}

/// Says what a message is, if it is not what a position stands for; one without an event id stands for any message.
fn other_than(position: &Position, message: &Stored) -> Option<String> {
    let wanted = position.event_id()?;
    match event_of(message, position.index()) {
        Some(event) if event.id() == wanted => None,
        Some(event) => Some(format!("event {}", event.id())),
        None => Some("a message without that event".to_owned()),
    }
}

/// Returns event number `index` of a stored message, whoever's it is.
fn event_of(message: &Stored, index: u32) -> Option<Event> {
    match headers::read(message.headers.as_ref()).body {
        Body::Single if index == 0 => wire::decode(message.payload.clone(), None).ok(),
        Body::Packed(_) => {
            let events = wire::decode_packed(message.payload.clone(), None).ok()?;
            events.into_iter().nth(usize::try_from(index).ok()?)
        }
        Body::Single | Body::Claim | Body::Unreadable => None,
    }
}
