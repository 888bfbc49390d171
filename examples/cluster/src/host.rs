//! What runs in the shards of each node: it has a show's messages handled, one writer at a time.

use aether::cluster::route::{Codec, Json};
use aether::cluster::{Handled, Message, Ownership, ShardHost, check_store};
use aether::error::AppendError;
use aether::{
    AppendOptions, ClaimOptions, EventStore, EventStoreExt, Expected, JetStreamStore, NewEvent, State,
    Version,
};

use crate::Result;
use crate::show::{Show, ShowCommand, ShowEvent};

pub(crate) struct BoxOffice(pub(crate) JetStreamStore);

impl ShardHost for BoxOffice {
    fn check(&self) -> Result {
        Ok(check_store(&self.0)?)
    }

    async fn handle(&self, ownership: &Ownership, message: Message) -> Handled {
        match self.turn(ownership, &message).await {
            Ok(handled) => handled,
            Err(error) => {
                eprintln!("{}: {error}", message.actor);
                // Another node owns the show by now: this one stops.
                if let Some(AppendError::Fenced(later)) = error.downcast_ref() {
                    ownership.fenced(later.current);
                }
                // Whatever it is, the asker tries again with the same command.
                Handled::Moved
            }
        }
    }
}

impl BoxOffice {
    async fn turn(&self, ownership: &Ownership, message: &Message) -> Result<Handled> {
        // Whoever owns the show will not understand it either.
        let Ok(command) = Json.decode(&message.payload) else {
            return Ok(Handled::Rejected(Json.encode("it is no command")?));
        };
        let (show, epoch) = (&message.actor, ownership.epoch());
        // From here on nothing is stored that a former owner of the show has begun. What is read now is the truth.
        let claim = ClaimOptions::default().deadline(message.left()).prove();
        self.0.claim_with(show, epoch, claim).await?;
        let (mut state, mut version) = (Show::default(), Version::INITIAL);
        for event in self.0.read_all(show, Version::FIRST).await? {
            state.commands.extend(event.event().command_id().cloned());
            state.apply(event.event().decode()?);
            version = event.version();
        }
        let (seat, guest) = match command {
            ShowCommand::WhoSitsIn { seat } => {
                return Ok(Handled::Answered(Json.encode(&state.guests.get(&seat))?));
            }
            ShowCommand::Book { seat, guest } => (seat, guest),
        };
        let booked = Handled::Stored(Json.encode(&seat)?);
        // The command has come before, and its answer was lost.
        if state.commands.contains(&message.command) {
            return Ok(booked);
        }
        if let Some(other) = state.guests.get(&seat) {
            return Ok(Handled::Rejected(Json.encode(&format!("it is {other}'s"))?));
        }
        let event = NewEvent::encode(&ShowEvent::SeatBooked { seat, guest })?;
        let event = event.with_command(message.command.clone());
        let options = AppendOptions::default().epoch(epoch).deadline(message.left());
        self.0.append_with(show, Expected::Exactly(version), vec![event], options).await?;
        Ok(booked)
    }
}
