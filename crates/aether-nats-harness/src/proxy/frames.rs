//! The server-to-client half of the NATS protocol, as far as telling its frames apart goes.
//!
//! <https://docs.nats.io/reference/reference-protocols/nats-protocol>: a frame is a line, and for `MSG` and `HMSG` a
//! payload of the length that the line ends with, and CR LF.

/// Bounds what is buffered. The longest line is `INFO`, which grows with the cluster.
pub(super) const LONGEST_LINE_BYTES: usize = 64 << 10;

/// Is what one line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Head<'a> {
    /// A message, with or without headers; its payload follows.
    Message {
        /// What it was published to.
        subject: &'a [u8],
        /// Everything after the line, the last CR LF included.
        rest_bytes: u64,
    },
    /// `INFO`, `PING`, `PONG`, `+OK` or `-ERR`.
    Other,
}

/// Says that bytes are not what a NATS server sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Malformed;

/// Reads a line that ends in LF.
pub(super) fn head(line: &[u8]) -> Result<Head<'_>, Malformed> {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let verb = words.next().ok_or(Malformed)?;
    let is = |name: &str| verb.eq_ignore_ascii_case(name.as_bytes());
    if is("MSG") {
        message(words, 0)
    } else if is("HMSG") {
        message(words, 1)
    } else if ["INFO", "PING", "PONG", "+OK", "-ERR"].into_iter().any(is) {
        Ok(Head::Other)
    } else {
        Err(Malformed)
    }
}

/// Reads `subject sid [reply-to] [header-size] size`, of which the header size is one `extra` word.
fn message<'a>(words: impl Iterator<Item = &'a [u8]>, extra: usize) -> Result<Head<'a>, Malformed> {
    // One more than is allowed, so that a longer line is seen to be longer.
    let words: Vec<&[u8]> = words.take(5 + extra).collect();
    let (subject, size) = (words.first().ok_or(Malformed)?, words.last().ok_or(Malformed)?);
    if !(3 + extra..=4 + extra).contains(&words.len()) {
        return Err(Malformed);
    }
    let size = std::str::from_utf8(size).ok().and_then(|size| size.parse::<u64>().ok());
    let rest_bytes = size.and_then(|size| size.checked_add(2)).ok_or(Malformed)?;
    Ok(Head::Message { subject, rest_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<(&str, u64), Malformed> {
        match head(line.as_bytes())? {
            Head::Message { subject, rest_bytes } => Ok((std::str::from_utf8(subject).unwrap(), rest_bytes)),
            Head::Other => Ok(("", 0)),
        }
    }

    #[test]
    fn every_frame_of_the_protocol_is_told_apart() {
        assert_eq!(of("MSG a.b 1 11\r\n"), Ok(("a.b", 13)));
        assert_eq!(of("MSG a.b 1 reply.to 0\r\n"), Ok(("a.b", 2)));
        assert_eq!(of("HMSG a.b 1 34 45\r\n"), Ok(("a.b", 47)));
        assert_eq!(of("hmsg\ta.b 1 reply 34 45\r\n"), Ok(("a.b", 47)));
        for other in
            ["INFO {\"a b\":1} \r\n", "PING\r\n", "PONG\r\n", "+OK\r\n", "-ERR 'Stale Connection'\r\n"]
        {
            assert_eq!(of(other), Ok(("", 0)), "{other}");
        }
    }

    #[test]
    fn everything_else_is_malformed() {
        for line in [
            "\r\n",
            "GET / HTTP/1.1\r\n",
            "MSG\r\n",
            "MSG a\r\n",
            "MSG a 1\r\n",
            "MSG a 1 x\r\n",
            "MSG a 1 -1\r\n",
            "MSG a 1 b c 2\r\n",
            "HMSG a 1 2\r\n",
            "HMSG a 1 b 2 3 4\r\n",
            "MSG a 1 18446744073709551615\r\n",
            "MSG a 1 99999999999999999999\r\n",
        ] {
            assert_eq!(of(line), Err(Malformed), "{line}");
        }
    }
}
