//! Taking whole messages out of a byte stream that comes in arbitrary pieces.

use super::frames::{Head, LONGEST_LINE_BYTES, Malformed, head};

/// Follows one connection from its first byte. Buffers a line at most, never a payload.
#[derive(Default, Debug)]
pub(super) struct Filter {
    /// What has come of a line whose end has not.
    line: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Default, Debug)]
enum State {
    #[default]
    Line,
    /// So many bytes of a message are still to come, and are kept or not.
    Payload { left: u64, keep: bool },
    /// Not the NATS protocol: everything is kept.
    Foreign,
}

impl Filter {
    /// Appends to `kept` what is left of `bytes`. `takes_out` is asked once for each message, with its subject.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        kept: &mut Vec<u8>,
        mut takes_out: impl FnMut(&[u8]) -> bool,
    ) {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Line => self.line(bytes, kept, &mut takes_out),
                State::Payload { left, keep } => self.payload(bytes, kept, left, keep),
                State::Foreign => {
                    kept.extend_from_slice(bytes);
                    &[]
                }
            };
        }
    }

    /// Takes what belongs to the current line and gives what does not.
    fn line<'a>(
        &mut self,
        bytes: &'a [u8],
        kept: &mut Vec<u8>,
        takes_out: impl FnMut(&[u8]) -> bool,
    ) -> &'a [u8] {
        let end = bytes.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let room = LONGEST_LINE_BYTES - self.line.len();
        let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()).min(room));
        self.line.extend_from_slice(part);
        if self.line.ends_with(b"\n") || self.line.len() == LONGEST_LINE_BYTES {
            self.end_line(kept, takes_out);
        }
        rest
    }

    fn end_line(&mut self, kept: &mut Vec<u8>, mut takes_out: impl FnMut(&[u8]) -> bool) {
        let parsed = if self.line.ends_with(b"\n") { head(&self.line) } else { Err(Malformed) };
        let keep = match parsed {
            Ok(Head::Message { subject, rest_bytes: left }) => {
                let keep = !takes_out(subject);
                self.state = State::Payload { left, keep };
                keep
            }
            Ok(Head::Other) => true,
            Err(Malformed) => {
                self.state = State::Foreign;
                true
            }
        };
        if keep {
            kept.extend_from_slice(&self.line);
        }
        self.line.clear();
    }

    fn payload<'a>(&mut self, bytes: &'a [u8], kept: &mut Vec<u8>, left: u64, keep: bool) -> &'a [u8] {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let (part, rest) = bytes.split_at(length);
        if keep {
            kept.extend_from_slice(part);
        }
        self.state = match left - length as u64 {
            0 => State::Line,
            left => State::Payload { left, keep },
        };
        rest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives what is kept of `chunks`, and the subjects of all messages.
    fn filtered<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<Vec<u8>>) {
        let (mut filter, mut kept, mut subjects) = (Filter::default(), Vec::new(), Vec::new());
        for chunk in chunks {
            filter.push(chunk, &mut kept, |subject| {
                subjects.push(subject.to_vec());
                subject.starts_with(b"_INBOX.")
            });
            assert!(filter.line.len() <= LONGEST_LINE_BYTES);
        }
        (kept, subjects)
    }

    #[test]
    fn a_message_is_taken_out_whole_and_its_neighbors_stay() {
        let stream = b"INFO {}\r\nMSG a 1 3\r\nx\n\r\r\nMSG _INBOX.1 2 5\r\nMSG a\r\nHMSG _INBOX.2 2 r 2 4\r\nhhpp\r\nPING\r\n";
        let (kept, subjects) = filtered([stream.as_slice()]);
        assert_eq!(kept, b"INFO {}\r\nMSG a 1 3\r\nx\n\r\r\nPING\r\n");
        assert_eq!(subjects, [b"a".to_vec(), b"_INBOX.1".to_vec(), b"_INBOX.2".to_vec()]);
    }

    #[test]
    fn what_is_not_nats_passes_unchanged() {
        let stream = b"\x16\x03\x01\nMSG _INBOX.1 2 0\r\n\r\n";
        assert_eq!(filtered([stream.as_slice()]), (stream.to_vec(), vec![]));
        let endless = vec![b'a'; 3 * LONGEST_LINE_BYTES];
        assert_eq!(filtered([endless.as_slice()]), (endless.clone(), vec![]));
    }

    #[derive(Clone, Debug)]
    struct Frame {
        bytes: Vec<u8>,
        subject: Option<String>,
    }

    fn frame() -> impl Strategy<Value = Frame> {
        let subject = prop_oneof!["_INBOX\\.[a-z]{1,5}", "[a-z]{1,3}(\\.[a-z]{1,3}){0,2}"];
        let reply = proptest::option::of("[a-z.]{1,9}");
        let payload = proptest::collection::vec(any::<u8>(), 0..40);
        let message = (subject, reply, payload, proptest::option::of(0..40_usize)).prop_map(
            |(subject, reply, payload, headers)| {
                let reply = reply.map(|reply| format!("{reply} ")).unwrap_or_default();
                let (verb, headers) = match headers {
                    Some(size) => ("HMSG", format!("{} ", size.min(payload.len()))),
                    None => ("MSG", String::new()),
                };
                let line = format!("{verb} {subject} 7 {reply}{headers}{}\r\n", payload.len());
                let bytes = [line.as_bytes(), &payload, b"\r\n"].concat();
                Frame { bytes, subject: Some(subject) }
            },
        );
        let other = prop_oneof![
            Just("PING\r\n"),
            Just("PONG\r\n"),
            Just("+OK\r\n"),
            Just("-ERR 'x y'\r\n"),
            Just("INFO {\"a\": 1}\r\n")
        ];
        prop_oneof![3 => message, 1 => other.prop_map(|line| Frame { bytes: line.into(), subject: None })]
    }

    fn cut_up(mut bytes: &[u8], lengths: Vec<usize>) -> Vec<&[u8]> {
        let mut chunks = Vec::new();
        for length in lengths {
            let (chunk, rest) = bytes.split_at(length.min(bytes.len()));
            chunks.push(chunk);
            bytes = rest;
        }
        chunks.push(bytes);
        chunks
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_frames(
            frames in proptest::collection::vec(frame(), 0..12),
            lengths in proptest::collection::vec(0..30_usize, 0..60),
        ) {
            let stream: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes.clone()).collect();
            let (kept, subjects) = filtered(cut_up(&stream, lengths));
            let expected: Vec<_> = frames.iter().filter_map(|frame| frame.subject.clone()).map(Vec::from).collect();
            prop_assert_eq!(subjects, expected);
            let stays = |frame: &&Frame| !frame.subject.as_ref().is_some_and(|subject| subject.starts_with("_INBOX."));
            let left: Vec<u8> = frames.iter().filter(stays).flat_map(|frame| frame.bytes.clone()).collect();
            prop_assert_eq!(kept, left);
        }

        #[test]
        fn hostile_bytes_neither_panic_nor_depend_on_the_chunking(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                "((MSG|HMSG|INFO|PING) ?([a-z0-9. ]{0,9}|18446744073709551615)\r?\n?.{0,4}){0,9}".prop_map(String::into_bytes),
            ],
            lengths in proptest::collection::vec(0..30_usize, 0..60),
        ) {
            prop_assert_eq!(filtered(cut_up(&bytes, lengths)), filtered([bytes.as_slice()]));
        }
    }
}
