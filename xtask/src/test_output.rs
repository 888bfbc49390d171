//! What the test programs printed, counted.

/// How many tests passed, failed and were ignored, and which failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TestRun {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
    pub(crate) failing: Vec<FailingTest>,
}

/// A test that failed, and the file or crate it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailingTest {
    pub(crate) place: String,
    pub(crate) name: String,
}

impl TestRun {
    pub(crate) fn executed(&self) -> usize {
        self.passed + self.failed
    }
}

/// Reads what `cargo test` printed, both streams of it.
pub(crate) fn parse(text: &str) -> TestRun {
    let mut run = TestRun::default();
    let mut place = String::new();
    let mut failures: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = without_colors(line);
        if let Some(next) = place_of(&line) {
            place = next;
        } else if line == "failures:" {
            // It is printed twice: before what the tests printed, and before their names.
            failures.clear();
        } else if let Some(name) = line.strip_prefix("    ") {
            failures.push(name.to_owned());
        } else if let Some(counts) = line.strip_prefix("test result: ") {
            run.add(counts, &place, &mut failures);
        }
    }
    run
}

impl TestRun {
    fn add(&mut self, counts: &str, place: &str, failures: &mut Vec<String>) {
        let failed = count(counts, "failed");
        self.passed += count(counts, "passed");
        self.failed += failed;
        self.ignored += count(counts, "ignored");
        let names = failures.drain(..).filter(|_| failed > 0);
        self.failing.extend(names.map(|name| FailingTest { place: place.to_owned(), name }));
    }
}

/// `3` of `ok. 12 passed; 0 failed; 3 ignored; ...` for `ignored`.
fn count(counts: &str, what: &str) -> usize {
    counts
        .split(['.', ';'])
        .filter_map(|part| part.trim().split_once(' '))
        .find(|(_, word)| *word == what)
        .and_then(|(number, _)| number.parse().ok())
        .unwrap_or(0)
}

/// The test program that cargo says it runs now: `tests/append.rs`, `src/lib.rs of aether_core`.
fn place_of(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("documentation of {name}"));
    }
    let (file, program) = line.strip_prefix("Running ")?.split_once(" (")?;
    let Some(file) = file.strip_prefix("unittests ") else {
        return Some(file.to_owned());
    };
    let stem = program.trim_end_matches(')').rsplit(['/', '\\']).next()?;
    let name = stem.rsplit_once('-').map_or(stem, |(name, _)| name);
    Some(format!("{file} of {name}"))
}

/// A line without the escape sequences that color it.
fn without_colors(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
     Running unittests src/lib.rs (/t/debug/deps/aether_core-0a1b)

running 2 tests
test id::a_name ... ok
test id::ignored_one ... ignored, slow

test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

     \u{1b}[1m\u{1b}[32mRunning\u{1b}[0m tests/append.rs (target/debug/deps/append-9f)

running 2 tests
test a_retried_append_stores_once ... \u{1b}[31mFAILED\u{1b}[0m
test other ... ok

failures:

---- a_retried_append_stores_once stdout ----
    indented output of the test
thread panicked

failures:
    a_retried_append_stores_once

test result: \u{1b}[31mFAILED\u{1b}[0m. 1 passed; 1 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.1s

   Doc-tests aether_core

test result: FAILED. 40 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 1.00s
";

    #[test]
    fn the_results_of_all_programs_are_added_up() {
        let run = parse(OUTPUT);
        assert_eq!((run.passed, run.failed, run.ignored), (42, 1, 3));
        assert_eq!(run.executed(), 43);
    }

    #[test]
    fn a_failing_test_is_named_with_its_file() {
        let place = "tests/append.rs".to_owned();
        let name = "a_retried_append_stores_once".to_owned();
        assert_eq!(parse(OUTPUT).failing, [FailingTest { place, name }]);
    }

    #[test]
    fn the_programs_have_names_to_find_them_by() {
        let unit = "     Running unittests src/main.rs (target/debug/deps/aether_cli-0a)";
        assert_eq!(place_of(unit).unwrap(), "src/main.rs of aether_cli");
        assert_eq!(place_of("   Doc-tests aether").unwrap(), "documentation of aether");
        assert_eq!(place_of("Running late"), None);
    }

    #[test]
    fn text_without_results_counts_nothing() {
        assert_eq!(parse("error: could not compile `aether-core`"), TestRun::default());
    }
}
