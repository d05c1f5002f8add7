//! JUnit XML, for CI services.
//!
//! The format knows passed, failed, error and skipped. What mosdat knows beyond that is in
//! properties, and whatever speaks against a success of the run as a whole is an error of its own.

use super::{Attempt, Counts, RunView, Standing, StepState, StepView, words};
use crate::model::{Phase, StepKey, Timestamp, Verdict};
use quick_junit::{
    NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString,
};
use std::{collections::BTreeMap, time::Duration};

/// The suite of builds, installs and the like that did not pass.
pub const STEPS_SUITE: &str = "mosdat steps";

/// The suite of what speaks against the run as a whole.
pub const RUN_SUITE: &str = "mosdat run";

const MESSAGE_LENGTH: usize = 300;
const OUTPUT_LENGTH: usize = 20_000;

/// Writes the report of `view`.
pub fn write(view: &RunView) -> String {
    let name = if view.matrix.is_empty() {
        "mosdat"
    } else {
        &view.matrix
    };
    let mut report = Report::new(words::clean(name));
    if let Some(milliseconds) = view.duration_ms() {
        report.set_time(Duration::from_millis(milliseconds));
    }
    report.add_test_suites(cell_suites(view));
    report.add_test_suites(steps_suite(view));
    report.add_test_suites(run_suite(view));
    report
        .to_string()
        .expect("strings are cleaned, and writing to memory does not fail")
}

/// One suite for each machine, GPU, build and format.
fn cell_suites(view: &RunView) -> Vec<TestSuite> {
    let mut suites: BTreeMap<String, Vec<&StepView>> = BTreeMap::new();
    for step in view.cells() {
        suites.entry(suite_name(&step.key)).or_default().push(step);
    }
    let suites = suites.into_iter().map(|(name, steps)| {
        let cases = steps.iter().map(|step| {
            let scenario = step.key.parts().and_then(|parts| parts.scenario);
            case(view, step, scenario.unwrap_or(step.key.as_str()), &name)
        });
        let mut suite = suite(view, &name, cases.collect());
        let counts = Counts::of(view, steps.iter().copied());
        suite.add_property(property("mosdat.cached", &counts.kept.to_string()));
        suite
    });
    suites.collect()
}

/// Steps that are no exercises appear only when they did not pass.
fn steps_suite(view: &RunView) -> Option<TestSuite> {
    let bad = view.preparations().filter(|step| {
        let standing = view.standing(step);
        !standing.holds() && standing != Standing::LeftOut
    });
    let cases: Vec<TestCase> = bad
        .map(|step| case(view, step, step.key.as_str(), STEPS_SUITE))
        .collect();
    (!cases.is_empty()).then(|| suite(view, STEPS_SUITE, cases))
}

/// What speaks against the run as a whole.
fn run_suite(view: &RunView) -> Option<TestSuite> {
    let doubts = view.doubts().into_iter().map(|doubt| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(doubt.as_str()).set_type("mosdat.run");
        let name = doubt.split(':').next().unwrap_or(&doubt);
        let mut case = TestCase::new(name, status);
        case.set_classname(RUN_SUITE);
        case
    });
    let cases: Vec<TestCase> = doubts.collect();
    (!cases.is_empty()).then(|| suite(view, RUN_SUITE, cases))
}

fn suite(view: &RunView, name: &str, cases: Vec<TestCase>) -> TestSuite {
    let mut suite = TestSuite::new(words::clean(name));
    if let Some(started) = view.started {
        set_timestamp(&mut suite.extra, started);
    }
    suite.set_time(cases.iter().filter_map(|case| case.time).sum());
    if let Some(run) = &view.run {
        suite.add_property(property("mosdat.run", run.as_str()));
    }
    if let Some(plan) = &view.plan_id {
        suite.add_property(property("mosdat.plan", &plan.to_string()));
    }
    suite.add_test_cases(cases);
    suite
}

fn case(view: &RunView, step: &StepView, name: &str, class: &str) -> TestCase {
    let standing = view.standing(step);
    let mut case = TestCase::new(words::clean(name), status(step, standing));
    case.set_classname(words::clean(class));
    if let Some(milliseconds) = step.duration_ms() {
        case.set_time(Duration::from_millis(milliseconds));
    }
    if let Some(started) = step.attempts.last().and_then(|attempt| attempt.started) {
        set_timestamp(&mut case.extra, started);
    }
    case.add_property(property("mosdat.step", step.key.as_str()));
    case.add_property(property("mosdat.verdict", standing.word()));
    if step.tries() > 1 {
        case.add_property(property("mosdat.attempts", &step.tries().to_string()));
    }
    if let Some(cause) = &step.cause {
        case.add_property(property("mosdat.suspect", &cause.suspect.to_string()));
        case.add_property(property("mosdat.cause", &cause.why));
    }
    if let Some(run) = step.kept_from() {
        case.add_property(property("mosdat.cached", "true"));
        case.add_property(property("mosdat.cached_from", run.as_str()));
    }
    let output = output(step, standing);
    if !output.is_empty() {
        case.set_system_out(output);
    }
    case
}

fn status(step: &StepView, standing: Standing) -> TestCaseStatus {
    let mut status = match standing {
        Standing::Finished(verdict) | Standing::Kept(verdict) => match verdict {
            Verdict::Passed | Verdict::Flaky | Verdict::Expected => TestCaseStatus::success(),
            // A build or an install says nothing about the app when it goes wrong.
            Verdict::Failed if step.key.phase() != Some(Phase::Exercise) => {
                TestCaseStatus::non_success(NonSuccessKind::Error)
            }
            Verdict::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Verdict::Blocked => TestCaseStatus::non_success(NonSuccessKind::Error),
            Verdict::Skipped => TestCaseStatus::skipped(),
        },
        Standing::Running | Standing::Unfinished => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
        Standing::NotRun | Standing::LeftOut => TestCaseStatus::skipped(),
    };
    if !standing.holds() {
        status.set_type(format!("mosdat.{}", standing.word().replace(' ', "-")));
        status.set_message(message(step, standing));
        status.set_description(words::clean(step.detail()));
    }
    // An expected failure that was tried again is no sign of flakiness.
    if standing != Standing::Finished(Verdict::Expected) {
        status.add_reruns(reruns(step));
    }
    status
}

/// The attempts before the last.
fn reruns(step: &StepView) -> Vec<TestRerun> {
    let earlier = step
        .attempts
        .split_last()
        .map_or(&[][..], |(_, earlier)| earlier);
    earlier.iter().map(rerun).collect()
}

fn rerun(attempt: &Attempt) -> TestRerun {
    let kind = match attempt.verdict {
        Some(Verdict::Failed) => NonSuccessKind::Failure,
        Some(
            Verdict::Passed
            | Verdict::Flaky
            | Verdict::Expected
            | Verdict::Blocked
            | Verdict::Skipped,
        )
        | None => NonSuccessKind::Error,
    };
    let mut rerun = TestRerun::new(kind);
    let word = attempt.verdict.map_or("unfinished", Verdict::as_str);
    rerun.set_type(format!("mosdat.{word}"));
    rerun.set_message(words::one_line(&attempt.detail, MESSAGE_LENGTH));
    rerun.set_description(words::clean(&attempt.detail));
    rerun.set_time(Duration::from_millis(attempt.duration_ms));
    let output = transcript(attempt);
    if !output.is_empty() {
        rerun.set_system_out(output);
    }
    rerun
}

/// One line that says what went wrong, the instruction first where there is one.
fn message(step: &StepView, standing: Standing) -> String {
    let detail = words::one_line(step.detail(), MESSAGE_LENGTH);
    match (step.failing_instruction(), detail.is_empty()) {
        (Some(one), _) => {
            let label = words::one_line(&one.label, MESSAGE_LENGTH);
            format!("instruction {} ({label}): {detail}", one.number)
        }
        (None, false) => detail,
        (None, true) => match standing {
            Standing::Unfinished => "it began and never ended: what came of it is not known".into(),
            Standing::Running => "it is still running".into(),
            Standing::Finished(_) | Standing::Kept(_) | Standing::NotRun | Standing::LeftOut => {
                standing.word().into()
            }
        },
    }
}

fn output(step: &StepView, standing: Standing) -> String {
    let mut parts = Vec::new();
    if standing.verdict() == Some(Verdict::Expected) {
        let detail = words::clean(step.detail());
        parts.push(format!("did not pass, as the plan file expects: {detail}"));
    }
    if let StepState::Kept { run, .. } = &step.state {
        parts.push(format!("not run again: nothing changed since run {run}"));
    }
    parts.extend(step.attempts.last().map(transcript));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// What was done in an attempt and what its programs wrote.
fn transcript(attempt: &Attempt) -> String {
    let mut lines: Vec<String> = Vec::new();
    for one in &attempt.instructions {
        let label = words::one_line(&one.label, MESSAGE_LENGTH);
        let took = words::duration(one.duration_ms);
        let mut line = format!("{}. {label}: {} in {took}", one.number, one.verdict);
        for extra in [&one.rung, &one.detail]
            .into_iter()
            .filter(|text| !text.is_empty())
        {
            line = format!("{line}; {}", words::one_line(extra, MESSAGE_LENGTH));
        }
        lines.push(line);
    }
    lines.extend(attempt.evidence.iter().map(|one| {
        let label = words::one_line(&one.label, MESSAGE_LENGTH);
        format!("evidence: {} ({label})", words::clean(&one.file))
    }));
    if !attempt.log.is_empty() {
        lines.push(attempt.log.to_text());
    }
    words::cut(&lines.join("\n"), OUTPUT_LENGTH)
}

/// The names before the scenario: `debian12/none/main.deb`.
fn suite_name(key: &StepKey) -> String {
    let Some(parts) = key.parts() else {
        return STEPS_SUITE.into();
    };
    let or_unknown = |name: Option<&str>| name.unwrap_or("unknown").to_owned();
    format!(
        "{}/{}/{}.{}",
        or_unknown(parts.machine),
        or_unknown(parts.gpu),
        or_unknown(parts.build),
        or_unknown(parts.format)
    )
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, words::clean(value))
}

/// Sets the attribute by hand, because the crate's own setter wants times of a crate that mosdat
/// does not use.
fn set_timestamp(extra: &mut impl Extend<(XmlString, XmlString)>, at: Timestamp) {
    extra.extend([("timestamp".into(), at.to_string().into())]);
}
