//! Reads by the program `tesseract`, where there are no models.
//!
//! It is quicker for a whole screen, sees less of it, and reads it all again whatever changed.

use super::{
    engine::{is_text, whole},
    memory::in_order,
    raster::pixel,
};
use crate::{
    driver::process::{Spawn, find_program, spawn},
    judge::png,
    model::{Frame, Reading, Rect, TextLine, TextWord},
    port::{Exit, ReaderError, with_causes},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Its letters have to be larger than those of most desktops.
const ENLARGED: i32 = 2;

/// What it sees around an area, in pixels.
const CONTEXT: i32 = 8;

/// No picture of a screen takes it longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// The variables that it may know of.
const VARIABLES: [&str; 2] = ["PATH", "TESSDATA_PREFIX"];

/// The program.
#[derive(Debug)]
pub(super) struct Tesseract {
    program: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Tesseract {
    /// Returns the program, where there is one in the `PATH` of `environment`.
    pub(super) fn find(environment: &BTreeMap<String, String>) -> Option<Self> {
        let program = find_program("tesseract", environment.get("PATH")?)?;
        let known = environment
            .iter()
            .filter(|(name, _)| VARIABLES.contains(&name.as_str()));
        let known = known.map(|(name, value)| (name.clone(), value.clone()));
        // One thread a picture, as the models do.
        let threads = ("OMP_THREAD_LIMIT".to_owned(), "1".to_owned());
        Some(Self {
            program,
            environment: known.chain([threads]).collect(),
        })
    }

    /// Returns the lines whose middle is in `area`, or all of them.
    pub(super) async fn read(
        &self,
        frame: &Frame,
        area: Option<Rect>,
    ) -> Result<Reading, ReaderError> {
        let wanted = area.map_or(whole(frame), |area| area.intersection(whole(frame)));
        let shown = wanted.grown(CONTEXT).intersection(whole(frame));
        let mut lines = Vec::new();
        if wanted.width > 0 && wanted.height > 0 {
            lines = lines_of(&self.run(frame, shown).await?, shown)?;
            lines.retain(|line| wanted.contains(line.rect.center()) && is_text(line));
        }
        Ok(Reading {
            lines: in_order(lines),
            engine: "tesseract".into(),
        })
    }

    /// Returns the table that it writes of a part of a frame.
    async fn run(&self, frame: &Frame, shown: Rect) -> Result<String, ReaderError> {
        let failed = |what: &str, err: std::io::Error| {
            ReaderError::Failed(format!("failed to {what}: {err}"))
        };
        let folder = tempfile::Builder::new().prefix("mosdat-text").tempdir();
        let folder = folder.map_err(|err| failed("make a folder for a picture", err))?;
        let picture = folder.path().join("screen.png");
        write(&picture, &png(&enlarged(frame, shown)))
            .map_err(|err| failed("write a picture", err))?;
        let (program, picture) = (self.program.to_string_lossy(), picture.to_string_lossy());
        let argv = [&*program, &*picture, "read", "--psm", "11", "tsv"];
        let mut order = Spawn::new(argv);
        order.dir = Some(folder.path().into());
        order.env.clone_from(&self.environment);
        let tree = spawn(order, None).map_err(|err| ReaderError::Failed(with_causes(&err)))?;
        let exit = tokio::time::timeout(PATIENCE, tree.wait()).await;
        if exit != Ok(Exit::Code(0)) {
            tree.end().await;
            let said = tree.output();
            let last = said.lines().last().unwrap_or("it said nothing");
            return Err(ReaderError::Failed(format!(
                "`tesseract` did not end well: {last}"
            )));
        }
        read(&folder.path().join("read.tsv")).map_err(|err| failed("read what it wrote", err))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file that only another program sees"
)]
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::write(file, bytes)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file that only another program saw"
)]
fn read(file: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(file)
}

/// Returns a part of a frame, enlarged without a jump between pixels.
fn enlarged(frame: &Frame, part: Rect) -> Frame {
    let (width, height) = (part.width * ENLARGED, part.height * ENLARGED);
    let points = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let mixed = |x: i32, y: i32| {
        // Each new pixel lies a quarter of an old one from the middle of the nearest.
        let near = |at: i32| (at / 2, if at % 2 == 0 { at / 2 - 1 } else { at / 2 + 1 });
        let ((x0, x1), (y0, y1)) = (near(x), near(y));
        let at = |x: i32, y: i32| pixel(frame, part.x + x, part.y + y).map(u32::from);
        let corners = [
            (at(x0, y0), 9),
            (at(x1, y0), 3),
            (at(x0, y1), 3),
            (at(x1, y1), 1),
        ];
        let sum = |colour: usize| {
            corners
                .iter()
                .map(|(c, weight)| c[colour] * weight)
                .sum::<u32>()
        };
        [sum(0), sum(1), sum(2)].map(|sum| (sum / 16) as u8)
    };
    let rgba = points.flat_map(|(x, y)| {
        let [red, green, blue] = mixed(x, y);
        [red, green, blue, 255]
    });
    Frame {
        width: width as u32,
        height: height as u32,
        rgba: Arc::new(rgba.collect()),
        damage: Vec::new(),
        ..frame.clone()
    }
}

/// Reads the table: one row a word, told by the numbers of its block, paragraph and line.
fn lines_of(table: &str, shown: Rect) -> Result<Vec<TextLine>, ReaderError> {
    let mut rows = table.lines();
    let header: Vec<&str> = rows.next().unwrap_or_default().split('\t').collect();
    let unknown = |row: &str| ReaderError::Failed(format!("`tesseract` wrote `{row}`"));
    if header.first() != Some(&"level") || header.last() != Some(&"text") || header.len() != 12 {
        return Err(unknown(&header.join(" ")));
    }
    let mut lines: BTreeMap<[i32; 4], TextLine> = BTreeMap::new();
    for row in rows {
        let (level, numbers, confidence, text) = row_of(row).ok_or_else(|| unknown(row))?;
        if level != 5 || text.trim().is_empty() {
            continue;
        }
        let [page, block, paragraph, line, _, left, top, width, height] = numbers;
        let rect = Rect {
            x: shown.x + left / ENLARGED,
            y: shown.y + top / ENLARGED,
            width: (width / ENLARGED).max(1),
            height: (height / ENLARGED).max(1),
        };
        let word = TextWord {
            text: text.trim().into(),
            rect,
        };
        let line = lines
            .entry([page, block, paragraph, line])
            .or_insert(TextLine {
                rect,
                confidence: 1.0,
                ..TextLine::default()
            });
        line.rect = line.rect.union(rect);
        line.confidence = line.confidence.min(confidence / 100.0);
        line.words.push(word);
    }
    let mut lines: Vec<TextLine> = lines.into_values().collect();
    for line in &mut lines {
        let words: Vec<&str> = line.words.iter().map(|word| word.text.as_str()).collect();
        line.text = words.join(" ");
    }
    Ok(lines)
}

/// Level, then page to height, confidence in percent, and text of a row.
fn row_of(row: &str) -> Option<(i32, [i32; 9], f32, &str)> {
    let cells: Vec<&str> = row.splitn(12, '\t').collect();
    let level = cells.first()?.parse().ok()?;
    let mut numbers = [0; 9];
    for (number, cell) in numbers.iter_mut().zip(cells.get(1..10)?) {
        *number = cell.parse().ok()?;
    }
    let confidence = cells.get(10)?.parse().ok()?;
    Some((level, numbers, confidence, cells.get(11)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext";

    fn shown() -> Rect {
        Rect {
            x: 100,
            y: 50,
            width: 300,
            height: 100,
        }
    }

    #[test]
    fn words_of_one_line_are_joined_and_places_are_those_of_the_screen() {
        let table = format!(
            "{HEADER}\n4\t1\t1\t1\t1\t0\t20\t40\t110\t20\t-1\t\n\
             5\t1\t1\t1\t1\t1\t20\t40\t40\t20\t96.5\tDelete\n\
             5\t1\t1\t1\t1\t2\t70\t42\t60\t18\t81\tnote\n\
             5\t1\t1\t1\t2\t1\t20\t90\t40\t20\t90\t \n"
        );
        let lines = lines_of(&table, shown()).unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].text, "Delete note");
        assert!((lines[0].confidence - 0.81).abs() < 1e-6);
        let place = Rect {
            x: 110,
            y: 70,
            width: 55,
            height: 10,
        };
        assert_eq!(lines[0].rect, place);
        assert_eq!(lines[0].words[1].rect.x, 135);
    }

    #[test]
    fn what_is_no_table_is_an_error() {
        for table in ["", "level\ttext\n", &format!("{HEADER}\n5\t1\tx\n")] {
            let read = lines_of(table, shown());
            assert!(matches!(read, Err(ReaderError::Failed(_))), "{read:?}");
        }
        assert_eq!(lines_of(&format!("{HEADER}\n"), shown()), Ok(Vec::new()));
    }
}
