//! The shell script that a server runs under, and that outlives the test process for as long as it takes to clean up.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError},
    thread,
    time::Duration,
};

use crate::{HarnessError, error::Doing, poll};

const SCRIPT: &str = include_str!("wrapper.sh");

/// Holds a running script. Dropping it kills the server and removes the directory (unless both are to be kept).
#[derive(Debug)]
pub(crate) struct Wrapper {
    child: Child,
    // None only while dropping. The write end is close-on-exec: no other child of this process can hold it.
    input: Option<ChildStdin>,
    events: Receiver<Event>,
    keep: bool,
}

/// What the script says about the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// It runs, as this process.
    Started(i32),
    /// It ended, with this status of the shell's.
    Exited(String),
}

impl Wrapper {
    /// Starts the script, not yet the server.
    pub(crate) fn spawn(
        binary: &Path,
        directory: &Path,
        arguments: &[String],
        keep: bool,
    ) -> Result<Self, HarnessError> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "aether-nats-harness"])
            .args([binary, directory])
            .arg(if keep { "keep" } else { "remove" })
            .args(arguments)
            .current_dir("/")
            // A Ctrl-C in the terminal is for the test process; the script sees its end.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .doing(|| "running /bin/sh".to_owned())?;
        let input = child.stdin.take();
        let events = read_events(child.stdout.take());
        Ok(Self { child, input, events, keep })
    }

    /// Tells the script to start the server. It must not be running.
    pub(crate) fn launch(&mut self) -> Result<(), HarnessError> {
        let input = self.input.as_mut().ok_or(std::io::ErrorKind::BrokenPipe.into());
        input
            .and_then(|input| input.write_all(b"start\n"))
            .doing(|| "telling /bin/sh to start the server".to_owned())
    }

    /// Waits for what happens next; `None` when nothing did within `limit`.
    pub(crate) fn next_event(&self, limit: Duration) -> Option<Event> {
        match self.events.recv_timeout(limit) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(script_ended()),
        }
    }

    /// Gives what has happened already.
    pub(crate) fn past_event(&self) -> Option<Event> {
        match self.events.try_recv() {
            Ok(event) => Some(event),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(script_ended()),
        }
    }
}

fn script_ended() -> Event {
    Event::Exited("unknown: its shell ended".to_owned())
}

impl Drop for Wrapper {
    fn drop(&mut self) {
        drop(self.input.take());
        if !self.keep {
            // So that nothing is left when the test has ended. Should it take longer, the script still does its work.
            let _ = poll::until(Duration::from_secs(10), || match self.child.try_wait() {
                Ok(None) => Err(()),
                Ok(Some(_)) | Err(_) => Ok(()),
            });
        }
    }
}

/// Reads on a thread of its own: a pipe has no read with a deadline. The thread ends with the script.
fn read_events(output: Option<impl Read + Send + 'static>) -> Receiver<Event> {
    let (sender, events) = mpsc::channel();
    if let Some(output) = output {
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.filter_map(|line| parse(&line)).try_for_each(|event| sender.send(event))
        });
    }
    events
}

fn parse(line: &str) -> Option<Event> {
    match line.split_once(' ')? {
        ("started", pid) => pid.parse().ok().map(Event::Started),
        ("exited", status) => Some(Event::Exited(status.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    /// Runs `script` in the place of a server.
    fn wrapped(script: &str, keep: bool) -> (Wrapper, PathBuf) {
        let directory = tempfile::tempdir().unwrap().keep();
        let arguments = ["-c".to_owned(), script.to_owned()];
        let mut wrapper = Wrapper::spawn(Path::new("/bin/sh"), &directory, &arguments, keep).unwrap();
        wrapper.launch().unwrap();
        (wrapper, directory)
    }

    fn started(wrapper: &Wrapper) -> rustix::process::Pid {
        match wrapper.next_event(LIMIT) {
            Some(Event::Started(pid)) => rustix::process::Pid::from_raw(pid).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn is_gone(pid: rustix::process::Pid) -> bool {
        poll::until(LIMIT, || rustix::process::test_kill_process(pid).err().ok_or(())).is_ok()
    }

    #[test]
    fn the_end_is_told_with_its_status_and_it_can_start_again() {
        let (mut wrapper, directory) = wrapped("echo said; exit 7", false);
        for _ in 0..2 {
            started(&wrapper);
            assert_eq!(wrapper.next_event(LIMIT), Some(Event::Exited("7".to_owned())));
            wrapper.launch().unwrap();
        }
        started(&wrapper);
        wrapper.next_event(LIMIT);
        assert_eq!(crate::log::read(&directory.join("server.log")), "said\nsaid\nsaid\n");
    }

    #[test]
    fn dropping_kills_also_a_stopped_process_and_removes_the_directory() {
        let (wrapper, directory) = wrapped("exec sleep 600", false);
        let pid = started(&wrapper);
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
        drop(wrapper);
        assert!(is_gone(pid));
        assert!(!directory.exists());
    }

    #[test]
    fn the_directory_is_removed_also_when_the_process_is_down() {
        let (wrapper, directory) = wrapped("exit 0", false);
        started(&wrapper);
        assert_eq!(wrapper.next_event(LIMIT), Some(Event::Exited("0".to_owned())));
        drop(wrapper);
        assert!(!directory.exists());
    }

    #[test]
    fn what_is_to_be_kept_is_left_running() {
        let (wrapper, directory) = wrapped("exec sleep 600", true);
        let pid = started(&wrapper);
        drop(wrapper);
        // Its end is what takes time: look only after another wrapper has ended a process.
        let (other, _) = wrapped("exec sleep 600", false);
        started(&other);
        drop(other);
        let (alive, there) = (rustix::process::test_kill_process(pid).is_ok(), directory.is_dir());
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(alive && there);
    }

    #[test]
    fn wrappers_do_not_hold_each_other_s_pipes() {
        let wrappers: Vec<_> = (0..4).map(|_| wrapped("exec sleep 600", false)).collect();
        let mut wrappers = wrappers.into_iter();
        let (first, directory) = wrappers.next().unwrap();
        let pid = started(&first);
        drop(first);
        // The later ones, which could have inherited the first one's pipe, still run.
        assert!(is_gone(pid) && !directory.exists());
        assert!(wrappers.all(|(wrapper, _)| rustix::process::test_kill_process(started(&wrapper)).is_ok()));
    }

    #[test]
    fn a_program_that_does_not_run_ends_and_says_so_in_the_log() {
        let directory = tempfile::tempdir().unwrap().keep();
        let mut wrapper = Wrapper::spawn(Path::new("/no/such"), &directory, &[], false).unwrap();
        wrapper.launch().unwrap();
        started(&wrapper);
        assert_eq!(wrapper.next_event(LIMIT), Some(Event::Exited("127".to_owned())));
        assert!(crate::log::read(&directory.join("server.log")).contains("/no/such"));
    }
}
