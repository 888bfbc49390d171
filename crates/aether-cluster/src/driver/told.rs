//! What the driver is told.

use crate::protocol::Input;

/// What the driver is told, by whatever task.
#[derive(Debug)]
pub(crate) enum Told {
    /// Something for the node.
    Input(Input),
    /// What a watch shows. It counts only if that watch is still the one that there is.
    Watched {
        /// Which watch.
        generation: u64,
        /// What it shows.
        input: Input,
    },
}
