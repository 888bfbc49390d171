//! A plan in words. Pure.

use std::fmt;

use super::{Later, Move, Plan, Share, Wait};

/// As operators read it: what moves and why, what waits and for what, and what each node holds before and after.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { moves, later, withdrawn, unplaced, under_way, passing, shares, .. } = self;
        writeln!(f, "{} moves now, {under_way} under way, {} later", moves.len(), later.len() + passing)?;
        moves.iter().try_for_each(|of| writeln!(f, "  now    {of}"))?;
        later.iter().try_for_each(|of| writeln!(f, "  later  {of}"))?;
        withdrawn.iter().try_for_each(|shard| writeln!(f, "  called off: the move of shard {shard}"))?;
        unplaced.iter().try_for_each(|shard| writeln!(f, "  no node takes shard {shard}"))?;
        shares.iter().try_for_each(|share| writeln!(f, "  {share}"))
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.from.as_ref().map_or("nobody", |node| node.as_str());
        write!(f, "shard {}: {from} -> {}: {}", self.shard, self.to, self.reason)
    }
}

impl fmt::Display for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.of, self.waits)
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Throttled => f.write_str("as many as may move at once do"),
            Self::CoolingDown(until) => write!(f, "cooling down until {until:?}"),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} holds {} and is to hold {}", self.node, self.held, self.quota)
    }
}
