//! Nothing that holds on one machine only, and no code that the compiler does not check.

use super::rust_text::code_only;
use super::source::{Finding, Source, words};

// In two parts each, so that this file does not find itself.
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Absolute paths of somebody's machine.
pub(crate) fn paths(source: &Source) -> Vec<Finding> {
    let found = MACHINE_PATHS.iter().flat_map(|path| {
        let starts = source.text.match_indices(path).map(|(at, _)| at);
        starts.filter(|&at| is_absolute(&source.text, at)).map(move |at| {
            source.finding(at, format!("`{path}` is a path of one machine: use a relative one"))
        })
    });
    found.collect()
}

/// Whether the slash starts a path, instead of going on with a relative one or an address.
fn is_absolute(text: &str, slash: usize) -> bool {
    let before = text.get(..slash).and_then(|before| before.chars().next_back());
    !before.is_some_and(|last| last.is_alphanumeric() || "_-.~}>)$*".contains(last))
}

/// The keyword that the workspace's lints forbid; a file outside of every crate has no lints.
pub(crate) fn unchecked_code(source: &Source) -> Vec<Finding> {
    let code = code_only(&source.text);
    let message = "`unsafe` is forbidden here: find a safe way, or a crate that has one";
    words(&code, "unsafe").map(|at| source.finding(at, message)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::testing::source;
    use super::*;

    #[test]
    fn paths_of_one_machine_are_found() {
        for path in MACHINE_PATHS {
            assert_eq!(paths(&source("a.md", &format!("see\n`{path}x`")))[0].line, 2);
        }
    }

    #[test]
    fn relative_paths_and_addresses_are_fine() {
        let text = MACHINE_PATHS.map(|path| format!("a{path} ${{x}}{path} ..{path}")).join(" ");
        assert_eq!(paths(&source("a.md", &text)), []);
    }

    #[test]
    fn unchecked_code_is_found_outside_of_comments() {
        assert_eq!(unchecked_code(&source("a.rs", "fn a() {\n unsafe { b() } }"))[0].line, 2);
        assert_eq!(unchecked_code(&source("a.rs", "// unsafe\n#![forbid(unsafe_code)]")), []);
    }
}
