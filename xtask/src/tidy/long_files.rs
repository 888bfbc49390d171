//! No file of more than 400 lines, tests included.

use super::source::{Finding, Source};

const MOST_LINES: usize = 400;

pub(crate) fn check(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let message = format!("{lines} lines, more than {MOST_LINES}: split the file by idea");
    (lines > MOST_LINES).then(|| Finding { path: source.path.clone(), line: MOST_LINES + 1, message })
}

#[cfg(test)]
mod tests {
    use super::super::source::testing::source;
    use super::*;

    #[test]
    fn a_file_may_have_400_lines_and_no_more() {
        assert_eq!(check(&source("a.rs", &"x\n".repeat(400))), None);
        assert_eq!(check(&source("a.rs", &"x\n".repeat(401))).unwrap().line, 401);
    }
}
