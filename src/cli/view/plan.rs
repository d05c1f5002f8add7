//! A plan for people: causes and counts first, then the steps that run, one line for what is
//! kept, releases last.

use crate::{
    model::{Action, Plan, Reason, Release, Step},
    plan::graph,
    report::words,
};
use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

/// How many steps are listed before the rest is only counted.
const MOST: usize = 60;

/// How a plan is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlanView {
    /// Whether colours add to the symbols.
    pub(crate) color: bool,
    /// Whether every step is listed, those to keep as well.
    pub(crate) all: bool,
}

impl PlanView {
    /// Writes the plan.
    pub(crate) fn write(self, plan: &Plan) -> String {
        let mut text = String::new();
        if plan.is_empty() {
            self.skips(&mut text, plan);
            if self.all {
                self.steps(&mut text, plan);
            }
            put(
                &mut text,
                format_args!("{}: nothing to do. {}", plan.matrix, kept(plan)),
            );
            return text;
        }
        self.causes(&mut text, plan);
        self.steps(&mut text, plan);
        self.skips(&mut text, plan);
        for release in &plan.releases {
            let (what, reason) = release_in_words(release);
            let symbol = self.paint("31", "-");
            put(
                &mut text,
                format_args!("  {symbol} {what}  {}", self.faint(&reason.to_string())),
            );
        }
        if !plan.releases.is_empty() {
            text.push('\n');
        }
        put(&mut text, format_args!("{}", summary(plan)));
        text
    }

    /// Counts the steps behind each cause.
    fn causes(self, text: &mut String, plan: &Plan) {
        let mut causes: BTreeMap<String, usize> = BTreeMap::new();
        for (step, reason) in plan.runs() {
            *causes.entry(cause(plan, step, reason)).or_default() += 1;
        }
        let mut causes: Vec<_> = causes.into_iter().collect();
        causes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        put(text, format_args!("{}", self.paint("1", "Because")));
        let width = causes
            .iter()
            .map(|(_, n)| n.to_string().len())
            .max()
            .unwrap_or(0);
        for (cause, count) in causes.iter().take(10) {
            put(text, format_args!("  {count:>width$} x {cause}"));
        }
        if causes.len() > 10 {
            put(
                text,
                format_args!("  and {} other causes", causes.len() - 10),
            );
        }
        text.push('\n');
    }

    fn steps(self, text: &mut String, plan: &Plan) {
        let listed = |step: &&Step| self.all || step.will_run();
        let count = plan.steps.iter().filter(listed).count();
        if count == 0 {
            return;
        }
        let most = if self.all { usize::MAX } else { MOST };
        put(text, format_args!("{}", self.paint("1", "Steps")));
        for step in plan.steps.iter().filter(listed).take(most) {
            let (symbol, why) = match &step.action {
                Action::Keep => (self.faint("="), String::new()),
                Action::Run(reason) => (self.symbol(reason), reason.to_string()),
            };
            let from = match (&step.from, &step.action) {
                (Some(from), _) => format!(", from {from}"),
                (None, Action::Run(Reason::Upstream { .. })) => {
                    ", if its build comes out different".into()
                }
                (None, Action::Run(_) | Action::Keep) => String::new(),
            };
            let why = words::one_line(&format!("{why}{from}"), 110);
            put(
                text,
                format_args!("  {symbol} {}  {}", step.key, self.faint(&why)),
            );
        }
        if count > most {
            let hint = "--all lists them, --target narrows";
            put(text, format_args!("    and {} more ({hint})", count - most));
        }
        text.push('\n');
    }

    fn skips(self, text: &mut String, plan: &Plan) {
        let mut by_why: BTreeMap<&str, usize> = BTreeMap::new();
        for skip in &plan.skips {
            *by_why.entry(&skip.why).or_default() += 1;
        }
        for (why, count) in by_why {
            put(
                text,
                format_args!("  {} {count} left out: {why}", self.faint("o")),
            );
        }
        if !plan.skips.is_empty() {
            text.push('\n');
        }
    }

    fn symbol(self, reason: &Reason) -> String {
        match reason {
            Reason::New => self.paint("32", "+"),
            Reason::Forced => self.paint("35", "-/+"),
            Reason::Gone => self.paint("31", "-"),
            Reason::InputsChanged { .. }
            | Reason::DidNotPass { .. }
            | Reason::Upstream { .. }
            | Reason::NeededBy { .. }
            | Reason::UnknownOutcome => self.paint("33", "~"),
        }
    }

    fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.into()
        }
    }
}

/// The plan for a pull request.
pub(crate) fn markdown(plan: &Plan) -> String {
    let mut text = format!("### Plan of `{}`\n\n{}\n", plan.matrix, summary(plan));
    if plan.runs().next().is_some() {
        text.push_str("\n| step | why |\n|---|---|\n");
        for (step, reason) in plan.runs().take(200) {
            let why = words::one_line(&reason.to_string(), 160).replace('|', "\\|");
            put(&mut text, format_args!("| `{}` | {why} |", step.key));
        }
        let more = plan.runs().count().saturating_sub(200);
        if more > 0 {
            put(&mut text, format_args!("\nand {more} more"));
        }
    }
    text
}

/// What is given back, and why.
pub(crate) fn release_in_words(release: &Release) -> (String, Reason) {
    match release {
        Release::Layer(machine, layer) => (format!("layer {layer} of `{machine}`"), Reason::Gone),
        Release::Lease(lease) => (
            format!(
                "lease {} of `{}`, held by `{}`",
                lease.id, lease.machine, lease.step
            ),
            Reason::UnknownOutcome,
        ),
    }
}

/// What many steps share: the change behind them rather than each one's own reason.
fn cause(plan: &Plan, step: &Step, reason: &Reason) -> String {
    match reason {
        Reason::InputsChanged {
            root, ingredient, ..
        } if *root != step.key => format!("{ingredient} of `{root}` changed"),
        Reason::InputsChanged { ingredient, .. } if step.cell.is_some() => {
            format!("{ingredient} changed")
        }
        Reason::InputsChanged { ingredient, .. } => {
            format!("{ingredient} of `{}` changed", step.key)
        }
        Reason::Upstream { root } => match plan.find(root).map(|step| &step.action) {
            Some(Action::Run(Reason::InputsChanged { ingredient, .. })) => {
                format!("{ingredient} of `{root}` changed")
            }
            _ => format!("`{root}` will run"),
        },
        Reason::DidNotPass { .. } => "did not pass last time".into(),
        Reason::NeededBy { .. } => "needed by a step that runs".into(),
        Reason::New | Reason::Forced | Reason::UnknownOutcome | Reason::Gone => reason.to_string(),
    }
}

/// The last line: what would be done, in numbers.
fn summary(plan: &Plan) -> String {
    let by_reason = plan.by_reason();
    let reasons: Vec<_> = by_reason
        .iter()
        .map(|(kind, count)| format!("{count} {}", kind.replace('_', " ")))
        .collect();
    let run: usize = by_reason.values().sum();
    let mut text = format!("Plan: {run} to run ({})", reasons.join(", "));
    if reasons.is_empty() {
        text = "Plan: nothing to run".into();
    }
    write!(text, ", {}, {} to release", kept(plan), plan.releases.len())
        .expect("writing to a String cannot fail");
    if !plan.skips.is_empty() {
        write!(text, ", {} left out", plan.skips.len()).expect("writing to a String cannot fail");
    }
    let (_, ms) = graph::critical_path(plan);
    if ms > 0 {
        write!(text, "; at least {}", words::duration(ms))
            .expect("writing to a String cannot fail");
    }
    text
}

fn kept(plan: &Plan) -> String {
    let count = plan.steps.iter().filter(|step| !step.will_run()).count();
    format!("{count} kept")
}

fn put(text: &mut String, line: fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a String cannot fail");
}
