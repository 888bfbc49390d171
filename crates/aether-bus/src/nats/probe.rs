//! Round trips: what a node sends to itself comes back when the server has taken everything that was sent before.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::{Client, Subject, Subscriber};
use futures_util::StreamExt;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::subject;
use super::wire::NodeNumber;

/// After so long without an answer a node asks again: the question, or the answer, went with a connection.
const AGAIN: Duration = Duration::from_millis(500);

/// The round trips of a node.
#[derive(Debug)]
pub(super) struct Probes {
    pub(super) subject: Subject,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    senders: HashMap<u64, oneshot::Sender<()>>,
}

/// Says that no round trip was made in time.
#[derive(Debug)]
pub(super) struct NoAnswer;

impl Probes {
    pub(super) fn new(prefix: &str, NodeNumber(node): NodeNumber) -> Self {
        let subject = subject::of_node(prefix, &format!("{node:032x}")).into();
        Self { subject, waiting: Mutex::default() }
    }

    /// Waits until the server has taken all that the client sent before.
    pub(super) async fn round_trip(&self, client: &Client, deadline: Instant) -> Result<(), NoAnswer> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(NoAnswer);
            }
            let (number, answer) = self.expect();
            let asked = client.publish(self.subject.clone(), number.to_string().into());
            let answered = match timeout(left.min(AGAIN), asked).await {
                Ok(Ok(())) => timeout(left.min(AGAIN), answer).await.is_ok(),
                // The client is closed.
                Ok(Err(_)) => return Err(NoAnswer),
                Err(_) => false,
            };
            self.waiting().senders.remove(&number);
            if answered {
                return Ok(());
            }
        }
    }

    fn expect(&self) -> (u64, oneshot::Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting();
        waiting.next += 1;
        let number = waiting.next;
        waiting.senders.insert(number, sender);
        (number, receiver)
    }

    /// Hands out the answers that come in.
    pub(super) async fn listen(&self, mut answers: Subscriber) {
        while let Some(message) = answers.next().await {
            let number = std::str::from_utf8(&message.payload).ok().and_then(|text| text.parse().ok());
            let sender = number.and_then(|number: u64| self.waiting().senders.remove(&number));
            if let Some(sender) = sender {
                // Whoever asked may have given up.
                let _ = sender.send(());
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
