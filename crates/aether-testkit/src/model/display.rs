//! Histories as people read them: a line per command.

use std::fmt;

use super::command::{Action, Command, Expectation, History};

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, command) in (1..).zip(&self.0) {
            writeln!(f, "  {number}. {command:?}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "handle {}: {:?}", self.handle, self.action)
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append { actor, expected, events, epoch } => {
                let plural = if *events == 1 { "" } else { "s" };
                write!(f, "append {events} event{plural} to actor {actor}, expecting {expected:?}")?;
                epoch.iter().try_for_each(|epoch| write!(f, ", under epoch {epoch}"))
            }
            Self::Save { actor, ahead } => {
                write!(f, "save an event of actor {actor} at {}", relative(*ahead))
            }
            Self::Repeat { back } => write!(f, "repeat {}", earlier(*back)),
            Self::Forge { back } => write!(f, "repeat {}, with other content", earlier(*back)),
            Self::Claim { actor, epoch } => write!(f, "claim actor {actor} at epoch {epoch}"),
            Self::Read { actor, from } => write!(f, "read actor {actor} from version {from}"),
            Self::Head { actor } => write!(f, "look at the head of actor {actor}"),
            Self::Reopen => write!(f, "reopen"),
            Self::SaveSnapshot { actor, back } => {
                write!(f, "save a snapshot of actor {actor} at {}", relative(-(*back as i8)))
            }
            Self::LatestSnapshot { actor } => write!(f, "look at the snapshot of actor {actor}"),
        }
    }
}

impl fmt::Debug for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(off) => f.write_str(&relative(*off)),
            Self::NoEvents => f.write_str("no events"),
            Self::Any => f.write_str("any version"),
            Self::Below(off) => write!(f, "less than {}", relative(*off)),
        }
    }
}

fn relative(off: i8) -> String {
    match off {
        0 => "the current version".to_owned(),
        off => format!("the current version {off:+}"),
    }
}

fn earlier(back: u8) -> String {
    match back {
        0 => "the latest append".to_owned(),
        back => format!("the append {back} before the latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_has_a_line_per_command() {
        let expected = Expectation::Exactly(-1);
        let history = History(vec![
            Command { handle: 0, action: Action::Append { actor: 2, expected, events: 3, epoch: Some(4) } },
            Command { handle: 1, action: Action::Repeat { back: 0 } },
        ]);
        let wanted = "  1. handle 0: append 3 events to actor 2, expecting the current version -1, under epoch 4\n  \
                      2. handle 1: repeat the latest append\n";
        assert_eq!(format!("{history:?}"), wanted);
    }
}
