//! A show: what can happen to it, what it amounts to, and what it is asked. No word of clusters.

use std::collections::{BTreeMap, HashSet};

use aether::{CommandId, State};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "eventType", content = "data")]
pub(crate) enum ShowEvent {
    SeatBooked { seat: u32, guest: String },
}

#[derive(Serialize, Deserialize)]
pub(crate) enum ShowCommand {
    Book { seat: u32, guest: String },
    WhoSitsIn { seat: u32 },
}

/// What the events tell, and by which commands they came.
#[derive(Default)]
pub(crate) struct Show {
    pub(crate) guests: BTreeMap<u32, String>,
    pub(crate) commands: HashSet<CommandId>,
}

impl State for Show {
    type Event = ShowEvent;

    fn apply(&mut self, ShowEvent::SeatBooked { seat, guest }: ShowEvent) {
        self.guests.insert(seat, guest);
    }
}
