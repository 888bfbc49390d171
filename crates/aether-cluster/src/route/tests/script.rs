//! A host that does what the test says, message by message.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use crate::host::{Handled, Message, Ownership, ShardHost};

type Doing = Pin<Box<dyn Future<Output = Handled> + Send>>;
type Script = dyn Fn(Ownership, Message) -> Doing + Send + Sync;

/// Does what the test says, and writes down what it was given.
#[derive(Clone)]
pub(super) struct Scripted {
    script: Arc<Script>,
    pub(super) seen: Arc<Mutex<Vec<Message>>>,
    pub(super) released: Arc<Mutex<usize>>,
}

impl Scripted {
    pub(super) fn new<F>(script: impl Fn(Ownership, Message) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Handled> + Send + 'static,
    {
        let script: Arc<Script> = Arc::new(move |ownership, message| Box::pin(script(ownership, message)));
        Self { script, seen: Arc::default(), released: Arc::default() }
    }

    /// How many messages it was given.
    pub(super) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl ShardHost for Scripted {
    async fn release(&self, _: &Ownership) {
        *self.released.lock().unwrap() += 1;
    }

    async fn handle(&self, ownership: &Ownership, message: Message) -> Handled {
        self.seen.lock().unwrap().push(message.clone());
        (self.script)(ownership.clone(), message).await
    }
}
