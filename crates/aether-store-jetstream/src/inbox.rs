//! The answers to the requests of a store: one subscription for all of them, and a token for each.
//!
//! The client has the like, in the task that also reads and writes its connection: this one costs that task less.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::client::traits::Publisher;
use async_nats::message::OutboundMessage;
use async_nats::{Client, Message, StatusCode, Subject, Subscriber};
use futures_util::StreamExt;
use futures_util::task::AtomicWaker;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::error::Failure;
use crate::waiting::Waiting;

/// So long after it was called and did not come, whoever hands out answers is taken for stuck.
const STUCK: Duration = Duration::from_secs(1);

/// Where the answers of one store arrive.
///
/// They are handed out by a task on the runtime of whoever made the first request. When that runtime ends, what waits
/// ends without an answer, and the next request starts another task; likewise when it is not run any more, which
/// [`doubt`](Self::doubt) finds out. The subscription survives reconnects, as all of the client's do.
#[derive(Debug)]
pub(crate) struct Inbox {
    client: Client,
    current: Mutex<Option<Arc<Post>>>,
    /// Held by who starts the next one, so that nobody publishes before it is subscribed.
    starting: tokio::sync::Mutex<()>,
}

/// One subscription and who waits for its messages.
#[derive(Debug)]
struct Post {
    /// The subjects of its answers, but for the token.
    prefix: String,
    waiting: Waiting<Message>,
    /// Wakes the task.
    task: AtomicWaker,
    /// Whether the task was called since it last ran, and when.
    is_called: AtomicBool,
    called_at: Mutex<Instant>,
}

impl Inbox {
    /// Subscribes to nothing before the first request.
    pub(crate) fn new(client: Client) -> Self {
        Self { client, current: Mutex::default(), starting: tokio::sync::Mutex::default() }
    }

    /// Sends a request, whose `subject` is this one, and waits for its answer, for ever.
    pub(crate) async fn request(
        &self,
        subject: &str,
        mut request: Box<OutboundMessage>,
    ) -> Result<Message, Failure> {
        let lost = || Failure::no_answer(subject, "who hands out answers has ended");
        let post = match self.current() {
            Some(post) => post,
            None => Box::pin(self.start(subject)).await?,
        };
        let ticket = post.waiting.enter().ok_or_else(lost)?;
        request.reply = Some(post.reply(ticket.token));
        // Boxed: who waits for an answer, which is nearly all of the time, does not carry what it took to ask.
        let sent = Box::pin(self.client.publish_message(*request)).await;
        sent.map_err(|error| Failure::of_publish(subject, error))?;
        let answer = ticket.answer().await.ok_or_else(lost)?;
        match answer.status {
            Some(StatusCode::NO_RESPONDERS) => Err(Failure::NoResponders { subject: subject.to_string() }),
            _ => Ok(answer),
        }
    }

    /// Asks for a sign of life from who hands out answers, after one did not come; without one it is replaced.
    pub(crate) fn doubt(&self) {
        let Some(post) = self.current() else { return };
        let mut called_at = lock(&post.called_at);
        if !post.is_called.swap(true, Ordering::Relaxed) {
            *called_at = Instant::now();
            post.task.wake();
        } else if called_at.elapsed() >= STUCK {
            post.close();
        }
    }

    /// Returns where answers arrive, if there is somebody who hands them out.
    fn current(&self) -> Option<Arc<Post>> {
        lock(&self.current).as_ref().filter(|post| !post.waiting.is_closed()).map(Arc::clone)
    }

    async fn start(&self, subject: &str) -> Result<Arc<Post>, Failure> {
        let _starting = self.starting.lock().await;
        if let Some(post) = self.current() {
            return Ok(post);
        }
        let runtime = Handle::try_current().map_err(|error| Failure::no_answer(subject, error))?;
        let post = Arc::new(Post::new(format!("{}.", self.client.new_inbox())));
        // Before whatever is published after it: the client sends in order.
        let answers = self.client.subscribe(format!("{}*", post.prefix)).await;
        let answers = answers.map_err(|error| Failure::no_answer(subject, error))?;
        runtime.spawn(Dispatch { post: Arc::clone(&post), answers });
        *lock(&self.current) = Some(Arc::clone(&post));
        Ok(post)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        if let Some(post) = self.current() {
            post.close();
        }
    }
}

impl Post {
    fn new(prefix: String) -> Self {
        Self {
            prefix,
            waiting: Waiting::default(),
            task: AtomicWaker::new(),
            is_called: AtomicBool::new(false),
            called_at: Mutex::new(Instant::now()),
        }
    }

    fn reply(&self, token: u64) -> Subject {
        let mut digits = [0; 16];
        let token = hex(token, &mut digits);
        // Of just the length that it has: the client takes it as it is then.
        let mut reply = String::with_capacity(self.prefix.len() + token.len());
        reply.push_str(&self.prefix);
        reply.push_str(token);
        reply.into()
    }

    /// Hands out a message that came. Whatever is no answer to somebody who waits is nobody's.
    fn take(&self, message: Message) {
        let token = message.subject.strip_prefix(self.prefix.as_str());
        if let Some(token) = token.and_then(|token| u64::from_str_radix(token, 16).ok()) {
            self.waiting.answer(token, message);
        }
    }

    /// Ends the task, and the waiting of all who wait.
    fn close(&self) {
        self.waiting.close();
        self.task.wake();
    }
}

/// The task that hands out answers. Its end, with its runtime's or the client's, ends the waiting of all who wait.
struct Dispatch {
    post: Arc<Post>,
    answers: Subscriber,
}

impl Future for Dispatch {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { post, answers } = &mut *self;
        post.task.register(context.waker());
        post.is_called.store(false, Ordering::Relaxed);
        if post.waiting.is_closed() {
            return Poll::Ready(());
        }
        loop {
            match answers.poll_next_unpin(context) {
                Poll::Ready(Some(message)) => post.take(message),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        self.post.waiting.close();
    }
}

/// Writes a number at the end of `digits`, and returns it.
fn hex(number: u64, digits: &mut [u8; 16]) -> &str {
    let (mut rest, mut length) = (number, 0);
    for digit in digits.iter_mut().rev() {
        *digit = match (rest % 16) as u8 {
            value @ 0..10 => b'0' + value,
            value => b'a' + value - 10,
        };
        rest /= 16;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    let written = digits.get(digits.len() - length..).unwrap_or_default();
    std::str::from_utf8(written).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tokens_are_written_as_they_are_read(token: u64, small in 0u64..20) {
            for token in [token, small] {
                let mut digits = [0; 16];
                prop_assert_eq!(hex(token, &mut digits), format!("{token:x}"));
            }
        }
    }
}
