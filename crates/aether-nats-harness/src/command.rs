//! Running a short program and keeping what it printed.

use std::{
    io,
    process::{Command, Output, Stdio},
};

use crate::log;

/// Runs `command` without input and gives whether it succeeded and what it printed, both channels together.
pub(crate) fn run(command: &mut Command) -> io::Result<(bool, String)> {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output()?;
    let text = [stdout, stderr].concat();
    Ok((status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// Gives the end of what a program printed, for an error.
pub(crate) fn end_of(output: &str) -> String {
    log::tail(output, 20).to_owned()
}
