//! One subscription at the server: it brings what other nodes publish to the mailboxes of exactly its pattern.
//!
//! So an event that two patterns match comes over two subscriptions, and each mailbox gets it over its own, once.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;
use std::time::Instant;

use aether_core::Namespace;
use async_nats::{Message, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use tokio::task::unconstrained;

use super::content::Content;
use super::registry::Feed;
use super::shared::Shared;
use super::tracks::Tracks;
use super::{subject, wire};
use crate::gap::Gap;
use crate::hub::Hub;
use crate::mailbox::{From, Mailbox};
use crate::span::{self, Traced};
use crate::{Pattern, TraceParent};

/// The header of the W3C recommendation "Trace Context".
pub(super) const TRACE: &str = "traceparent";

/// Brings what other nodes publish to the mailboxes of a pattern.
pub(super) struct Reader<T> {
    shared: Arc<Shared>,
    hub: Arc<Hub<T>>,
    pattern: Pattern,
    feed: Arc<Feed>,
    tracks: Tracks,
    /// On which of the client's connections the last message came.
    connection: u64,
    /// Since when somebody listens.
    since: Instant,
    /// The last subject, and its namespace.
    last: Option<(Subject, Namespace)>,
}

impl<T: Content> Reader<T> {
    pub(super) fn new(shared: Arc<Shared>, hub: Arc<Hub<T>>, pattern: Pattern, feed: Arc<Feed>) -> Self {
        let connection = shared.connects();
        Self {
            shared,
            hub,
            pattern,
            feed,
            tracks: Tracks::default(),
            connection,
            since: Instant::now(),
            last: None,
        }
    }

    /// Subscribes and reads, until the bus is stopped or the client closed.
    pub(super) async fn run(mut self) {
        let subject = subject::of_pattern(&self.shared.prefix, T::KIND, &self.pattern);
        let opened = self.shared.client.subscribe(subject).await;
        self.feed.opened.send_replace(Some(opened.is_ok()));
        let Ok(mut messages) = opened else { return };
        self.read(&mut messages).await;
        // Unconstrained: else the runtime would have it wait before it has got all that is there.
        while let Some(Some(message)) = unconstrained(messages.next()).now_or_never() {
            self.hear(&message);
        }
    }

    async fn read(&mut self, messages: &mut Subscriber) {
        let mut connection = self.shared.connection.subscribe();
        let mut stopping = self.shared.stopping.subscribe();
        loop {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                message = messages.next() => match message {
                    Some(message) => self.hear(&message),
                    None => return self.closed(),
                },
                changed = connection.changed() => match changed {
                    Ok(()) => self.look_at_connection(),
                    Err(_) => return,
                },
            }
        }
    }

    /// Says that something may be missing, if the connection is another one.
    fn look_at_connection(&mut self) {
        let now = self.shared.connects();
        if now != self.connection {
            self.connection = now;
            self.miss_something();
        }
    }

    fn closed(&self) {
        tracing::warn!(pattern = %self.pattern, "the client is closed: nothing more comes from other nodes");
        self.miss_something();
    }

    fn miss_something(&self) {
        self.hub.of(&self.pattern).iter().for_each(|mailbox| mailbox.miss(Gap::at_least(0)));
    }

    fn hear(&mut self, message: &Message) {
        self.look_at_connection();
        if let Err(fault) = self.deliver(message) {
            let count = self.shared.malformed.fetch_add(1, Relaxed) + 1;
            // The first, and then ever more seldom: whoever publishes there must not fill the log.
            if count.is_power_of_two() {
                tracing::warn!(subject = %message.subject, %fault, count, "a message on the bus's subjects is not the bus's");
            }
        }
    }

    fn deliver(&mut self, message: &Message) -> Result<(), wire::Fault> {
        let (head, _) = wire::head(&message.payload)?;
        // What this node published its subscribers have got.
        if head.node == self.shared.node {
            return Ok(());
        }
        let frame = wire::frame(&message.payload)?;
        let namespace = self.namespace(&message.subject).ok_or(wire::Fault::Subject)?;
        let entries = frame.entries.len() as u64;
        let heard = self.tracks.hear(head, entries, self.since.elapsed());
        let mailboxes = self.hub.of(&self.pattern);
        self.feed.messages.store(self.tracks.messages(), Relaxed);
        if heard.missing > 0 {
            mailboxes.iter().for_each(|mailbox| mailbox.miss_of_others(heard.missing, heard.since));
        }
        if heard.is_beginning_lost {
            mailboxes.iter().for_each(|mailbox| mailbox.miss(Gap::at_least(0)));
        }
        let trace = trace(message);
        let late = usize::try_from(heard.late).unwrap_or(usize::MAX);
        for range in frame.entries.into_iter().skip(late) {
            let json = match entries {
                1 => message.payload.slice(range),
                // So that one event that is kept does not keep all of them.
                _ => Bytes::copy_from_slice(message.payload.get(range).unwrap_or_default()),
            };
            self.hand_out(&mailboxes, &namespace, json, trace);
        }
        Ok(())
    }

    fn hand_out(
        &self,
        mailboxes: &[Arc<Mailbox<T>>],
        namespace: &Namespace,
        json: Bytes,
        trace: Option<TraceParent>,
    ) {
        match T::decode(json) {
            Ok(content) => {
                let Traced { span, context } = span::receive(namespace, trace);
                let _entered = span.enter();
                for mailbox in mailboxes.iter().filter(|mailbox| mailbox.takes(&content)) {
                    let (reader, _) =
                        mailbox.offer(namespace, content.clone(), context.as_ref(), From::Elsewhere);
                    reader.into_iter().for_each(Waker::wake);
                }
            }
            Err(error) => {
                let count = self.shared.malformed.fetch_add(1, Relaxed) + 1;
                if count.is_power_of_two() {
                    let error: &dyn std::error::Error = &*error;
                    tracing::warn!(%namespace, error, count, "what another node published cannot be read");
                }
                mailboxes.iter().for_each(|mailbox| mailbox.miss_of_others(1, self.tracks.messages()));
            }
        }
    }

    fn namespace(&mut self, subject: &Subject) -> Option<Namespace> {
        if let Some((_, namespace)) = self.last.as_ref().filter(|(last, _)| last == subject) {
            return Some(namespace.clone());
        }
        let namespace = subject::namespace(&self.shared.prefix, T::KIND, subject)?;
        self.last = Some((subject.clone(), namespace.clone()));
        Some(namespace)
    }
}

fn trace(message: &Message) -> Option<TraceParent> {
    message.headers.as_ref()?.get(TRACE)?.as_str().parse().ok()
}
