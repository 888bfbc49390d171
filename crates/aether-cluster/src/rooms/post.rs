//! What leaves a room: answers, and messages that are sent on.

use async_nats::client::traits::Publisher;
use async_nats::connection::State;
use async_nats::message::OutboundMessage;
use async_nats::{Client, Subject};
use bytes::Bytes;
use tokio::sync::mpsc;

use super::mail::{Outgoing, ReplyTo};
use crate::protocol::Reply;
use crate::route::Answer;
use crate::route::wire;
use crate::subjects::Subjects;

/// Sends what leaves the rooms of a node.
#[derive(Debug)]
pub(super) struct Post {
    client: Client,
    subjects: Subjects,
    /// What nobody waits to be sent. It holds no more than came, which is bounded.
    waiting: mpsc::UnboundedSender<OutboundMessage>,
}

impl Post {
    pub(super) fn new(
        client: Client,
        subjects: Subjects,
    ) -> (Self, mpsc::UnboundedReceiver<OutboundMessage>) {
        let (waiting, outgoing) = mpsc::unbounded_channel();
        (Self { client, subjects, waiting }, outgoing)
    }

    /// Sends something some time later, in the order of these calls.
    pub(super) fn put(&self, outgoing: Outgoing) {
        let message = match outgoing {
            Outgoing::Answer(ReplyTo::Here(place), reply) => return place.answer(reply),
            Outgoing::Answer(ReplyTo::Subject(subject), reply) => self.answer_message(subject, &reply),
            Outgoing::Forward(to, mail) => OutboundMessage {
                subject: self.subjects.route(to).into(),
                reply: Some(match mail.reply {
                    ReplyTo::Subject(subject) => subject,
                    ReplyTo::Here(place) => place.subject(),
                }),
                payload: wire::question(&mail.message),
                headers: None,
            },
        };
        let _ = self.waiting.send(message);
    }

    pub(super) fn all(&self, outgoing: Vec<Outgoing>) {
        outgoing.into_iter().for_each(|outgoing| self.put(outgoing));
    }

    /// Sends an answer now.
    pub(super) async fn answer(&self, to: ReplyTo, reply: Reply<Answer>) {
        match to {
            ReplyTo::Here(place) => place.answer(reply),
            ReplyTo::Subject(subject) => send(&self.client, self.answer_message(subject, &reply)).await,
        }
    }

    fn answer_message(&self, subject: Subject, reply: &Reply<Answer>) -> OutboundMessage {
        let payload = fitting(reply, self.client.max_payload());
        OutboundMessage { subject, reply: None, payload, headers: None }
    }
}

/// Sends what is put, until nobody puts any more.
pub(super) async fn run(client: Client, mut outgoing: mpsc::UnboundedReceiver<OutboundMessage>) {
    while let Some(message) = outgoing.recv().await {
        // What is sent on has a reply. Its asker tries again; kept by the client until there is a connection again, it would come when
        // nobody knows any more what became of it.
        let is_sent_on = message.reply.is_some();
        if !is_sent_on || client.connection_state() == State::Connected {
            send(&client, message).await;
        }
    }
}

async fn send(client: &Client, message: OutboundMessage) {
    let subject = message.subject.clone();
    if let Err(error) = client.publish_message(message).await {
        tracing::debug!(%subject, %error, "an answer could not be sent");
    }
}

/// Writes an answer, or in place of one that is too large, its size.
fn fitting(reply: &Reply<Answer>, limit: usize) -> Bytes {
    let payload = wire::answer(reply);
    if payload.len() <= limit {
        return payload;
    }
    let size = || Answer::TooLarge(payload.len() as u64);
    wire::answer(&match reply {
        Reply::Stored(_) => Reply::Stored(size()),
        Reply::Answer(_) => Reply::Answer(size()),
        Reply::Rejected(_) => Reply::Rejected(size()),
        Reply::Overloaded => Reply::Overloaded,
        Reply::Moved => Reply::Moved,
    })
}
