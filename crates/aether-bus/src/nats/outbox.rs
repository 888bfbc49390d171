//! What is to leave a node, in order, with the numbers by which others see what is missing.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use aether_core::Namespace;
use async_nats::Subject;

use super::content::Content;
use super::subject::{self, Kind};
use super::wire::{self, Head, NodeNumber};
use crate::TraceParent;

/// Messages grow to this many bytes while they wait to be sent: what is published meanwhile goes with them.
const BATCH_BYTES: usize = 16 * 1024;
/// How many streams a node has at a time.
const MOST_STREAMS: usize = 65_536;
/// After how many quiet ticks a stream says how far it has come, for those who missed its end.
const MARKS: [u8; 4] = [1, 4, 16, QUIET];
const QUIET: u8 = 64;

/// What is to leave a node.
#[derive(Debug)]
pub(super) struct Outbox {
    prefix: String,
    node: NodeNumber,
    streams: Streams,
    next_stream: u64,
    messages: VecDeque<Outgoing>,
    /// The bytes of all messages.
    bytes: usize,
    /// How many messages were made and taken.
    made: u64,
    taken: u64,
}

/// By what is published, and to which namespace.
#[derive(Debug, Default)]
struct Streams {
    event: HashMap<Namespace, Stream>,
    stored: HashMap<Namespace, Stream>,
}

/// What a node publishes to one subject.
#[derive(Debug)]
struct Stream {
    subject: Subject,
    number: u64,
    next: u64,
    since: Instant,
    /// For how many ticks nothing was published.
    quiet: u8,
}

/// A message that is to be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) subject: Subject,
    pub(super) payload: Vec<u8>,
    pub(super) trace: Option<TraceParent>,
    stream: u64,
    /// The number of the entry that would come next.
    next: u64,
}

/// Says that something does not fit into a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge {
    pub(super) bytes: usize,
}

impl Outbox {
    pub(super) fn new(prefix: &str, node: NodeNumber) -> Self {
        Self {
            prefix: prefix.to_owned(),
            node,
            streams: Streams::default(),
            next_stream: 1,
            messages: VecDeque::new(),
            bytes: 0,
            made: 0,
            taken: 0,
        }
    }

    /// Returns how many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns how many messages have been made so far, and how many of them taken.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.made, self.taken)
    }

    /// Puts something behind what waits: into the last message, if it is of the same stream and trace and not full.
    pub(super) fn push<T: Content>(
        &mut self,
        namespace: &Namespace,
        content: &T,
        trace: Option<&TraceParent>,
        limit: usize,
    ) -> Result<(), TooLarge> {
        let node = self.node;
        self.open(T::KIND, namespace);
        let Some(stream) = self.streams.of(T::KIND).get_mut(namespace) else { return Ok(()) };
        let fits = |last: &&mut Outgoing| {
            last.stream == stream.number
                && last.next == stream.next
                && last.trace.as_ref() == trace
                && last.payload.len() < BATCH_BYTES
        };
        if let Some(last) = self.messages.back_mut().filter(fits) {
            let before = last.payload.len();
            wire::entry(&mut last.payload, |out| content.encode(out));
            if last.payload.len() <= BATCH_BYTES.min(limit) {
                last.next += 1;
                self.bytes += last.payload.len() - before;
                stream.advance();
                return Ok(());
            }
            last.payload.truncate(before);
        }
        let mut payload = Vec::with_capacity(512);
        wire::begin(stream.head(node), &mut payload);
        wire::entry(&mut payload, |out| content.encode(out));
        if payload.len() > limit {
            return Err(TooLarge { bytes: payload.len() });
        }
        stream.advance();
        let (subject, trace) = (stream.subject.clone(), trace.copied());
        let message = Outgoing { subject, payload, trace, stream: stream.number, next: stream.next };
        self.enqueue(message);
        Ok(())
    }

    /// Counts something that does not leave, so that others see it missing.
    pub(super) fn skip<T: Content>(&mut self, namespace: &Namespace) {
        self.open(T::KIND, namespace);
        self.streams.of(T::KIND).get_mut(namespace).into_iter().for_each(Stream::advance);
    }

    /// Takes the next message.
    pub(super) fn take(&mut self) -> Option<Outgoing> {
        let message = self.messages.pop_front()?;
        self.bytes -= message.payload.len();
        self.taken += 1;
        Some(message)
    }

    /// Lets a tick pass: streams that were quiet for some say how far they have come.
    pub(super) fn tick(&mut self) {
        self.mark(|stream| {
            stream.quiet = stream.quiet.saturating_add(1);
            MARKS.contains(&stream.quiet)
        });
    }

    /// Has every stream say how far it has come.
    pub(super) fn mark_all(&mut self) {
        self.mark(|stream| {
            stream.quiet = 0;
            true
        });
    }

    fn mark(&mut self, mut which: impl FnMut(&mut Stream) -> bool) {
        let node = self.node;
        let Streams { event, stored } = &mut self.streams;
        let marks = event.values_mut().chain(stored.values_mut()).filter_map(|stream| {
            which(stream).then(|| {
                let mut payload = Vec::new();
                wire::begin(stream.head(node), &mut payload);
                let subject = stream.subject.clone();
                Outgoing { subject, payload, trace: None, stream: stream.number, next: stream.next }
            })
        });
        let marks: Vec<_> = marks.collect();
        marks.into_iter().for_each(|mark| self.enqueue(mark));
    }

    fn enqueue(&mut self, message: Outgoing) {
        self.bytes += message.payload.len();
        self.made += 1;
        self.messages.push_back(message);
    }

    /// Makes the stream of a namespace, if there is none.
    fn open(&mut self, kind: Kind, namespace: &Namespace) {
        if self.streams.of(kind).contains_key(namespace) {
            return;
        }
        if self.streams.event.len() + self.streams.stored.len() >= MOST_STREAMS {
            self.forget();
        }
        let subject = subject::of_namespace(&self.prefix, kind, namespace).into();
        let stream = Stream { subject, number: self.next_stream, next: 1, since: Instant::now(), quiet: 0 };
        self.next_stream += 1;
        self.streams.of(kind).insert(namespace.clone(), stream);
    }

    /// Forgets the streams that have said how far they have come, or else all. They begin again with other numbers.
    fn forget(&mut self) {
        let Streams { event, stored } = &mut self.streams;
        event.retain(|_, stream| stream.quiet < QUIET);
        stored.retain(|_, stream| stream.quiet < QUIET);
        if event.len() + stored.len() > MOST_STREAMS / 2 {
            self.mark_all();
            self.streams = Streams::default();
        }
    }
}

impl Streams {
    fn of(&mut self, kind: Kind) -> &mut HashMap<Namespace, Stream> {
        match kind {
            Kind::Event => &mut self.event,
            Kind::Stored => &mut self.stored,
        }
    }
}

impl Stream {
    /// What a message says that begins with the next entry.
    fn head(&self, node: NodeNumber) -> Head {
        let age = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Head { node, stream: self.number, first: self.next, age }
    }

    fn advance(&mut self) {
        self.next += 1;
        self.quiet = 0;
    }
}

#[cfg(test)]
mod tests {
    use aether_core::{ActorId, Event, NewEvent, RawJson, Version};

    use super::*;

    fn name(text: &str) -> Namespace {
        Namespace::new(text).unwrap()
    }

    fn event(bytes: usize) -> Event {
        let data = RawJson::encode(&vec![0_u8; bytes / 2]).unwrap();
        let content = NewEvent::new("T".try_into().unwrap(), data);
        Event::new(ActorId::new("a-1").unwrap(), Version::FIRST, content)
    }

    /// Subject, first number, and how many entries, of everything that waits.
    fn drain(outbox: &mut Outbox) -> Vec<(String, u64, usize)> {
        let messages: Vec<_> = std::iter::from_fn(|| outbox.take()).collect();
        assert_eq!(outbox.bytes(), 0);
        let read = messages.into_iter().map(|message| {
            let frame = wire::frame(&message.payload.into()).unwrap();
            (message.subject.to_string(), frame.head.first, frame.entries.len())
        });
        read.collect()
    }

    fn said(subject: &str, first: u64, entries: usize) -> (String, u64, usize) {
        (subject.to_owned(), first, entries)
    }

    #[test]
    fn what_waits_for_one_subject_goes_together_and_the_order_stays() {
        let mut outbox = Outbox::new("p", NodeNumber(1));
        for namespace in ["a", "a", "b", "a", "a", "a"] {
            outbox.push(&name(namespace), &event(0), None, 1_000_000).unwrap();
        }
        let wanted = [said("p.event.a", 1, 2), said("p.event.b", 1, 1), said("p.event.a", 3, 3)];
        assert_eq!(drain(&mut outbox), wanted);
        outbox.push(&name("a"), &event(0), None, 1_000_000).unwrap();
        assert_eq!(drain(&mut outbox), [said("p.event.a", 6, 1)]);
    }

    #[test]
    fn messages_are_bounded_and_what_no_message_holds_is_refused_without_a_number() {
        let mut outbox = Outbox::new("p", NodeNumber(1));
        (0..10).for_each(|_| outbox.push(&name("a"), &event(5_000), None, 1_000_000).unwrap());
        let TooLarge { bytes } = outbox.push(&name("a"), &event(50_000), None, 20_000).unwrap_err();
        assert!(bytes > 50_000);
        outbox.push(&name("a"), &event(50_000), None, 1_000_000).unwrap();
        let sizes: Vec<_> =
            drain(&mut outbox).into_iter().map(|(_, first, entries)| (first, entries)).collect();
        assert_eq!(sizes, [(1, 3), (4, 3), (7, 3), (10, 1), (11, 1)]);
    }

    #[test]
    fn a_trace_has_messages_of_its_own() {
        let mut outbox = Outbox::new("p", NodeNumber(1));
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
        for trace in [None, Some(&trace), Some(&trace), None] {
            outbox.push(&name("a"), &event(0), trace, 1_000_000).unwrap();
        }
        let traces: Vec<_> = std::iter::from_fn(|| outbox.take()).map(|message| message.trace).collect();
        assert_eq!(traces, [None, Some(trace), None]);
    }

    #[test]
    fn what_does_not_leave_is_counted() {
        let mut outbox = Outbox::new("p", NodeNumber(1));
        outbox.push(&name("a"), &event(0), None, 1_000_000).unwrap();
        outbox.skip::<Event>(&name("a"));
        outbox.push(&name("a"), &event(0), None, 1_000_000).unwrap();
        assert_eq!(drain(&mut outbox), [said("p.event.a", 1, 1), said("p.event.a", 3, 1)]);
    }

    #[test]
    fn a_stream_that_falls_quiet_says_a_few_times_how_far_it_has_come() {
        let mut outbox = Outbox::new("p", NodeNumber(1));
        outbox.push(&name("a"), &event(0), None, 1_000_000).unwrap();
        drain(&mut outbox);
        let ticks: Vec<_> = (1..=300)
            .filter(|_| {
                outbox.tick();
                drain(&mut outbox) == [said("p.event.a", 2, 0)]
            })
            .collect();
        assert_eq!(ticks, [1, 4, 16, 64]);
        outbox.mark_all();
        assert_eq!(drain(&mut outbox), [said("p.event.a", 2, 0)]);
    }

    #[test]
    fn streams_are_bounded_and_numbers_are_not_used_again() {
        let mut outbox = Outbox::new("p", NodeNumber(1));
        for n in 0..=MOST_STREAMS {
            outbox.push(&name(&n.to_string()), &event(0), None, 1_000_000).unwrap();
            outbox.take();
        }
        assert_eq!(outbox.streams.event.len(), 1);
        assert_eq!(outbox.messages.len(), MOST_STREAMS, "all the others say how far they have come");
        assert_eq!(outbox.next_stream, MOST_STREAMS as u64 + 2);
    }
}
