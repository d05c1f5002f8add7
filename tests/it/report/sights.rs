//! What was looked for, on the page of a run: boxes, numbers, and looking again.

use super::{fake_desktop, fake_run::Script};
use mosdat::{
    model::{Answer, Candidate, EvidenceKind, Rect, Sight, SightKind, Totals, Verdict},
    report::{RunView, html},
};
use std::{fs, path::Path, process::Command};

const KEY: &str = "debian12/none/main.deb/open-note:exercise";
const LINES: &str = r#"[{"text":"Save </script> as","rect":{"x":430,"y":308,"width":76,"height":22},"confidence":0.97}]"#;

/// A look that almost found it at 430,308 and had a second place.
pub(super) fn sight(kind: SightKind, what: &str, picture: &str) -> Sight {
    let place = |x| Rect {
        x,
        y: 308,
        width: 76,
        height: 22,
    };
    Sight {
        kind,
        what: what.into(),
        is_absent: false,
        answer: Answer::No,
        why: format!("`{what}` is nowhere"),
        by: "like".into(),
        score: Some(931),
        place: Some(place(430)),
        second: Some(Candidate {
            place: place(200),
            score: 712,
        }),
        area: None,
        is_exact_only: false,
        slack: 0,
        ignores_case: false,
        duration_ms: 12,
        picture: picture.into(),
        anchor: String::new(),
        read: String::new(),
    }
}

/// Files of the run: as of any made-up one, and what sights speak of.
fn file(path: &str) -> Option<Vec<u8>> {
    match path {
        "x/04.anchor-1" | "x/05.anchor-1" => fake_desktop::file("x/01-anchor.png"),
        "x/04.read-2.json" => Some(LINES.into()),
        _ => fake_desktop::file(path),
    }
}

fn page() -> String {
    let mut script = Script::new("notes", Totals::default());
    script.start(KEY, 1);
    script.instruct(KEY, 1, "click `New`", "tree");
    script.looked(Vec::new(), 1, 8_500);
    script.instruct(KEY, 2, "click `Old`", "tree");
    script.looked(Vec::new(), 2, 8_500);
    for name in ["x/04-save-before.png", "x/04-save.png"] {
        script.keep(KEY, EvidenceKind::Frame, "click `Save`", name);
    }
    script.instruct_with(KEY, 4, "click `Save`", "", Verdict::Failed, "nowhere");
    let mut anchor = sight(SightKind::Anchor, "save.png", "x/04-save.png");
    anchor.anchor = "x/04.anchor-1".into();
    let mut same = sight(SightKind::Anchor, "same.png", "x/04-save.png");
    same.anchor = "x/05.anchor-1".into();
    let mut text = sight(SightKind::Text, "Save all", "x/04-save.png");
    text.read = "x/04.read-2.json".into();
    script.looked(vec![anchor, same, text], 3, 900);
    script.finish(KEY, Verdict::Failed, "nowhere", 1);
    let page = html::write(&RunView::replay(&script.end(3)), &file);
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sights.html");
    fs::write(to, &page).unwrap();
    page
}

#[test]
fn boxes_show_where_it_was_almost_and_the_second_best_with_their_scores() {
    let page = page();
    let figures: Vec<&str> = page.split("<figure").collect();
    let with_boxes: Vec<&&str> = figures.iter().filter(|one| one.contains("<svg")).collect();
    let [figure] = with_boxes.as_slice() else {
        panic!("the picture that was looked at has boxes, the other has none");
    };
    assert!(figure.contains("viewBox=\"0 0 640 400\""));
    assert!(figure.contains("class=\"nearest\" x=\"430\" y=\"308\" width=\"76\" height=\"22\""));
    assert!(figure.contains("class=\"second\" x=\"200\""));
    assert!(figure.contains(">like 0.931</text>") && figure.contains(">second 0.712</text>"));
    assert!(page.contains("<b>Before</b>") && page.contains("<b>When it went wrong</b>"));
}

#[test]
fn steps_say_how_often_they_were_done_and_how_near_their_time_out_they_came() {
    let page = page();
    assert!(page.contains("near its time-out: 8.5 s of 10.0 s"));
    // Two attempts had twice the time; and what failed did not come near, it failed.
    assert_eq!(page.matches("near its time-out").count(), 1);
    assert!(page.contains(">2 attempts</span>") && page.contains(">3 attempts</span>"));
}

#[test]
fn what_looking_again_needs_is_there_once_and_cannot_end_its_script() {
    let page = page();
    let from = page.find("id=\"again-parts\">").unwrap() + "id=\"again-parts\">".len();
    let parts = &page[from..from + page[from..].find("</script>").unwrap()];
    let parts: serde_json::Value = serde_json::from_str(parts).unwrap();
    assert_eq!(
        parts["anchors"].as_object().unwrap().len(),
        1,
        "the same twice"
    );
    let read = &parts["lines"]["x/04.read-2.json"][0];
    assert_eq!(read["text"], "Save </script> as");
}

/// A page on which the scripts of the report judge a made-up picture, and what they must say.
const TRIAL: &str = r#"<script>
const width = 90, height = 70, data = new Uint8ClampedArray(width * height * 4);
for (let i = 0; i < width * height; i++) {
  const x = i % width, y = Math.floor(i / width), grey = (x * x * 7 + y * y * 13 + x * y * 5) % 251;
  data.set([grey, (grey * 3) % 256, 255 - grey, 255], i * 4);
}
const cut = (left, top, width2, height2) => {
  const part = new Uint8ClampedArray(width2 * height2 * 4);
  for (let y = 0; y < height2; y++)
    for (let x = 0; x < width2 * 4; x++) part[y * width2 * 4 + x] = data[((top + y) * width + left) * 4 + x];
  return { width: width2, height: height2, data: part };
};
const said = [];
for (const clear of [0, 9]) {
  const anchor = cut(31, 22, 16, 11);
  for (let i = 0; i < clear; i++) anchor.data.set([9, 9, 9, 0], i * 4);
  const field = mosdatAgain.scores({ width, height, data }, anchor);
  const { found } = mosdatAgain.places(field, anchor, 1, 5);
  said.push(found.map((one) => `${one.x},${one.y} ${one.score.toFixed(6)}`).join("+"));
}
const other = cut(31, 22, 16, 11);
other.data.forEach((value, i) => { if (i % 4 < 3) other.data[i] = 40 + value * 0.5; });
const field = mosdatAgain.scores({ width, height, data }, other);
const { best } = mosdatAgain.places(field, other, 2, 5);
said.push(`${best.x},${best.y} ${best.score > 0.99}`);
said.push(mosdatAgain.scores(cut(0, 0, 5, 5), cut(0, 0, 6, 5)));
said.push([["Save", "Save as"], ["Sove", "Save as"], ["abc", ""]].map((pair) => mosdatAgain.off(...pair)).join());
document.title = "SAID " + said.join(" | ");
</script>"#;

#[test]
fn a_browser_looks_again_and_finds_what_is_there_where_it_is() {
    let browser = "/usr/bin/chromium";
    assert!(
        Path::new(browser).exists(),
        "no `{browser}`: run scripts/setup.sh"
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page.html");
    let page = page().replace("</body>", &format!("{TRIAL}</body>"));
    fs::write(&path, page).unwrap();
    let profile = format!("--user-data-dir={}", dir.path().join("profile").display());
    let ran = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(profile)
        .arg(format!("file://{}", path.display()))
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&ran.stdout);
    let said = shown.split("<title>").nth(1).unwrap_or_default();
    let said = said.split("</title>").next().unwrap();
    assert_eq!(
        said,
        "SAID 31,22 1.000000 | 31,22 1.000000 | 31,22 true | the anchor is larger than what is \
         searched | 0,1,3"
    );
    // Each picture can be tried again on; the script has put the buttons there.
    assert_eq!(
        shown.matches(">try again on this frame</button>").count(),
        2
    );
    assert_eq!(shown.matches(">try again</button>").count(), 1);
}
