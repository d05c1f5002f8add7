//! The page of a run.

use super::{
    fake_desktop,
    fake_run::{self, Script},
};
use mosdat::{
    model::{Event, EvidenceKind, SightKind, Totals, Verdict},
    report::{RunView, html},
};
use std::{collections::BTreeSet, fs, path::Path};

fn page(events: &[Event]) -> String {
    html::write(&RunView::replay(events), &fake_desktop::file)
}

/// The values of an attribute.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    let rest = page.split(start.as_str()).skip(1);
    rest.map(|rest| rest.split('"').next().unwrap()).collect()
}

/// The part of the page about one step.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let from = page.find(&format!("id=\"{id}\"")).unwrap();
    let rest = &page[from..];
    &rest[..rest.find("<details class=\"step").unwrap_or(rest.len())]
}

#[test]
fn a_run_with_everything_becomes_a_page_to_look_at() {
    let page = page(&fake_run::everything());
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.html");
    fs::write(to, &page).unwrap();
    assert!(page.contains("<title>✗ failed: notes-release</title>"));
}

#[test]
fn the_page_needs_no_other_file_and_no_network() {
    let page = page(&fake_run::everything());
    for address in values(&page, "src")
        .into_iter()
        .chain(values(&page, "href"))
    {
        let is_inside = address.starts_with("data:image/png;base64,") || address.starts_with('#');
        assert!(is_inside, "{address}");
    }
    for outside in [
        "http://", "https://", "<link", "<iframe", "url(", "@import", "fetch(",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'; img-src data:;"));
}

#[test]
fn every_link_leads_to_one_place() {
    let page = page(&fake_run::everything());
    let ids = values(&page, "id");
    let places: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), places.len(), "two places have the same name");
    let links = values(&page, "href");
    assert!(links.len() > 64 && links.contains(&"#debian12-x11-none-main.deb-print-preview"));
    for link in links {
        assert!(places.contains(&link[1..]), "{link} leads nowhere");
    }
}

#[test]
fn every_cell_of_the_matrix_says_its_verdict_in_words() {
    let page = page(&fake_run::everything());
    let matrix = &page[page.find("<table class=\"matrix").unwrap()..];
    let matrix = &matrix[..matrix.find("</table>").unwrap()];
    let cells = matrix.split("<td>").skip(1);
    let mut words: Vec<&str> = Vec::new();
    for cell in cells {
        let known = [
            "passed", "failed", "blocked", "flaky", "expected", "not run", "left out",
        ];
        let word = known
            .into_iter()
            .find(|word| cell.contains(&format!("</span> {word}</b>")));
        words.push(word.unwrap_or_else(|| panic!("no word in {cell}")));
    }
    assert_eq!(words.len(), 64);
    assert_eq!(matrix.matches("<small>cached</small>").count(), 15);
    assert_eq!(matrix.matches("scope=\"row\"").count(), 8);
    assert_eq!(matrix.matches("scope=\"col\"").count(), 9);
}

#[test]
fn a_failed_cell_is_open_with_the_pictures_before_and_when_it_went_wrong() {
    let page = page(&fake_run::everything());
    let failed = section(&page, "debian12-x11-none-main.deb-print-preview");
    assert!(failed.contains("data-word=\"failed\" open>"), "{failed}");
    let pair = &failed[failed.find("class=\"pair\"").unwrap()..];
    let pair = &pair[..pair.find("class=\"film\"").unwrap()];
    assert_eq!(pair.matches("<img").count(), 2);
    let before = pair.find("<b>Before</b>").unwrap();
    let after = pair
        .find("<b>When it went wrong</b> verify dialog `Print`")
        .unwrap();
    assert!(before < after);
    assert!(failed.contains("no dialog `Print` within 10 s"));
    assert!(failed.contains("see &lt;tree&gt;"), "{failed}");
    assert!(failed.contains("Attempt 1"));
    assert!(failed.contains("push button `New`\n  entry `Milk` &lt;focused&gt;"));
    assert!(failed.contains("cannot open display: :7"));
}

#[test]
fn a_passed_cell_is_folded_and_has_its_film_strip_with_texts_for_each_picture() {
    let page = page(&fake_run::everything());
    let passed = section(&page, "debian12-x11-none-main.deb-search");
    assert!(passed.contains("data-word=\"passed\">"), "{passed}");
    assert!(!passed.contains("class=\"pair\""));
    assert_eq!(passed.matches("<img").count(), 4);
    assert!(passed.contains("alt=\"click picture save.png\""));
    assert!(passed.contains("<span class=\"chip\">exact 1.000</span>"));
    assert_eq!(
        page.matches("<img").count(),
        page.matches(" alt=\"").count()
    );
}

#[test]
fn cached_and_left_out_cells_are_lines_that_say_why() {
    let page = page(&fake_run::everything());
    let row = |id: &str| {
        let from = page.find(&format!("<tr id=\"{id}\"")).unwrap();
        &page[from..from + page[from..].find("</tr>").unwrap()]
    };
    let cached = row("debian12-x11-none-4.1.0.deb-search");
    assert!(
        cached.contains("cached from run <code>20250528-171200-c01d</code>"),
        "{cached}"
    );
    let left_out = row("fedora42-wayland-rtx3060-main.deb-smoke-x11");
    assert!(
        left_out.contains("XWayland is not installed on this machine"),
        "{left_out}"
    );
    let not_run = row("ubuntu2404-wayland-none-main.deb-search");
    assert!(
        not_run.contains("main.deb:install` was blocked"),
        "{not_run}"
    );
}

#[test]
fn an_install_that_was_blocked_has_a_section_with_its_log() {
    let page = page(&fake_run::everything());
    let install = section(&page, "ubuntu2404-wayland-none-main.deb-install");
    assert!(install.contains("data-word=\"blocked\" open>"), "{install}");
    assert!(install.contains("Package libwebkit2gtk-4.1-0 is not installed."));
}

#[test]
fn what_programs_wrote_is_text_and_never_markup() {
    let evil = "</pre></script><script>alert(1)</script><img src=x onerror=alert(1)>\" '";
    let mut script = Script::new(evil, Totals::default());
    let key = "debian12/none/main.deb/<b>\"x:exercise";
    script.start(key, 1);
    script.log(key, evil);
    script.instruct_with(key, 1, evil, evil, Verdict::Failed, evil);
    let sight = super::sights::sight(SightKind::Anchor, evil, evil);
    script.looked(vec![sight], 1, 5);
    script.keep(key, EvidenceKind::Frame, evil, &format!("x/01-{evil}.png"));
    script.keep(key, EvidenceKind::Log, evil, "x/log.txt");
    script.retry(key, Verdict::Failed, evil);
    script.start(key, 2);
    script.finish(key, Verdict::Failed, evil, 2);
    script.left_out("debian12/none/main.deb/y:exercise", evil);
    let view = RunView::replay(&script.end(3));
    let page = html::write(&view, &|_| Some(evil.into()));
    assert_eq!(page.matches("<script>").count(), 2, "only the page's own");
    assert!(!page.contains("<img src=x") && !page.contains("<b>\"x"));
    assert!(page.contains("the file is not a picture"));
}

#[test]
fn a_picture_that_is_not_there_is_told() {
    let view = RunView::replay(&fake_run::everything());
    let page = html::write(&view, &|_| None);
    assert!(!page.contains("<img"));
    let failed = section(&page, "debian12-x11-none-main.deb-print-preview");
    assert!(failed.contains("the file is missing"), "{failed}");
}

#[test]
fn pictures_of_failures_have_room_before_all_others_and_the_rest_is_counted() {
    let view = RunView::replay(&fake_run::everything());
    let large = |path: &str| {
        let mut bytes = fake_desktop::file(path)?;
        bytes.resize(2 << 20, 0);
        Some(bytes)
    };
    let page = html::write(&view, &large);
    assert!(
        page.len() < html::EMBEDDED + (1 << 20),
        "{} bytes",
        page.len()
    );
    let failed = section(&page, "debian12-x11-none-main.deb-print-preview");
    assert!(failed.matches("<img").count() >= 2);
    let blocked = section(&page, "fedora42-wayland-rtx3060-main.deb-open-note");
    assert_eq!(blocked.matches("<img").count(), 2);
    assert!(page.contains("evidence files had no room on this page"));
}

#[test]
fn a_page_never_looks_better_than_its_run() {
    let verdict = |events: &[Event]| {
        let page = page(events);
        let from = page.find("<p class=\"verdict\">").unwrap();
        let said = &page[from..from + page[from..].find("</p>").unwrap()];
        said.rsplit("> ").next().unwrap().to_owned()
    };
    let events = fake_run::one_pass();
    assert_eq!(verdict(&events), "passed");
    for length in 0..events.len() {
        assert_eq!(
            verdict(&events[..length]),
            "did not finish",
            "{length} events"
        );
    }
    let nothing = Script::new("notes", Totals::default()).end(0);
    assert_eq!(verdict(&nothing), "nothing was tested");
}

/// A run of 10,000 cells: 50 machines with and without a GPU, 5 builds, 20 scenarios.
fn large() -> Vec<Event> {
    let mut script = Script::new("large", Totals::default());
    for machine in 0..50 {
        for gpu in ["none", "rtx3060"] {
            for build in ["1.0.deb", "1.0.rpm", "2.0.deb", "2.0.rpm", "main.deb"] {
                for number in 0..20 {
                    let key = format!("m{machine:02}/{gpu}/{build}/area/s{number:02}:exercise");
                    match (machine + number * 7) % 50 {
                        0 => {
                            script.start(&key, 1);
                            script.instruct(&key, 1, "launch", "window");
                            script.keep(&key, EvidenceKind::Frame, "after", "x/01-launch.png");
                            script.finish(&key, Verdict::Failed, "it is not there", 1);
                        }
                        1..30 => {
                            script.start(&key, 1);
                            script.instruct(&key, 1, "launch", "window");
                            script.finish(&key, Verdict::Passed, "", 1);
                        }
                        _ => script.kept(&key, Verdict::Passed, false),
                    }
                }
            }
        }
    }
    script.end(3)
}

#[test]
fn a_run_of_ten_thousand_cells_stays_usable() {
    let page = page(&large());
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("large.html");
    fs::write(to, &page).unwrap();
    let sections = page.matches("<details class=\"step").count();
    assert_eq!(sections, 200 + html::OTHER_SECTIONS);
    assert!(page.len() < 12 << 20, "{} bytes", page.len());
}
