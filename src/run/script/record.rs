//! Keeps what a verdict rests on: pictures, trees, what programs wrote. Evidence that cannot be
//! kept is told in the log and changes no verdict.

use super::look;
use crate::{
    model::{Event, EvidenceKind, Frame, Tree},
    port::{Finding, Watcher},
};
use std::fmt::Write as _;

/// Longest part of a label that becomes part of a file's name.
const LONGEST: usize = 40;

/// Keeps evidence of one step of the plan.
#[derive(Clone, Copy, Debug)]
pub(in crate::run) struct Record<'a> {
    watcher: &'a Watcher,
}

impl<'a> Record<'a> {
    /// Keeps evidence where `watcher` says.
    pub(in crate::run) fn new(watcher: &'a Watcher) -> Self {
        Self { watcher }
    }

    /// Keeps a picture of the screen, and returns where it lies in the run's folder.
    pub(in crate::run) fn frame(self, name: &str, label: &str, frame: &Frame) -> Option<String> {
        let (name, png) = (format!("{name}.png"), look::png(frame));
        self.keep(EvidenceKind::Frame, &name, label, &png)
    }

    /// Keeps an accessibility tree.
    pub(super) fn tree(self, name: &str, label: &str, tree: &Tree) {
        let (name, text) = (format!("{name}.tree.txt"), outline(tree));
        self.keep(EvidenceKind::Tree, &name, label, text.as_bytes());
    }

    /// Keeps what a program wrote; nothing when that is nothing.
    pub(in crate::run) fn output(self, name: &str, label: &str, text: &str) {
        if !text.is_empty() {
            let name = format!("{name}.log");
            self.keep(EvidenceKind::Log, &name, label, text.as_bytes());
        }
    }

    /// Keeps what a machine had to tell.
    pub(in crate::run) fn found(self, finding: &Finding) {
        self.keep(
            EvidenceKind::Log,
            &finding.name,
            &finding.name,
            &finding.bytes,
        );
    }

    /// Tells each line of `text`.
    pub(super) fn lines(self, text: &str) {
        text.lines().for_each(|line| self.watcher.log(line));
    }

    fn keep(self, kind: EvidenceKind, name: &str, label: &str, bytes: &[u8]) -> Option<String> {
        let file = self.file(name, bytes)?;
        let watcher = self.watcher;
        watcher.tell(Event::Evidence {
            key: watcher.key.clone(),
            at: watcher.clock.now(),
            kind,
            label: label.into(),
            file: file.clone(),
        });
        Some(file)
    }

    /// Keeps a file that other evidence speaks of, and returns where it lies in the run's folder.
    pub(super) fn file(self, name: &str, bytes: &[u8]) -> Option<String> {
        let watcher = self.watcher;
        let kept = watcher.keep(name, bytes);
        kept.inspect_err(|err| {
            watcher.log(&format!("no evidence was kept: {err}: {}", err.source));
        })
        .ok()
    }
}

/// Makes a part of a file's name of a label.
pub(super) fn slug(label: &str) -> String {
    let mut slug = String::new();
    for c in label.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(LONGEST);
    slug.trim_end_matches('-').into()
}

/// Writes a tree as indented lines.
fn outline(tree: &Tree) -> String {
    let mut text = String::new();
    for app in &tree.silent_apps {
        writeln!(text, "! not seen: {}", app.label).expect("writing to a string");
    }
    for node in &tree.nodes {
        let (indent, role, name) = ("  ".repeat(node.depth), &node.role, &node.name);
        write!(text, "{indent}{role} `{name}`").expect("writing to a string");
        if node.depth == 0 {
            write!(text, " of {}", node.app).expect("writing to a string");
        }
        if !node.text.is_empty() && node.text != node.name {
            write!(text, " holding `{}`", node.text).expect("writing to a string");
        }
        writeln!(text, " [{}]", node.states.join(", ")).expect("writing to a string");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_becomes_a_short_plain_name() {
        assert_eq!(slug("click push button `Save…`"), "click-push-button-save");
        assert_eq!(slug("── ──"), "");
        assert!(slug(&"long label ".repeat(9)).len() <= LONGEST);
    }
}
