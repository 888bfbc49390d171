//! What can be done to a store, relative to where it stands: a history that was shrunk still means something.

/// A sequence of commands.
#[derive(Clone)]
pub(crate) struct History(pub(crate) Vec<Command>);

/// One command, and which of the two handles carries it out.
#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) handle: u8,
    pub(crate) action: Action,
}

/// What is done. Actors, epochs and versions are small numbers, so that they meet.
#[derive(Clone)]
pub(crate) enum Action {
    Append {
        actor: u8,
        expected: Expectation,
        events: u8,
        epoch: Option<u8>,
    },
    /// Saves one event at the current version plus this.
    Save {
        actor: u8,
        ahead: i8,
    },
    /// Repeats an earlier append, counted back from the latest.
    Repeat {
        back: u8,
    },
    /// Repeats an earlier append with other content under the same ids.
    Forge {
        back: u8,
    },
    Claim {
        actor: u8,
        epoch: u8,
    },
    Read {
        actor: u8,
        from: u8,
    },
    Head {
        actor: u8,
    },
    Reopen,
    /// Saves a snapshot that many versions below the current one.
    SaveSnapshot {
        actor: u8,
        back: u8,
    },
    LatestSnapshot {
        actor: u8,
    },
}

/// What an append expects.
#[derive(Clone, Copy)]
pub(crate) enum Expectation {
    /// The current version plus this.
    Exactly(i8),
    NoEvents,
    Any,
    /// Below the current version plus this.
    Below(i8),
}
