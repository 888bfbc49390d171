//! Whether a cluster really places replicated streams: no monitoring endpoint tells.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use serde::Deserialize;

/// How long one answer may take; what was lost is asked for again.
const PATIENCE: Duration = Duration::from_secs(2);

/// More than any answer to these questions.
const LARGEST_ANSWER_BYTES: usize = 1 << 20;

const STREAM: &str = "AETHER_HARNESS_PROBE";

/// Makes and deletes a memory stream of so many replicas, or says why that does not work yet.
pub(crate) fn place_stream(port: u16, replicas: usize) -> Result<(), String> {
    let mut connection = Connection::open(port).map_err(|error| error.to_string())?;
    let config = format!(r#"{{"name":"{STREAM}","storage":"memory","num_replicas":{replicas}}}"#);
    let created = connection.ask("CREATE", &config).map_err(|error| error.to_string())?;
    if created == Answer::NotForUs {
        return Ok(());
    }
    let deleted = connection.ask("DELETE", "").map_err(|error| error.to_string())?;
    match (created, deleted) {
        (Answer::Done, Answer::Done) => Ok(()),
        answers => Err(format!("placing {replicas} replicas: {answers:?}")),
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Answer {
    Done,
    Refused(String),
    /// Accounts were configured and we have none, or one without JetStream: there is no telling.
    NotForUs,
}

/// As much of a client as two requests take.
struct Connection {
    reader: BufReader<TcpStream>,
    asked: usize,
}

impl Connection {
    fn open(port: u16) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { reader: BufReader::new(stream), asked: 0 })
    }

    fn ask(&mut self, verb: &str, body: &str) -> io::Result<Answer> {
        // An inbox for each question, so that an answer to the last one is not taken for this one's.
        self.asked += 1;
        let (sid, length) = (self.asked, body.len());
        let inbox = format!("_INBOX.aether-harness-{}.{sid}", std::process::id());
        let connect = if sid == 1 { "CONNECT {\"verbose\":false}\r\n" } else { "" };
        let question = format!(
            "{connect}SUB {inbox} {sid}\r\nPUB $JS.API.STREAM.{verb}.{STREAM} {inbox} {length}\r\n{body}\r\n"
        );
        self.reader.get_mut().write_all(question.as_bytes())?;
        self.answer(&inbox)
    }

    fn answer(&mut self, inbox: &str) -> io::Result<Answer> {
        loop {
            let mut line = String::new();
            if self.reader.by_ref().take(LARGEST_ANSWER_BYTES as u64).read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.starts_with("-ERR 'Authorization") {
                return Ok(Answer::NotForUs);
            }
            if line.starts_with("PING") {
                self.reader.get_mut().write_all(b"PONG\r\n")?;
            }
            if line.starts_with("MSG ") {
                let body = self.payload(&line)?;
                if line.split(' ').nth(1) == Some(inbox) {
                    return Ok(read(&body));
                }
            }
        }
    }

    fn payload(&mut self, line: &str) -> io::Result<Vec<u8>> {
        let length: Option<usize> =
            line.split_whitespace().next_back().and_then(|length| length.parse().ok());
        let length =
            length.filter(|length| *length < LARGEST_ANSWER_BYTES).ok_or(io::ErrorKind::InvalidData)?;
        let mut body = vec![0; length + 2];
        self.reader.read_exact(&mut body)?;
        Ok(body)
    }
}

#[derive(Default, Deserialize)]
struct Reply {
    error: Option<ApiError>,
}

#[derive(Deserialize)]
struct ApiError {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

fn read(body: &[u8]) -> Answer {
    match serde_json::from_slice::<Reply>(body) {
        Ok(Reply { error: None }) => Answer::Done,
        // JetStream is not enabled (for the account).
        Ok(Reply { error: Some(ApiError { err_code: 10039 | 10076, .. }) }) => Answer::NotForUs,
        Ok(Reply { error: Some(error) }) => {
            Answer::Refused(format!("{} ({})", error.description, error.err_code))
        }
        Err(error) => Answer::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(read(br#"{"type":"x","success":true}"#), Answer::Done);
        let refused = read(br#"{"error":{"code":400,"err_code":10005,"description":"no suitable peers"}}"#);
        assert_eq!(refused, Answer::Refused("no suitable peers (10005)".to_owned()));
        assert_eq!(read(br#"{"error":{"code":503,"err_code":10039}}"#), Answer::NotForUs);
        assert!(matches!(read(b"\xff"), Answer::Refused(_)));
    }
}
