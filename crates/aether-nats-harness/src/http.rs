//! The little HTTP that asking a server's monitoring endpoint takes.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// A paused server accepts and stays silent: do not wait long.
const PATIENCE: Duration = Duration::from_secs(2);

/// More than the monitoring endpoint of a test's server ever says.
const LARGEST_ANSWER_BYTES: u64 = 64 << 20;

/// Asks 127.0.0.1 for `path` and gives the body of a 200, or says what came instead.
pub(crate) fn get(port: u16, path: &str) -> Result<String, String> {
    let answer = exchange(port, path).map_err(|error| error.to_string())?;
    parse(&answer)
}

fn exchange(port: u16, path: &str) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // 1.0: the answer ends with the connection and is never chunked.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LARGEST_ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn parse(answer: &str) -> Result<String, String> {
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without an end of its head")?;
    let status_line = head.lines().next().unwrap_or_default();
    match status_line.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        _ => Err(format!("{status_line}: {}", body.trim())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_200_has_a_body() {
        assert_eq!(parse("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{}"), Ok("{}".to_owned()));
        let refused = parse("HTTP/1.0 503 Service Unavailable\r\n\r\n{\"error\":\"why\"}").unwrap_err();
        assert!(refused.contains("503") && refused.contains("why"), "{refused}");
        assert!(parse("").is_err());
    }

    #[test]
    fn nobody_listening_is_an_error() {
        let lease = crate::port::PortLease::take().unwrap();
        assert!(get(lease.port(), "/").is_err());
    }

    proptest! {
        #[test]
        fn no_answer_panics(answer in ".*") {
            let _ = parse(&answer);
        }
    }
}
