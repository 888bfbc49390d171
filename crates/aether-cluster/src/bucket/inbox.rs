//! The answers to all requests of one node: one subscription, and a token for each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::{Client, Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::AbortHandle;

use super::error::Failure;

/// Where the answers to one node's requests arrive. Its task ends with it.
#[derive(Debug)]
pub(super) struct Inbox {
    client: Client,
    prefix: String,
    waiting: Arc<Mutex<Waiting>>,
    task: OnceCell<AbortHandle>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// No token is used twice, so that no answer comes to another request, however late or often it comes.
    next: u64,
    senders: HashMap<u64, oneshot::Sender<Message>>,
}

impl Inbox {
    /// Subscribes to nothing before the first request.
    pub(super) fn new(client: Client) -> Self {
        let prefix = format!("{}.", client.new_inbox());
        Self { client, prefix, waiting: Arc::default(), task: OnceCell::new() }
    }

    /// Sends a request and waits for its answer, for ever.
    pub(super) async fn request(
        &self,
        subject: &str,
        headers: Option<async_nats::HeaderMap>,
        payload: Bytes,
    ) -> Result<Message, Failure> {
        self.task.get_or_try_init(|| self.start(subject)).await?;
        let ticket = Ticket::new(&self.waiting);
        let reply = format!("{}{}", self.prefix, ticket.token);
        let sent = match headers {
            Some(headers) => {
                self.client.publish_with_reply_and_headers(subject.to_owned(), reply, headers, payload).await
            }
            None => self.client.publish_with_reply(subject.to_owned(), reply, payload).await,
        };
        sent.map_err(|error| Failure::no_answer(subject, error))?;
        let answer = ticket.answer().await.map_err(|error| Failure::no_answer(subject, error))?;
        match answer.status {
            Some(StatusCode::NO_RESPONDERS) => Err(Failure::NoResponders { subject: subject.to_owned() }),
            _ => Ok(answer),
        }
    }

    async fn start(&self, subject: &str) -> Result<AbortHandle, Failure> {
        // Before whatever is published after it: the client sends in order.
        let answers = self.client.subscribe(format!("{}*", self.prefix)).await;
        let answers = answers.map_err(|error| Failure::no_answer(subject, error))?;
        let task = hand_out(answers, self.prefix.clone(), Arc::clone(&self.waiting));
        Ok(tokio::spawn(task).abort_handle())
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

async fn hand_out(mut answers: Subscriber, prefix: String, waiting: Arc<Mutex<Waiting>>) {
    while let Some(message) = answers.next().await {
        let token = message.subject.strip_prefix(prefix.as_str()).and_then(|token| token.parse().ok());
        let sender = token.and_then(|token: u64| lock(&waiting).senders.remove(&token));
        // Whatever is no answer to somebody who waits is nobody's.
        if let Some(sender) = sender {
            let _ = sender.send(message);
        }
    }
    lock(&waiting).senders.clear();
}

/// The right to one answer; given up when dropped.
struct Ticket<'a> {
    waiting: &'a Mutex<Waiting>,
    token: u64,
    receiver: oneshot::Receiver<Message>,
}

impl<'a> Ticket<'a> {
    fn new(waiting: &'a Mutex<Waiting>) -> Self {
        let (sender, receiver) = oneshot::channel();
        let mut table = lock(waiting);
        let token = table.next;
        table.next += 1;
        table.senders.insert(token, sender);
        drop(table);
        Self { waiting, token, receiver }
    }

    async fn answer(mut self) -> Result<Message, oneshot::error::RecvError> {
        (&mut self.receiver).await
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        lock(self.waiting).senders.remove(&self.token);
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
