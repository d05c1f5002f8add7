//! The few escape sequences that progress needs.
//!
//! Colour only repeats what a word and a sign say already.

use crate::{
    model::Verdict,
    report::{Standing, words},
};

/// Returns what moves the cursor up over `height` lines and clears everything from there.
pub(super) fn back_over(height: usize) -> String {
    match height {
        0 => String::new(),
        _ => format!("\u{1b}[{height}A\r\u{1b}[J"),
    }
}

/// Returns a standing's sign and word, in its colour when asked for.
pub(super) fn standing(standing: Standing, width: usize, color: bool) -> String {
    let text = format!("{} {:width$}", words::symbol(standing), standing.word());
    match code(standing) {
        Some(code) if color => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        Some(_) | None => text,
    }
}

/// Returns `text` less bright, when colour is asked for.
pub(super) fn faint(text: &str, color: bool) -> String {
    if color {
        format!("\u{1b}[2m{text}\u{1b}[0m")
    } else {
        text.into()
    }
}

fn code(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::Finished(verdict) | Standing::Kept(verdict) => match verdict {
            Verdict::Passed | Verdict::Expected => Some("32"),
            Verdict::Flaky => Some("33"),
            Verdict::Failed => Some("31;1"),
            Verdict::Blocked => Some("35;1"),
            Verdict::Skipped => None,
        },
        Standing::Unfinished => Some("35;1"),
        Standing::Running => Some("36"),
        Standing::NotRun | Standing::LeftOut => None,
    }
}
