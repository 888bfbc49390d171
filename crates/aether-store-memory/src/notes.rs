//! What a shard notes of its commits, where somebody needs it.

use aether_core::{RecordedEvent, Timestamp};

/// Nothing, for a store that keeps no times and that nobody has subscribed to: then an append pays for one look.
#[derive(Debug, Default)]
pub(crate) struct Notes(Option<Box<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// What was stored since the order was last filled, with its sequences; `None` before that.
    fresh: Option<Vec<(u64, RecordedEvent)>>,
    /// When each commit was stored, with its sequence. Both never go back.
    times: Option<Vec<(u64, Timestamp)>>,
}

impl Notes {
    pub(crate) fn keeping_times() -> Self {
        Self(Some(Box::new(Kept { fresh: None, times: Some(Vec::new()) })))
    }

    /// Notes a commit, with its lock.
    #[inline]
    pub(crate) fn commit(&mut self, sequence: u64, events: &[RecordedEvent]) {
        if let Some(kept) = &mut self.0 {
            kept.commit(sequence, events);
        }
    }

    /// Moves what is fresh to `into`; returns whether all that is in the shard was noted there once, and is from now on.
    pub(crate) fn take_fresh(&mut self, into: &mut Vec<(u64, RecordedEvent)>) -> bool {
        let fresh = &mut self.0.get_or_insert_default().fresh;
        let began = fresh.is_some();
        into.append(fresh.get_or_insert_default());
        began
    }

    /// Returns the first sequence of the shard that was stored at `time` or later. `None` where times are not kept.
    pub(crate) fn first_since(&self, time: Timestamp) -> Option<Option<u64>> {
        let times = self.0.as_ref()?.times.as_ref()?;
        let first = times.partition_point(|(_, stored)| *stored < time);
        Some(times.get(first).map(|(sequence, _)| *sequence))
    }
}

impl Kept {
    #[cold]
    fn commit(&mut self, sequence: u64, events: &[RecordedEvent]) {
        if let Some(fresh) = &mut self.fresh {
            fresh.extend(events.iter().map(|event| (sequence, event.clone())));
        }
        if let Some(times) = &mut self.times {
            let now = Timestamp::now();
            // A clock may be set back, and what is searched may not.
            let now = times.last().map_or(now, |(_, last)| now.max(*last));
            times.push((sequence, now));
        }
    }
}
