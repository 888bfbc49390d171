//! An ask on its way: carries out what [`Ask`] wants.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use aether_core::Epoch;
use async_nats::client::traits::Publisher;
use async_nats::connection::State;
use async_nats::message::OutboundMessage;
use futures_core::future::BoxFuture;
use futures_util::future::{Either, select};
use tokio::time::{Instant, Sleep, sleep};

use super::inbox::{Closed, Got, Ticket};
use super::router::Inner;
use super::wire::{self, Answer};
use crate::clock::Clock;
use crate::host::Message;
use crate::placement::Shard;
use crate::protocol::{Address, Ask, Attempt, Effect, End, Event, Identity, Moment};

/// The names of ends, for spans and metrics.
pub(super) const ENDS: &[&str] =
    &["stored", "answered", "rejected", "overloaded", "no owner", "deadline", "stopped"];

pub(super) fn name<R>(end: &End<R>) -> &'static str {
    match end {
        End::Stored(_) => "stored",
        End::Answer(_) => "answered",
        End::Rejected(_) => "rejected",
        End::Overloaded => "overloaded",
        End::NoOwner(_) => "no owner",
        End::Deadline => "deadline",
    }
}

type Look<'a> = BoxFuture<'a, Option<(Identity, Epoch)>>;
type Happened = Result<Event<Answer>, Closed>;

/// Asks until there is an end. Returns it, with how many attempts there were.
pub(super) async fn drive(
    router: &Inner,
    shard: Shard,
    message: &Message,
    deadline: Moment,
) -> (Result<End<Answer>, Closed>, u32) {
    let (clock, settings) = (router.clock, router.settings);
    let Some(ticket) = router.inbox.enter() else { return (Err(Closed), 0) };
    let mut ask = Ask::new(shard, deadline, settings.patience, settings.pauses, clock.now());
    let mut timer = pin!(Timer::new(clock, ask.wake_at()));
    let mut look: Option<Look<'_>> = None;
    let mut event = match router.owners.known(shard) {
        Some(owner) => Some(Event::Route(Some(owner))),
        None => {
            look = Some(router.owners.look(shard));
            None
        }
    };
    loop {
        if event.is_none() {
            timer.as_mut().wake_at(ask.wake_at());
            match poll_fn(|context| next(&ticket, &mut look, timer.as_mut(), context)).await {
                Ok(happened) => event = Some(happened),
                Err(closed) => return (Err(closed), ask.attempts()),
            }
        }
        let Some(happened) = event.take() else { continue };
        match ask.handle(happened, clock.now(), fastrand::f64()) {
            None => {}
            // One that is under way goes on: begun anew each time, a slow one would never end.
            Some(Effect::Refresh) => drop(look.get_or_insert_with(|| router.owners.look(shard))),
            Some(Effect::Send(attempt, to)) => {
                timer.as_mut().wake_at(ask.wake_at());
                send(router, &ticket, message, attempt, to, timer.as_mut()).await;
            }
            Some(Effect::End(end)) => return (Ok(end), ask.attempts()),
        }
    }
}

/// What happens next.
fn next(
    ticket: &Ticket,
    look: &mut Option<Look<'_>>,
    timer: Pin<&mut Timer>,
    context: &mut Context<'_>,
) -> Poll<Happened> {
    if let Poll::Ready(got) = ticket.poll(context) {
        return Poll::Ready(got.map(|got| match got {
            Got::Reply(attempt, reply) => Event::Reply(attempt, reply),
            Got::NoResponders(attempt) => Event::NoResponders(attempt),
        }));
    }
    if let Some(Poll::Ready(route)) = look.as_mut().map(|look| look.as_mut().poll(context)) {
        *look = None;
        return Poll::Ready(Ok(Event::Route(route)));
    }
    timer.poll(context).map(|()| Ok(Event::Wake))
}

/// Sends an attempt: to a room of this node, or over the network. What cannot be sent in time is not, and the next attempt follows.
async fn send(
    router: &Inner,
    ticket: &Ticket,
    message: &Message,
    attempt: Attempt,
    to: Address,
    timer: Pin<&mut Timer>,
) {
    let place = ticket.place(attempt);
    if to.incarnation == router.me.incarnation {
        return router.rooms.enter(to, message.clone(), place);
    }
    // The client would keep it, and send it when there is a connection again: long after anybody waits for an answer.
    if router.client.connection_state() != State::Connected {
        return;
    }
    let (subject, reply, payload) = (router.subject(to), Some(place.subject()), wire::question(message));
    let sent = router.client.publish_message(OutboundMessage { subject, reply, payload, headers: None });
    if let Either::Left((Err(error), _)) = select(pin!(sent), timer).await {
        tracing::debug!(%to, %error, "a message could not be sent");
    }
}

/// The one timer of an ask. It is set anew only when it is to ring earlier, or has rung.
struct Timer {
    clock: Clock,
    sleep: Pin<Box<Sleep>>,
    at: Option<Moment>,
}

impl Timer {
    fn new(clock: Clock, at: Option<Moment>) -> Self {
        let left = at.map_or(std::time::Duration::ZERO, |at| clock.until(at));
        Self { clock, sleep: Box::pin(sleep(left)), at }
    }

    fn wake_at(mut self: Pin<&mut Self>, at: Option<Moment>) {
        let Some(at) = at else { return };
        if self.at.is_none_or(|set| at < set) {
            let left = self.clock.until(at);
            self.at = Some(at);
            self.sleep.as_mut().reset(Instant::now() + left);
        }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let rung = self.sleep.as_mut().poll(context);
        if rung.is_ready() {
            self.at = None;
        }
        rung
    }
}
