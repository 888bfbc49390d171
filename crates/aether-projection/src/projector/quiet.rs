//! Which events an earlier generation has had, and waiting for it.

use aether_core::{Checkpoint, RecordedEvent};
use tokio::sync::watch;

use crate::Mode;

/// How far the generation before has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Before {
    pub(crate) covered: Checkpoint,
    /// Whether it will never come further.
    pub(crate) is_final: bool,
}

/// Tells events that the generation before has had from those that it will never have. While it still runs, what it has
/// not had yet is waited for: applied quietly, its effects might be missed, and loudly, they might be had twice.
#[derive(Debug)]
pub(crate) struct Quiet(Option<watch::Receiver<Before>>);

/// What to do with the first of some events.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leading {
    /// So many can be applied, in this mode.
    Apply(usize, Mode),
    /// The generation before is not there yet.
    Wait,
}

impl Quiet {
    /// There is no generation before.
    pub(crate) fn never() -> Self {
        Self(None)
    }

    pub(crate) fn behind(before: watch::Receiver<Before>) -> Self {
        Self(Some(before))
    }

    /// Quiet for what a generation before has covered, which does not run any more.
    pub(crate) fn until(covered: Checkpoint) -> Self {
        Self(Some(watch::channel(Before { covered, is_final: true }).1))
    }

    pub(super) fn leading(&mut self, events: &[RecordedEvent]) -> Leading {
        let Some(before) = &mut self.0 else {
            return Leading::Apply(events.len(), Mode::Live);
        };
        let before = before.borrow_and_update();
        let is_covered = |event: &RecordedEvent| before.covered.covers(&event.position());
        let is_replay = events.first().is_some_and(is_covered);
        if !is_replay && !before.is_final {
            return Leading::Wait;
        }
        let count = events.iter().take_while(|event| is_covered(event) == is_replay).count();
        Leading::Apply(count, if is_replay { Mode::Replay } else { Mode::Live })
    }

    /// Waits until the generation before has come further, or will not.
    pub(super) async fn changed(&mut self) {
        let Some(before) = &mut self.0 else {
            return;
        };
        if before.changed().await.is_err() {
            // Nobody says any more: whoever ran both is about to stop this one.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use aether_core::{ActorId, Event, NewEvent, Position, RawJson, Version};

    use super::*;

    fn events(places: &[(u32, u64)]) -> Vec<RecordedEvent> {
        let content = || NewEvent::new("T".try_into().unwrap(), RawJson::NULL);
        let event = || Event::new(ActorId::new("a-1").unwrap(), Version::FIRST, content());
        places
            .iter()
            .map(|(partition, sequence)| RecordedEvent::new(event(), *partition, *sequence, 0))
            .collect()
    }

    #[test]
    fn what_the_generation_before_has_not_had_is_waited_for_or_live() {
        let mut covered = Checkpoint::default();
        covered.advance(Position::new(0, 2, 0, None));
        covered.advance(Position::new(1, 5, 0, None));
        let (sender, receiver) = watch::channel(Before { covered, is_final: false });
        let mut quiet = Quiet::behind(receiver);
        let events = events(&[(0, 1), (1, 5), (0, 3), (1, 4), (1, 6)]);
        assert_eq!(quiet.leading(&events), Leading::Apply(2, Mode::Replay));
        assert_eq!(quiet.leading(&events[2..]), Leading::Wait);
        sender.send_modify(|before| before.is_final = true);
        assert_eq!(quiet.leading(&events[2..]), Leading::Apply(1, Mode::Live));
        assert_eq!(quiet.leading(&events[3..]), Leading::Apply(1, Mode::Replay));
        assert_eq!(quiet.leading(&events[4..]), Leading::Apply(1, Mode::Live));
        assert_eq!(Quiet::never().leading(&events), Leading::Apply(5, Mode::Live));
    }
}
