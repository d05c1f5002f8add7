//! `mosdat visual`: pictures of a run against approved ones. Approves, compares, and approves anew.

use crate::{
    cli::{
        arguments::visual::VisualArguments,
        error::CliError,
        exit::Ended,
        face,
        settings::Settings,
        visual::{ARTEFACTS, Approved, Notes, References, Shot, blink, shots},
    },
    driver::disk::DiskFiles,
    judge::{
        Picture,
        visual::{CompareError, Comparison, Sameness, Tolerance, changing, compare},
    },
    model::{Files as _, Rect},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

/// How many regions of a difference are told.
const MOST_REGIONS: usize = 5;

pub(in crate::cli) fn run(settings: &Settings, typed: &VisualArguments) -> Result<Ended, CliError> {
    let references = References::new(&typed.refs_dir);
    let tolerance = Tolerance {
        score: typed.threshold,
        visible: typed.visible,
    };
    let bench = Bench {
        settings,
        references,
        tolerance,
    };
    if let Some(dir) = &typed.capture {
        bench.capture(dir)
    } else if let Some(dir) = &typed.learn {
        bench.learn(dir)
    } else if let Some(dir) = &typed.accept {
        bench.accept(dir, &typed.steps, typed.yes)
    } else if let Some(dir) = &typed.check {
        bench.check(dir)
    } else {
        Err(CliError::Usage("say what to do with which folder".into()))
    }
}

/// What is needed to compare.
struct Bench<'a> {
    settings: &'a Settings,
    references: References,
    tolerance: Tolerance,
}

/// A picture of a run, with the approved one.
struct Pair {
    shot: Shot,
    png: Vec<u8>,
    seen: Picture,
    /// Where the approved one is, or would be.
    file: PathBuf,
    approved: Option<Approved>,
}

/// What came of a picture.
enum Finding {
    Compared(Comparison, Sameness),
    Incomparable(CompareError),
    Missing,
}

impl Bench<'_> {
    fn pairs(&self, dir: &Path) -> Result<Vec<Pair>, CliError> {
        let pair = |shot: Shot| {
            let unreadable = |why: String| CliError::Document {
                path: shot.file.clone(),
                why,
            };
            let png = DiskFiles.read(&shot.file);
            let png = png.map_err(|err| unreadable(err.to_string()))?;
            let seen = Picture::from_png(&png).map_err(|err| unreadable(err.to_string()))?;
            let file = self.references.file(&shot, (seen.width(), seen.height()));
            Ok(Pair {
                approved: References::load(&file)?,
                shot,
                png,
                seen,
                file,
            })
        };
        shots(dir)?.into_iter().map(pair).collect()
    }

    fn look(&self, pair: &Pair) -> Finding {
        let Some(approved) = &pair.approved else {
            return Finding::Missing;
        };
        match compare(&approved.picture, &pair.seen, &approved.notes.masks()) {
            Ok(found) => {
                let sameness = found.sameness(approved.notes.tolerance(self.tolerance));
                Finding::Compared(found, sameness)
            }
            Err(err) => Finding::Incomparable(err),
        }
    }

    fn capture(&self, dir: &Path) -> Result<Ended, CliError> {
        let mut lines = Vec::new();
        let mut captured = 0;
        for pair in self.pairs(dir)? {
            let name = pair.title();
            // Of several builds in one run, the first is approved.
            if pair.approved.is_some() || References::load(&pair.file)?.is_some() {
                lines.push(format!("kept      {name}: it was approved before"));
            } else if pair.shot.is_good() {
                References::keep(&pair.file, &pair.png, &Notes::default())?;
                captured += 1;
                lines.push(format!("captured  {name}"));
            } else {
                let verdict = pair.shot.verdict_in_words();
                lines.push(format!("left out  {name}: its cell {verdict}"));
            }
        }
        lines.push(format!("{captured} captured of {} pictures", lines.len()));
        self.write(&lines)
    }

    fn check(&self, dir: &Path) -> Result<Ended, CliError> {
        let pairs = self.pairs(dir)?;
        let mut lines = Vec::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for pair in &pairs {
            let (name, finding) = (pair.title(), self.look(pair));
            *counts.entry(finding.word()).or_default() += 1;
            lines.push(format!("{:<9} {name}{finding}", finding.word()));
            if finding.holds() {
                continue;
            }
            if let Finding::Compared(found, _) = &finding {
                lines.extend(regions(found));
                let page = Self::show(dir, pair, found)?;
                lines.push(format!("          see {}", page.display()));
            }
        }
        for file in self.unseen(&pairs) {
            *counts.entry("unseen").or_default() += 1;
            let file = file.display();
            lines.push(format!(
                "unseen    {file}: it was approved, and this run has no picture of it"
            ));
        }
        let good = ["same", "within"].map(|word| counts.get(word).copied().unwrap_or(0));
        let holds = good.iter().sum::<usize>() == counts.values().sum::<usize>();
        let counts: Vec<_> = counts
            .iter()
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        lines.push(counts.join(", "));
        self.write(&lines)?;
        Ok(if holds { Ended::GOOD } else { Ended::ERROR })
    }

    /// Returns the approved pictures of which the run has none, though it has others of the same
    /// scenario on the same machine.
    fn unseen(&self, pairs: &[Pair]) -> Vec<PathBuf> {
        let seen: BTreeSet<&PathBuf> = pairs.iter().map(|pair| &pair.file).collect();
        let folders: BTreeSet<PathBuf> = pairs
            .iter()
            .map(|pair| {
                let size = (pair.seen.width(), pair.seen.height());
                self.references.folder(&pair.shot, size)
            })
            .collect();
        let approved = folders.iter().flat_map(|folder| DiskFiles.list(folder));
        approved
            .filter(|file| file.extension().is_some_and(|ending| ending == "png"))
            .filter(|file| !seen.contains(file))
            .collect()
    }

    /// Writes what people look at to decide, and returns the page.
    fn show(dir: &Path, pair: &Pair, found: &Comparison) -> Result<PathBuf, CliError> {
        let Some(approved) = &pair.approved else {
            return Ok(pair.file.clone());
        };
        let masks = approved.notes.masks();
        let mut base = dir.join(ARTEFACTS);
        base.push(pair.flat_name());
        let side = found.side_by_side(&approved.picture, &pair.seen, &masks);
        let named = |ending: &str| PathBuf::from(format!("{}{ending}", base.display()));
        face::write_file(&named(".png"), &side.png())?;
        let difference = found.picture(&approved.picture, &masks).png();
        let words = found.to_string();
        let page = blink(&pair.title(), &words, &approved.png, &pair.png, &difference);
        let file = named(".html");
        face::write_file(&file, page.as_bytes())?;
        Ok(file)
    }

    fn learn(&self, dir: &Path) -> Result<Ended, CliError> {
        let mut lines = Vec::new();
        for pair in self.pairs(dir)? {
            let name = pair.title();
            let Some(approved) = &pair.approved else {
                lines.push(format!(
                    "missing   {name}: nothing is approved to be masked"
                ));
                continue;
            };
            if !pair.shot.is_good() {
                let verdict = pair.shot.verdict_in_words();
                lines.push(format!("left out  {name}: its cell {verdict}"));
                continue;
            }
            match self.look(&pair) {
                Finding::Compared(found, _) if found.changed > 0 => {
                    let idle = [approved.picture.clone(), pair.seen.clone()];
                    let parts = changing(&idle).unwrap_or_default();
                    let is_new = |part: &Rect| {
                        let mut regions = found.regions.iter();
                        regions.any(|region| region.place.intersects(*part))
                    };
                    let parts: Vec<Rect> = parts.into_iter().filter(is_new).collect();
                    let mut notes = approved.notes.clone();
                    notes.mask(&parts);
                    let places: Vec<_> = parts.iter().map(ToString::to_string).collect();
                    lines.push(format!("masked    {name}: {}", places.join("; ")));
                    References::annotate(&pair.file, &notes)?;
                }
                Finding::Compared(..) | Finding::Missing => lines.push(format!("same      {name}")),
                Finding::Incomparable(err) => lines.push(format!("unlike    {name}: {err}")),
            }
        }
        self.write(&lines)
    }

    fn accept(&self, dir: &Path, steps: &[String], is_agreed: bool) -> Result<Ended, CliError> {
        let pairs = self.pairs(dir)?;
        for step in steps {
            if !pairs.iter().any(|pair| pair.shot.name().contains(step)) {
                let why = format!("no picture of `{}` is called `{step}`", dir.display());
                return Err(CliError::Usage(why));
            }
        }
        let is_meant = |pair: &&Pair| {
            let name = pair.shot.name();
            steps.is_empty() || steps.iter().any(|step| name.contains(step))
        };
        let mut lines = Vec::new();
        let mut due = Vec::new();
        for pair in pairs.iter().filter(is_meant) {
            let (name, finding) = (pair.title(), self.look(pair));
            if matches!(finding, Finding::Compared(_, Sameness::Same)) {
                continue;
            }
            if !pair.shot.is_good() {
                let verdict = pair.shot.verdict_in_words();
                lines.push(format!("left out  {name}: its cell {verdict}"));
                continue;
            }
            lines.push(format!("replaces  {name}{finding}"));
            if let Finding::Compared(found, _) = &finding {
                lines.extend(regions(found));
                let page = Self::show(dir, pair, found)?;
                lines.push(format!("          see {}", page.display()));
            }
            due.push(pair);
        }
        lines.push(format!("{} to approve", due.len()));
        self.write(&lines)?;
        if due.is_empty() {
            return Ok(Ended::GOOD);
        }
        if !is_agreed {
            self.settings
                .face
                .ask("approving pictures", "Approve what this run shows?")?;
        }
        for pair in due {
            // What is not compared stays so.
            let notes = pair.approved.as_ref();
            let notes = notes.map_or_else(Notes::default, |approved| approved.notes.clone());
            References::keep(&pair.file, &pair.png, &notes)?;
        }
        Ok(Ended::GOOD)
    }

    fn write(&self, lines: &[String]) -> Result<Ended, CliError> {
        self.settings.face.result(|out| {
            for line in lines {
                writeln!(out, "{line}")?;
            }
            Ok(())
        })
    }
}

impl Pair {
    /// Returns what people call it, with where it was made.
    fn title(&self) -> String {
        let place = self.shot.place.replace('~', "/");
        let comma = if place.is_empty() { "" } else { ", " };
        let (width, height) = (self.seen.width(), self.seen.height());
        format!("{} ({place}{comma}{width}x{height})", self.shot.name())
    }

    /// Returns a name for a file about it, which no other picture of the run has.
    fn flat_name(&self) -> String {
        let (name, place) = (self.shot.name(), &self.shot.place);
        let tilde = if place.is_empty() { "" } else { "~" };
        let name = format!("{place}{tilde}{name}").replace('/', "~");
        // Cells of several builds show the same.
        let digest = crate::model::ContentHash::of(&self.png).short();
        format!("{name}+{digest}")
    }
}

impl Shot {
    fn verdict_in_words(&self) -> String {
        let verdict = self
            .verdict
            .map_or("is unknown", |verdict| verdict.as_str());
        format!("is {verdict}, and so does not show what should be")
    }
}

impl Finding {
    fn word(&self) -> &'static str {
        match self {
            Self::Compared(_, Sameness::Same) => "same",
            Self::Compared(_, Sameness::Within) => "within",
            Self::Compared(_, Sameness::Differs) => "differs",
            Self::Incomparable(_) => "unlike",
            Self::Missing => "missing",
        }
    }

    fn holds(&self) -> bool {
        matches!(self, Self::Compared(_, Sameness::Same | Sameness::Within))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compared(_, Sameness::Same) => Ok(()),
            Self::Compared(found, _) => write!(f, ": {found}"),
            Self::Incomparable(err) => write!(f, ": {err}"),
            Self::Missing => f.write_str(": nothing was approved"),
        }
    }
}

fn regions(found: &Comparison) -> Vec<String> {
    let told = found.regions.iter().take(MOST_REGIONS);
    let mut lines: Vec<String> = told
        .map(|region| format!("          {}: {} pixels", region.place, region.changed))
        .collect();
    if found.regions.len() > MOST_REGIONS {
        let more = found.regions.len() - MOST_REGIONS;
        lines.push(format!("          and {more} more"));
    }
    lines
}
