//! JUnit files, read back with a parser.

use super::fake_run::{self, Script};
use mosdat::{
    model::{Event, Totals, Verdict},
    report::{RunView, junit},
};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus};

const CELL: &str = "debian12/none/main.deb/open-note:exercise";

fn report(events: &[Event]) -> Report {
    let xml = junit::write(&RunView::replay(events));
    Report::deserialize_from_str(&xml).unwrap_or_else(|err| panic!("{err}\n{xml}"))
}

fn case<'a>(report: &'a Report, suite: &str, name: &str) -> &'a TestCase {
    let suite = report
        .test_suites
        .iter()
        .find(|one| one.name.as_str() == suite)
        .unwrap();
    let mut cases = suite.test_cases.iter();
    cases.find(|one| one.name.as_str() == name).unwrap()
}

fn property<'a>(case: &'a TestCase, name: &str) -> Option<&'a str> {
    let found = case.properties.iter().find(|one| one.name.as_str() == name);
    found.map(|one| one.value.as_str())
}

fn is_success(report: &Report) -> bool {
    report.failures + report.errors == 0
}

#[test]
fn every_cell_is_a_case_of_the_suite_of_its_machine_gpu_and_build() {
    let report = report(&fake_run::everything());
    let names: Vec<&str> = report
        .test_suites
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    let expected = [
        "debian12-x11/none/4.1.0.deb",
        "debian12-x11/none/main.deb",
        "fedora42-wayland/none/4.1.0.deb",
        "fedora42-wayland/none/main.deb",
        "fedora42-wayland/rtx3060/4.1.0.deb",
        "fedora42-wayland/rtx3060/main.deb",
        "ubuntu2404-wayland/none/4.1.0.deb",
        "ubuntu2404-wayland/none/main.deb",
        "mosdat steps",
        "mosdat run",
    ];
    assert_eq!(names, expected);
    let cells = report.test_suites[..8].iter().map(|suite| suite.tests);
    assert_eq!(cells.sum::<usize>(), 64);
    assert_eq!((report.failures, report.skipped), (1, 10));
}

#[test]
fn a_failure_has_its_detail_and_its_earlier_attempt() {
    let report = report(&fake_run::everything());
    let case = case(&report, "debian12-x11/none/main.deb", "print-preview");
    let TestCaseStatus::NonSuccess {
        kind,
        message,
        reruns,
        ..
    } = &case.status
    else {
        panic!("{case:?}");
    };
    assert_eq!(*kind, NonSuccessKind::Failure);
    let message = message.as_ref().unwrap().as_str();
    assert!(
        message.starts_with("instruction 4 (verify dialog `Print`): no dialog"),
        "{message}"
    );
    assert!(message.ends_with("| see <tree>"), "{message}");
    assert_eq!(reruns.runs.len(), 1);
    let output = case.system_out.as_ref().unwrap().as_str();
    assert!(output.contains("cannot open display: :7"), "{output}");
    assert_eq!(property(case, "mosdat.attempts"), Some("2"));
}

#[test]
fn a_blocked_cell_is_an_error_and_no_failure() {
    let report = report(&fake_run::everything());
    let case = case(&report, "fedora42-wayland/rtx3060/main.deb", "open-note");
    assert!(
        matches!(&case.status, TestCaseStatus::NonSuccess { kind, .. } if *kind == NonSuccessKind::Error),
        "{case:?}"
    );
}

#[test]
fn a_flaky_pass_shows_the_attempt_that_failed() {
    let view = RunView::replay(&fake_run::everything());
    let xml = junit::write(&view);
    assert_eq!(xml.matches("<flakyFailure").count(), 1);
    assert_eq!(xml.matches("<rerunFailure").count(), 1);
    let report = report(&fake_run::everything());
    let case = case(&report, "fedora42-wayland/none/main.deb", "search");
    assert!(
        matches!(&case.status, TestCaseStatus::Success { flaky_runs } if flaky_runs.len() == 1),
        "{case:?}"
    );
}

#[test]
fn a_cached_result_says_which_run_it_is_from() {
    let report = report(&fake_run::everything());
    let kept = case(&report, "debian12-x11/none/4.1.0.deb", "search");
    assert_eq!(property(kept, "mosdat.cached"), Some("true"));
    assert_eq!(
        property(kept, "mosdat.cached_from"),
        Some("20250528-171200-c01d")
    );
    let fresh = case(&report, "debian12-x11/none/main.deb", "search");
    assert_eq!(property(fresh, "mosdat.cached"), None);
}

#[test]
fn an_expected_failure_passes_and_says_so() {
    let report = report(&fake_run::everything());
    let case = case(&report, "debian12-x11/none/4.1.0.deb", "settings/theme");
    assert!(
        matches!(case.status, TestCaseStatus::Success { .. }),
        "{case:?}"
    );
    assert_eq!(property(case, "mosdat.verdict"), Some("expected"));
    let output = case.system_out.as_ref().unwrap().as_str();
    assert!(
        output.starts_with("did not pass, as the plan file expects: "),
        "{output}"
    );
}

#[test]
fn what_did_not_run_is_skipped_with_its_reason_and_its_cause_is_an_error() {
    let report = report(&fake_run::everything());
    let skipped = case(&report, "ubuntu2404-wayland/none/main.deb", "search");
    let TestCaseStatus::Skipped { message, .. } = &skipped.status else {
        panic!("{skipped:?}");
    };
    let message = message.as_ref().unwrap().as_str();
    assert_eq!(
        message,
        "`ubuntu2404-wayland/none/main.deb:install` was blocked"
    );
    let cause = case(
        &report,
        "mosdat steps",
        "ubuntu2404-wayland/none/main.deb:install",
    );
    assert!(
        matches!(cause.status, TestCaseStatus::NonSuccess { .. }),
        "{cause:?}"
    );
}

#[test]
fn times_are_those_of_the_run() {
    let report = report(&fake_run::one_pass());
    let case = &report.test_suites[0].test_cases[0];
    assert_eq!(case.time.unwrap().as_millis(), 12_340);
    let started = case.timestamp.unwrap().to_rfc3339();
    assert_eq!(started, "2025-06-01T08:00:00.100+00:00");
}

#[test]
fn a_pass_is_a_success_and_no_part_of_it_is() {
    let events = fake_run::one_pass();
    assert!(is_success(&report(&events)));
    for length in 0..events.len() {
        assert!(!is_success(&report(&events[..length])), "{length} events");
    }
}

#[test]
fn zero_cells_are_an_error() {
    let report = report(&Script::new("notes", Totals::default()).end(0));
    assert_eq!(report.errors, 1);
    assert_eq!(
        report.test_suites[0].test_cases[0].name.as_str(),
        "nothing was tested"
    );
}

#[test]
fn cells_that_did_not_run_for_no_told_cause_are_an_error() {
    let mut script = Script::new("notes", Totals::default());
    script.start(CELL, 1);
    script.finish(CELL, Verdict::Passed, "", 1);
    script.not_run("debian12/none/main.deb/search:exercise", "");
    assert!(!is_success(&report(&script.end(0))));
}

#[test]
fn a_build_that_failed_is_an_error_of_its_own() {
    let mut script = Script::new("notes", Totals::default());
    script.start("main.deb:build", 1);
    script.finish("main.deb:build", Verdict::Failed, "exit code 2", 1);
    let report = report(&script.end(1));
    let case = case(&report, "mosdat steps", "main.deb:build");
    assert!(
        matches!(&case.status, TestCaseStatus::NonSuccess { kind, .. } if *kind == NonSuccessKind::Error),
        "{case:?}"
    );
}

#[test]
fn what_programs_wrote_cannot_break_the_file() {
    let mut script = Script::new("no\u{0}tes\u{ffff}", Totals::default());
    let key = "debian12/none/main.deb/]]><&\"':exercise";
    script.start(key, 1);
    script.log(key, "\u{1b}[31m]]> <b> & \u{8}\u{fffe}\u{1}");
    script.finish(key, Verdict::Failed, "a\u{0}\u{1b}b ]]> <x attr=\"&\">", 1);
    let report = report(&script.end(3));
    assert_eq!(report.name.as_ref().unwrap().as_str(), "notes");
    let case = &report.test_suites[0].test_cases[0];
    assert_eq!(case.name.as_str(), "]]><&\"'");
}
