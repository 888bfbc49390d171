//! Runs programs and shows what they print as they print it.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};

/// What is kept of what a program prints; all of it is shown either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The standard output.
    Output,
    /// Both streams, in the order of printing.
    OutputAndErrors,
}

/// How a program ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) text: String,
}

/// Runs a program that shows its own output; an exit code other than 0 is a failure.
pub(crate) fn run(mut command: Command) -> Result {
    let status = command.status().map_err(|error| Failure::from(error).during(&name(&command)))?;
    succeeded(&name(&command), status)
}

/// The standard output of a program, not shown.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let name = name(&command);
    command.stderr(Stdio::inherit());
    let output = command.output().map_err(|error| Failure::from(error).during(&name))?;
    succeeded(&name, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program, shows its output unchanged and keeps a copy. After `limit` it is killed, which is a failure.
pub(crate) fn tee(mut command: Command, keep: Keep, limit: Option<Duration>) -> Result<Ended> {
    let name = name(&command);
    let (reader, writer) = std::io::pipe()?;
    if keep == Keep::OutputAndErrors {
        command.stderr(writer.try_clone()?);
    }
    command.stdout(writer);
    let mut child = command.spawn().map_err(|error| Failure::from(error).during(&name))?;
    // It holds the writing ends of the pipe: until they are closed the reader sees no end.
    drop(command);
    let (sender, chunks) = channel();
    std::thread::spawn(move || forward(reader, &sender));
    let text = show(&mut child, &chunks, limit).map_err(|failure| failure.during(&name))?;
    Ok(Ended { status: child.wait()?, text })
}

fn forward(mut reader: impl Read, sender: &Sender<Vec<u8>>) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        let chunk = buffer.get(..length).unwrap_or_default();
        if sender.send(chunk.to_vec()).is_err() {
            return;
        }
    }
}

fn show(child: &mut Child, chunks: &Receiver<Vec<u8>>, limit: Option<Duration>) -> Result<String> {
    const TICK: Duration = Duration::from_millis(200);
    let started = Instant::now();
    let mut text = Vec::new();
    loop {
        match chunks.recv_timeout(TICK) {
            Ok(chunk) => {
                std::io::stdout().write_all(&chunk)?;
                std::io::stdout().flush()?;
                text.extend_from_slice(&chunk);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            // Ended, but a process that it left behind holds the pipe: nobody waits for that one.
            Err(RecvTimeoutError::Timeout) if child.try_wait()?.is_some() => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if limit.is_some_and(|limit| started.elapsed() > limit) {
            child.kill()?;
            child.wait()?;
            return Err(Failure::new(format!("killed, for it had not ended after {:?}", started.elapsed())));
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Whether a program exited with 0; how it ended otherwise.
pub(crate) fn succeeded(name: &str, status: ExitStatus) -> Result {
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{name}` ended with {status}")))
}

/// A command as a person would type it.
pub(crate) fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name();
    let program = program.unwrap_or_else(|| command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| quoted(&word.to_string_lossy()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word, in quotes where a shell would split or expand it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_./:=,+@%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_program_prints_is_kept_with_its_exit_code() {
        let ended = tee(shell("echo one; echo two >&2; exit 3"), Keep::OutputAndErrors, None).unwrap();
        assert_eq!((ended.text.as_str(), ended.status.code()), ("one\ntwo\n", Some(3)));
    }

    #[test]
    fn a_process_left_behind_is_not_waited_for() {
        let ended = tee(shell("sleep 30 & echo $!"), Keep::Output, None).unwrap();
        assert!(ended.status.success());
        run(shell(&format!("kill {}", ended.text.trim()))).unwrap();
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let failure = tee(shell("exec sleep 30"), Keep::Output, Some(Duration::ZERO)).unwrap_err();
        assert!(failure.reason().contains("killed"), "{}", failure.reason());
    }

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        assert_eq!(name(&shell("echo 'a'")), r"sh -c 'echo '\''a'\'''");
    }
}
