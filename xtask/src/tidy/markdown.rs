//! A page of Markdown: its links and the anchors they may point to.

use std::collections::{BTreeMap, BTreeSet};

use super::markdown_code::{without_blocks, without_spans};

/// A page with its code blanked; bytes and lines keep their places.
#[derive(Debug)]
pub(crate) struct Page {
    /// Without code blocks.
    text: String,
    /// Without code spans and comments either.
    prose: String,
}

/// What a link points to, and the byte it stands at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) at: usize,
    pub(crate) target: String,
}

impl Page {
    pub(crate) fn new(markdown: &str) -> Self {
        let text = without_blocks(markdown);
        let prose = without_spans(&text);
        Self { text, prose }
    }

    /// `[text](target)`, `![text](target)`, `href="target"`, `src="target"` and `[label]: target`.
    pub(crate) fn links(&self) -> Vec<Link> {
        let inline = self.after("](").filter_map(|at| self.link(at, inline_target));
        let html = ["href=\"", "src=\""];
        let html = html
            .iter()
            .flat_map(|key| self.after(key))
            .filter_map(|at| self.link(at, |rest| rest.split('"').next().unwrap_or_default()));
        let definitions = self.definitions().into_iter().map(|(_, link)| link);
        inline.chain(html).chain(definitions).collect()
    }

    /// The labels of `[text][label]` that no `[label]: target` defines.
    pub(crate) fn undefined_labels(&self) -> Vec<Link> {
        let defined: BTreeSet<String> = self.definitions().into_iter().map(|(label, _)| label).collect();
        let used = self
            .after("][")
            .filter_map(|at| self.link(at, |rest| rest.split(']').next().unwrap_or_default()));
        used.filter(|link| !link.target.is_empty() && !defined.contains(&link.target.to_lowercase()))
            .collect()
    }

    /// The anchors of the headings by GitHub's rules, and those that HTML names.
    pub(crate) fn anchors(&self) -> BTreeSet<String> {
        let mut anchors = BTreeSet::new();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for heading in self.headings() {
            let slug = slug(heading);
            let times = times.entry(slug.clone()).or_default();
            anchors.insert(if *times == 0 { slug } else { format!("{slug}-{times}") });
            *times += 1;
        }
        let named = ["id=\"", "name=\""].into_iter().flat_map(|key| self.after(key));
        anchors.extend(named.filter_map(|at| self.prose.get(at..)?.split('"').next().map(str::to_owned)));
        anchors
    }

    fn headings(&self) -> impl Iterator<Item = &str> {
        self.text.lines().zip(self.text.lines().skip(1).chain([""])).filter_map(|(line, next)| {
            let underlined = !line.trim().is_empty()
                && next.len() > 2
                && (next.bytes().all(|byte| byte == b'=') || next.bytes().all(|byte| byte == b'-'));
            if underlined {
                return Some(line.trim());
            }
            let heading = line.trim_start_matches('#');
            let level = line.len() - heading.len();
            ((1..=6).contains(&level) && heading.starts_with(' '))
                .then(|| heading.trim().trim_end_matches('#').trim())
        })
    }

    fn definitions(&self) -> Vec<(String, Link)> {
        let mut definitions = Vec::new();
        let mut start = 0;
        for line in self.prose.split_inclusive('\n') {
            let label = line.trim_start().strip_prefix('[').filter(|rest| !rest.starts_with('^'));
            if let Some((label, target)) = label.and_then(|rest| rest.split_once("]: ")) {
                let from = start + line.len() - target.len();
                let written = self.text.get(from - "]: ".len() - label.len()..from - "]: ".len());
                let target = target.split_whitespace().next().unwrap_or_default();
                let target = target.trim_matches(['<', '>']).to_owned();
                definitions.push((written.unwrap_or(label).to_lowercase(), Link { at: start, target }));
            }
            start += line.len();
        }
        definitions
    }

    /// The bytes behind each `mark` in the prose.
    fn after<'a>(&'a self, mark: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.prose.match_indices(mark).map(|(at, _)| at + mark.len())
    }

    fn link<'a>(&'a self, at: usize, target: impl Fn(&'a str) -> &'a str) -> Option<Link> {
        Some(Link { at, target: target(self.text.get(at..)?).to_owned() })
    }
}

/// The target of an inline link, whose title and closing parenthesis follow.
fn inline_target(rest: &str) -> &str {
    if let Some(rest) = rest.strip_prefix('<') {
        return rest.split('>').next().unwrap_or_default();
    }
    let mut depth = 0_usize;
    for (at, character) in rest.char_indices() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return rest.get(..at).unwrap_or_default(),
            ')' => depth -= 1,
            _ if character.is_whitespace() => return rest.get(..at).unwrap_or_default(),
            _ => {}
        }
    }
    rest
}

/// A heading as GitHub's anchor: lower case, punctuation gone, blanks as hyphens.
fn slug(heading: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || " -_".contains(*character);
    let text = without_targets(heading);
    text.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// `a [b](c)` as `a b`.
fn without_targets(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading;
    while let Some((before, after)) = rest.split_once("](") {
        text.push_str(before);
        rest = after
            .get(inline_target(after).len()..)
            .and_then(|rest| rest.split_once(')'))
            .map_or("", |(_, rest)| rest);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(markdown: &str) -> Vec<String> {
        Page::new(markdown).links().into_iter().map(|link| link.target).collect()
    }

    #[test]
    fn every_form_of_a_link_is_found() {
        assert_eq!(targets("[a](b.md) ![c](d(1).png \"e\")"), ["b.md", "d(1).png"]);
        assert_eq!(targets("[a](<b c.md>)"), ["b c.md"]);
        assert_eq!(targets("<img src=\"a.png\">"), ["a.png"]);
        assert_eq!(targets("[a]\n\n[a]: b.md\n"), ["b.md"]);
        assert_eq!(targets("[![a](b.svg)](c.md)"), ["b.svg", "c.md"]);
    }

    #[test]
    fn code_and_footnotes_are_no_links() {
        assert_eq!(targets("`[a](b)`\n```\n[a](b)\n```\n[^1]: see there\n"), [] as [&str; 0]);
    }

    #[test]
    fn a_link_stands_where_its_target_does() {
        assert_eq!(Page::new("`x` [a](b)").links()[0].at, 8);
    }

    #[test]
    fn headings_have_the_anchors_of_github() {
        let page =
            Page::new("# The `a_b`: *how*, why?\n## [Link](x.md) here\n## Twice\n## Twice\nUnder\n---\n");
        let expected = ["the-a_b-how-why", "link-here", "twice", "twice-1", "under"];
        assert_eq!(page.anchors(), expected.map(str::to_owned).into());
    }

    #[test]
    fn an_anchor_may_be_html_and_is_never_in_code() {
        let page = Page::new("<a id=\"here\"></a>\n```sh\n# comment\n```\n");
        assert_eq!(page.anchors(), ["here".to_owned()].into());
    }

    #[test]
    fn a_label_needs_a_definition() {
        let page = Page::new("[a][Known] [b][lost] [c][`Code`]\n\n[known]: x.md\n[`code`]: y.md\n");
        assert_eq!(page.undefined_labels(), [Link { at: 15, target: "lost".to_owned() }]);
    }
}
