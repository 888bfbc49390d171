//! Whether a process has stopped: sending SIGSTOP returns before its threads have.

use rustix::process::Pid;

/// Says whether no thread of the process runs any more. What cannot be found out counts as stopped: it is gone.
#[cfg(target_os = "linux")]
pub(crate) fn is_stopped(pid: Pid) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok())
        .all(|stat| state(&stat) == Some('T'))
}

/// Finds the state in `PID (NAME) STATE …`, whose name may hold anything.
#[cfg(target_os = "linux")]
fn state(stat: &str) -> Option<char> {
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Says whether `ps` calls the process stopped.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_stopped(pid: Pid) -> bool {
    let mut ps = std::process::Command::new("ps");
    let output = crate::command::run(ps.args(["-o", "state=", "-p", &pid.to_string()]));
    output.map_or(true, |(found, state)| !found || state.trim_start().starts_with('T'))
}

#[cfg(test)]
mod tests {
    use std::{process::Command, time::Duration};

    use rustix::process::{Signal, kill_process};

    use super::*;
    use crate::poll;

    #[test]
    fn a_stopped_process_is_told_from_a_running_one() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let becomes = |wanted: bool| {
            poll::until(Duration::from_secs(20), || if is_stopped(pid) == wanted { Ok(()) } else { Err(()) })
        };
        let running = is_stopped(pid);
        kill_process(pid, Signal::STOP).unwrap();
        let stops = becomes(true);
        kill_process(pid, Signal::CONT).unwrap();
        let goes_on = becomes(false);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((running, stops, goes_on), (false, Ok(()), Ok(())));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_cannot_hide_the_state() {
        assert_eq!(state("7 (a) S b) T 1 7"), Some('T'));
        assert_eq!(state(""), None);
    }
}
