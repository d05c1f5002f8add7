//! The words and signs that all reports share, and the cleaning of text that programs wrote.
//!
//! Escaping is not here: each document has its own rules and does it itself.

use super::{Conclusion, Standing};
use crate::model::{Cause, GpuName, Latency, Suspect, Verdict};

/// Returns the sign that stands before a standing's word where every character has one width.
pub fn symbol(standing: Standing) -> char {
    match standing {
        Standing::Finished(verdict) | Standing::Kept(verdict) => match verdict {
            Verdict::Passed => '✓',
            Verdict::Flaky => '~',
            Verdict::Expected => '≈',
            Verdict::Failed => '✗',
            Verdict::Blocked => '!',
            Verdict::Skipped => '-',
        },
        Standing::Running => '▸',
        Standing::Unfinished => '?',
        Standing::NotRun => '·',
        Standing::LeftOut => '-',
    }
}

/// Returns the sign that stands before a standing's word in Markdown.
pub fn emoji(standing: Standing) -> &'static str {
    match standing {
        Standing::Finished(verdict) | Standing::Kept(verdict) => match verdict {
            Verdict::Passed => "✅",
            Verdict::Flaky => "⚠️",
            Verdict::Expected => "☑️",
            Verdict::Failed => "❌",
            Verdict::Blocked => "⛔",
            Verdict::Skipped => "⏭️",
        },
        Standing::Running => "⏳",
        Standing::Unfinished => "❓",
        Standing::NotRun => "⏸️",
        Standing::LeftOut => "⏭️",
    }
}

/// Returns the standing whose sign and colour fit a conclusion.
pub fn standing_of(conclusion: Conclusion) -> Standing {
    match conclusion {
        Conclusion::Running => Standing::Running,
        Conclusion::Passed => Standing::Finished(Verdict::Passed),
        Conclusion::Failed => Standing::Finished(Verdict::Failed),
        Conclusion::Blocked | Conclusion::Empty => Standing::Finished(Verdict::Blocked),
        Conclusion::Unfinished => Standing::Unfinished,
    }
}

/// Says a number of milliseconds the way people do: `850 ms`, `12.3 s`, `4 min 05 s`.
pub fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{seconds}.{} s", milliseconds % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// Says who probably has to look into a failure, and why.
pub fn cause(cause: &Cause) -> String {
    let suspect = match cause.suspect {
        Suspect::Product => "Look into the app first",
        Suspect::Test => "Look into the test first",
        Suspect::Environment => "Look into the environment first",
        Suspect::Unknown => "It is not known where to look first",
    };
    format!("{suspect}: {}", clean(&cause.why))
}

/// Says that an instruction usually takes nearly as long as it may.
pub fn near_limit(latency: &Latency) -> String {
    let (took, limit) = (duration(latency.p95_ms), duration(latency.limit_ms));
    format!(
        "step {}, {}, needs up to {took} of its {limit}, going by the {} when it passed; \
         give it more time, or find out what is slow",
        latency.path,
        latency.label,
        count(latency.times, "time", "times"),
    )
}

/// Says a number of things: `1 cell`, `1,200 cells`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", grouped(number))
}

/// Writes a number with a comma after each three digits.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Says which GPU, or that there is none.
pub fn gpu(name: &str) -> String {
    if name == GpuName::NONE {
        "no GPU".into()
    } else {
        format!("GPU {name}")
    }
}

/// Removes terminal escape sequences and control characters; keeps line breaks and tabs.
pub fn clean(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => kept.push('\n'),
            '\n' | '\t' => kept.push(c),
            _ if is_invisible(c) => {}
            _ => kept.push(c),
        }
    }
    kept
}

/// Makes one line out of a text: cleaned, with single spaces, at most `length` characters.
pub fn one_line(text: &str, length: usize) -> String {
    let text = clean(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    cut(&words.join(" "), length)
}

/// Returns at most `length` characters of `text`, the last of them `…` when there were more.
pub fn cut(text: &str, length: usize) -> String {
    if text.chars().nth(length).is_none() {
        return text.into();
    }
    let kept = text.chars().take(length.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// Characters that neither show nor belong into XML, and those that turn the direction of text
/// around, with which a log could make a line read as something else.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// Skips what follows an escape character: `[` up to a letter, `]` up to a bell, or one character.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
        Some(']') => while chars.next().is_some_and(|c| c != '\u{7}' && c != '\\') {},
        Some(_) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let said = [0, 999, 1_000, 59_999, 60_000, 3_599_999, 3_600_000].map(duration);
        let expected = [
            "0 ms",
            "999 ms",
            "1.0 s",
            "59.9 s",
            "1 min 00 s",
            "59 min 59 s",
            "1 h 00 min",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn numbers_are_grouped() {
        let said = [1, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(said, ["1", "999", "1,000", "1,234,567"]);
        assert_eq!(count(1, "cell", "cells"), "1 cell");
    }

    #[test]
    fn escapes_and_control_characters_go_and_lines_stay() {
        assert_eq!(clean("a\u{1b}[31mb\u{1b}[0m\r\nc\td\u{0}"), "ab\nc\td");
        assert_eq!(clean("\u{1b}]0;title\u{7}x"), "x");
        assert_eq!(clean("safe\u{202e}txe"), "safetxe");
        assert_eq!(one_line(" a\n  b ", 80), "a b");
    }

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }
}
