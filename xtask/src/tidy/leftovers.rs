//! Nothing unfinished: no stubs, no marks for later, no debug prints.

use super::source::{Finding, Source, words};

// In two parts each, so that this file does not find itself.
const STUBS: [&str; 3] = [concat!("to", "do!"), concat!("unimple", "mented!"), concat!("db", "g!")];
const MARKS: [&str; 2] = [concat!("FIX", "ME"), concat!("XX", "X")];

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let stubs = STUBS.iter().flat_map(|stub| {
        let calls = words(&source.text, stub).filter(|at| {
            source.text.get(at + stub.len()..).is_some_and(|rest| rest.starts_with(['(', '[', '{']))
        });
        calls.map(move |at| source.finding(at, format!("`{stub}`: finish it or take it out")))
    });
    let marks = MARKS.iter().flat_map(|mark| {
        let message = format!("`{mark}`: do it now, or write an issue and take the mark out");
        words(&source.text, mark).map(move |at| source.finding(at, message.clone()))
    });
    stubs.chain(marks).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::testing::source;
    use super::*;

    #[test]
    fn each_stub_and_each_mark_is_found() {
        for needle in STUBS {
            assert_eq!(check(&source("a.rs", &format!("fn a() {{\n  {needle}()\n}}")))[0].line, 2);
        }
        for needle in MARKS {
            assert_eq!(check(&source("a.rs", &format!("// {needle}: later"))).len(), 1);
        }
    }

    #[test]
    fn names_that_contain_one_are_fine() {
        let text = format!("let {}_count = 1; // {}X", MARKS[0], MARKS[1]);
        assert_eq!(check(&source("a.rs", &text)), []);
    }
}
