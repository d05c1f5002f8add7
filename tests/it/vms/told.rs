//! What a run told, for questions about it.

use mosdat::model::{Event, EvidenceKind, StepKey, Summary, Timestamp, Verdict};
use std::{collections::BTreeMap, fs, path::PathBuf};

/// A run that has ended, or an apply that found nothing to do.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) code: Option<i32>,
    pub(super) err: String,
    pub(super) events: Vec<Event>,
    /// Where runs have their folders.
    pub(super) runs: PathBuf,
}

impl Told {
    /// Has to have ended with `code`.
    pub(super) fn ended_with(self, code: i32) -> Self {
        let ends: Vec<_> = self.ends().collect();
        assert_eq!(self.code, Some(code), "{ends:#?}\n{}", self.err);
        self
    }

    fn ends(&self) -> impl Iterator<Item = (&str, Verdict, &str)> {
        self.events.iter().filter_map(|event| match event {
            Event::StepFinished {
                key,
                verdict,
                detail,
                ..
            } => Some((key.as_str(), *verdict, detail.as_str())),
            _ => None,
        })
    }

    /// Returns the steps that ran, in alphabetical order.
    pub(super) fn ran(&self) -> Vec<&str> {
        let mut keys: Vec<_> = self.ends().map(|(key, ..)| key).collect();
        keys.sort_unstable();
        keys
    }

    /// Returns how the step ended, and in which words.
    pub(super) fn end(&self, key: &str) -> (Verdict, &str) {
        let end = self.ends().find(|end| end.0 == key);
        let (_, verdict, detail) = end.unwrap_or_else(|| panic!("`{key}` did not end"));
        (verdict, detail)
    }

    /// Returns how often the step was tried.
    pub(super) fn attempts(&self, key: &str) -> usize {
        let is_start = |event: &&Event| matches!(event, Event::StepStarted { key: started, .. } if started.as_str() == key);
        self.events.iter().filter(is_start).count()
    }

    /// Returns what every attempt at the step but the last came to.
    pub(super) fn retried(&self, key: &str) -> Vec<(Verdict, &str)> {
        let retries = self.events.iter().filter_map(|event| match event {
            Event::StepRetried {
                key: retried,
                verdict,
                detail,
                ..
            } if retried.as_str() == key => Some((*verdict, detail.as_str())),
            _ => None,
        });
        retries.collect()
    }

    /// Returns the lines that programs wrote, by step.
    pub(super) fn lines(&self) -> BTreeMap<&StepKey, Vec<&str>> {
        let mut lines = BTreeMap::<_, Vec<_>>::new();
        for event in &self.events {
            if let Event::Log { key, text, .. } = event {
                lines.entry(key).or_default().push(text.as_str());
            }
        }
        lines
    }

    /// Returns when the instruction `number` ended, by step.
    pub(super) fn instruction_ends(&self, number: u32) -> BTreeMap<&StepKey, Timestamp> {
        let ends = self.events.iter().filter_map(|event| match event {
            Event::Instruction {
                key,
                at,
                number: ended,
                ..
            } if *ended == number => Some((key, *at)),
            _ => None,
        });
        ends.collect()
    }

    /// Returns all texts that were kept of the step, one after another, each after its name.
    pub(super) fn texts(&self, key: &str) -> String {
        let files = self.evidence(key, EvidenceKind::Log).into_iter();
        let texts =
            files.map(|(file, bytes)| format!("== {file}\n{}\n", String::from_utf8_lossy(&bytes)));
        texts.collect()
    }

    /// Returns the first picture of the step.
    pub(super) fn first_picture(&self, key: &str) -> Vec<u8> {
        let pictures = self.evidence(key, EvidenceKind::Frame);
        pictures.into_iter().next().expect("there is a picture").1
    }

    /// Returns what was kept of the step, by file.
    fn evidence(&self, key: &str, wanted: EvidenceKind) -> Vec<(&str, Vec<u8>)> {
        let run = self.events.iter().find_map(|event| match event {
            Event::RunStarted { run, .. } => Some(self.runs.join(run.to_string())),
            _ => None,
        });
        let run = run.expect("a run says that it begins");
        let files = self.events.iter().filter_map(|event| match event {
            Event::Evidence {
                key: of,
                kind,
                file,
                ..
            } if of.as_str() == key && *kind == wanted => Some(file.as_str()),
            _ => None,
        });
        files
            .map(|file| (file, fs::read(run.join(file)).unwrap()))
            .collect()
    }

    /// Returns what it came to.
    pub(super) fn summary(&self) -> &Summary {
        let summary = self.events.iter().find_map(|event| match event {
            Event::RunFinished { summary, .. } => Some(summary),
            _ => None,
        });
        summary.expect("a run that ends says so")
    }
}
