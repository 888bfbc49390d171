//! The files that the rules look at, and what they find in them.

use std::collections::BTreeSet;
use std::fmt;

use crate::failure::Result;
use crate::process;
use crate::workspace::Workspace;

/// A text file of the repository; its path is relative to the root, with `/`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The repository: all paths, and the text of the files that have rules.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) paths: BTreeSet<String>,
    pub(crate) sources: Vec<Source>,
}

/// Where a rule is broken, which one, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Source {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }

    /// A finding in the line that holds this byte.
    pub(crate) fn finding(&self, byte: usize, message: impl Into<String>) -> Finding {
        let before = self.text.as_bytes().iter().take(byte);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Finding { path: self.path.clone(), line, message: message.into() }
    }
}

impl Tree {
    /// Reads the files that git knows or would add: what it ignores has no rules.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let mut git = workspace.program("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = process::output(git)?;
        let mut tree = Self::default();
        for path in listed.split_terminator('\0') {
            let file = workspace.root().join(path);
            // Deleted, but still in git's index.
            if !file.exists() {
                continue;
            }
            tree.paths.insert(path.to_owned());
            if [".rs", ".md", ".toml"].iter().any(|ending| path.ends_with(ending)) {
                let text = String::from_utf8_lossy(&std::fs::read(file)?).into_owned();
                tree.sources.push(Source { path: path.to_owned(), text });
            }
        }
        Ok(tree)
    }

    pub(crate) fn source(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Where `word` stands in `text`, not as a part of a longer word.
pub(crate) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let inner = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(inner) && !after.is_some_and(inner)
    })
}

#[cfg(test)]
pub(crate) mod testing {
    use super::{Source, Tree};

    pub(crate) fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn tree(files: &[(&str, &str)]) -> Tree {
        Tree {
            paths: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
            sources: files.iter().map(|(path, text)| source(path, text)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::source;
    use super::*;

    #[test]
    fn a_finding_names_path_line_and_rule() {
        let source = source("a.rs", "one\ntwo\n");
        assert_eq!(source.finding(4, "no").to_string(), "a.rs:2: no");
    }

    #[test]
    fn parts_of_longer_words_are_no_words() {
        assert_eq!(words("abc ab a_b (ab)", "ab").collect::<Vec<_>>(), [4, 12]);
    }
}
