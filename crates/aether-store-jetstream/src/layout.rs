//! The two layouts of streams: Aether's own, and that of the Go original, which is kept as it is found.
//!
//! The Go original refuses to open a stream whose configuration differs from its own, reads single events only, and
//! replaces some bytes of ids by `_`, so that several actors may share a subject. So on its streams nothing is
//! configured, everything is read at the leader or by consumers, heads are found by actor and not by last message, and
//! only what that store can read is written.

use aether_core::error::{InvalidAppend, Unsupported};
use aether_core::{ActorId, AppendError, AppendOptions, JsonKind, NewEvent, RawJson};
use serde_json::{Value, json};

use crate::subject;

/// Who made a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Aether,
    Go,
}

impl Layout {
    /// Says whether the configuration is that of a stream which the Go original made: both kinds of subjects in one
    /// stream that nobody has put a mark of ours on.
    pub(crate) fn is_go(stream: &str, config: &Value) -> bool {
        let subjects = [subject::all_events(stream), subject::all_snapshots(stream)];
        let marked = config.get("metadata").is_some_and(|metadata| metadata.get("aether.role").is_some());
        config.get("subjects") == Some(&json!(subjects)) && config["retention"] == "limits" && !marked
    }

    /// Checks that what is to be appended can be, on a stream of this layout.
    pub(crate) fn check_append(
        self,
        actor: &ActorId,
        events: &[NewEvent],
        options: AppendOptions,
    ) -> Result<(), AppendError> {
        if self == Self::Aether {
            return Ok(());
        }
        if events.len() > 1 {
            return Err(of_aether_only("a commit of several events").into());
        }
        if options.epoch.is_some() {
            return Err(of_aether_only("an append under an epoch").into());
        }
        check_own_subject(actor)?;
        for (index, event) in events.iter().enumerate() {
            let found = event.raw_data().kind();
            if !is_readable(event.raw_data()) {
                return Err(InvalidAppend::DataKind { index, found }.into());
            }
        }
        Ok(())
    }

    /// Checks that a snapshot can be saved, on a stream of this layout.
    pub(crate) fn check_snapshot(self, actor: &ActorId, state: &RawJson) -> Result<(), Unsupported> {
        match self {
            Self::Go if !is_readable(state) => Err(of_aether_only("a state that is no object")),
            Self::Go => check_own_subject(actor),
            Self::Aether => Ok(()),
        }
    }
}

/// The Go original reads data and states into maps.
fn is_readable(json: &RawJson) -> bool {
    matches!(json.kind(), JsonKind::Object | JsonKind::Null)
}

/// Refuses ids that share their subject with others in the layout of the Go original.
fn check_own_subject(actor: &ActorId) -> Result<(), Unsupported> {
    if subject::is_exact(actor) {
        return Ok(());
    }
    Err(Unsupported {
        operation: "writing to this actor",
        needed: "an id without blanks, control characters, `.`, `*` and `>`, which the Go original replaces by `_`".into(),
        found: format!("{actor:?} on a stream of the Go original"),
    })
}

/// What only a stream of Aether can do.
pub(crate) fn of_aether_only(operation: &'static str) -> Unsupported {
    let needed = "a stream that Aether made or adopted".to_owned();
    Unsupported { operation, needed, found: "a stream that the Go original made".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO: &str = include_str!("../tests/data/go-stream-config.json");

    #[test]
    fn a_stream_of_the_go_original_is_recognized_until_it_is_adopted() {
        let mut config: Value = serde_json::from_str(GO).unwrap();
        assert!(Layout::is_go("events", &config));
        assert!(!Layout::is_go("orders", &config));
        config["metadata"]["aether.role"] = json!("events");
        assert!(!Layout::is_go("events", &config));
    }

    #[test]
    fn only_what_the_go_original_can_read_is_appended_there() {
        let event =
            |data: &str| NewEvent::new("T".try_into().unwrap(), RawJson::parse(data.to_owned()).unwrap());
        let check = |id: &str, events: &[NewEvent], options| {
            Layout::Go.check_append(&ActorId::new(id).unwrap(), events, options)
        };
        let plain = AppendOptions::default();
        assert!(check("order-1", &[event("{}")], plain).is_ok());
        assert!(check("order-1", &[event("null")], plain).is_ok());
        let epoch = plain.epoch(aether_core::Epoch::new(1));
        for unsupported in [
            check("order-1", &[event("{}"), event("{}")], plain),
            check("order-1", &[event("{}")], epoch),
            check("a.b", &[event("{}")], plain),
        ] {
            assert!(matches!(unsupported, Err(AppendError::Unsupported(_))));
        }
        let scalar = check("order-1", &[event("7")], plain).unwrap_err();
        assert!(scalar.to_string().contains("Number"), "{scalar}");
        assert!(Layout::Aether.check_append(&ActorId::new("a.b").unwrap(), &[event("7")], epoch).is_ok());
    }
}
