//! Rules about texts for a shell.

use super::{
    Report,
    steps::Step,
    yaml::{Data, Value},
};
use std::ops::Range;

pub(super) fn look(step: &Step<'_>, report: &mut Report<'_>) {
    for name in ["shell", "launch"] {
        if let Some((text, value)) = step.text(name) {
            fixed(text, value, report);
        }
    }
    let Some((text, value)) = step.text("shell") else {
        return;
    };
    for (line, at) in lines(value, report.text) {
        processes(line, &at, report);
        pixels(line, &at, report);
    }
    let is_ignored = step
        .get("ignore_exit")
        .is_some_and(|value| value.data == Data::Flag(true));
    if !step.is_tidying && !step.looks() && !is_ignored && is_toothless(text) {
        let message = "the text checks something, and its last line makes it pass whatever came";
        let hint = "leave out `|| true`: the exit code counts";
        report.warn("no-check", &value.at, message, hint);
    }
}

/// What is written down that the machine knows.
fn fixed(text: &str, value: &Value, report: &mut Report<'_>) {
    let rules = [
        (
            "fixed-user",
            is_of_user as fn(&str) -> bool,
            "user 1000 is not everywhere the one who is logged in",
            "the session's own folder is `$XDG_RUNTIME_DIR`, the user `$(id -u)`",
        ),
        (
            "fixed-display",
            sets_display,
            "a display is set by hand, which may not be the session's",
            "leave it out: steps run in the session's environment",
        ),
        (
            "fixed-path",
            |line| line.contains("/opt/"),
            "a path below /opt is not where every package puts its program",
            "write `{app_path}`",
        ),
    ];
    for (rule, is_wrong, message, hint) in rules {
        let mut found = lines(value, report.text).into_iter();
        let line = found.find(|(line, _)| is_wrong(line));
        if let Some((_, at)) = line {
            report.warn(rule, &at, message, hint);
        } else if is_wrong(text) {
            // What was written with escapes has no line of its own.
            report.warn(rule, &value.at, message, hint);
        }
    }
}

fn is_of_user(line: &str) -> bool {
    ["/run/user/1000", "-u 1000", "user@1000"]
        .iter()
        .any(|part| line.contains(part))
}

fn sets_display(line: &str) -> bool {
    let is_set = |name: &str, begin: &[&str]| {
        line.match_indices(name).any(|(at, _)| {
            let after = line[at + name.len()..].trim_start_matches(['"', '\'']);
            begin.iter().any(|begin| after.starts_with(begin))
        })
    };
    is_set("DISPLAY=", &[":", "wayland-"]) || is_set("XAUTHORITY=", &["/"])
}

fn processes(line: &str, at: &Range<usize>, report: &mut Report<'_>) {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || ";|&()`\"".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    for (index, word) in words.iter().enumerate() {
        let flags = words[index + 1..].iter();
        let mut flags = flags.take_while(|word| word.starts_with('-'));
        let is_pattern =
            |flag: &&str| **flag == *"--full" || !flag.starts_with("--") && flag[1..].contains('f');
        let (hint, does) = match *word {
            "pkill" => ("use `kill_app`", "ends"),
            "pgrep" => ("use `app_running`", "finds"),
            _ => continue,
        };
        if flags.any(is_pattern) {
            let message = format!("`{word} -f` {does} its own shell as well");
            report.warn("process-pattern", at, &message, hint);
        }
    }
}

fn pixels(line: &str, at: &Range<usize>, report: &mut Report<'_>) {
    let mut words = line.split_whitespace();
    if !line.contains("xdotool") {
        return;
    }
    let is_move = words.by_ref().any(|word| word.starts_with("mousemove"));
    let is_number = |word: &str| word.parse::<i32>().is_ok();
    if is_move && words.take(4).any(is_number) {
        let message = "places in pixels hold for one size of one window on one desktop";
        report.warn(
            "pixels",
            at,
            message,
            "click on a widget, a text or a picture",
        );
    }
}

/// Whether a text looks for something, and ends so that it does not matter what came of it.
fn is_toothless(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let last = lines.rfind(|line| !line.is_empty()).unwrap_or_default();
    let passes = ["|| true", "||true", "|| :", "; true"];
    let checks = ["test ", "[ ", "grep", "cmp ", "diff ", "exit 1"];
    passes.iter().any(|end| last.ends_with(end)) && checks.iter().any(|word| text.contains(word))
}

/// Returns each line as it stands in the document, with its place.
fn lines<'d>(value: &Value, document: &'d str) -> Vec<(&'d str, Range<usize>)> {
    let Some(text) = document.get(value.at.clone()) else {
        return Vec::new();
    };
    let mut start = value.at.start;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let inside = line.trim();
        let from = start + (line.len() - line.trim_start().len());
        if !inside.is_empty() {
            found.push((inside, from..from + inside.len()));
        }
        start += line.len();
    }
    found
}
