//! Spans of time as people write them: `15m`, `90s`, `1h30m`, `50ms`. No calendar, no fractions.

use std::time::Duration;

/// How a span of time is written, for hints.
pub(super) const EXAMPLE: &str = "write it as `\"15m\"`, `\"90s\"`, `\"1h30m\"`, or whole seconds";

/// Reads a span of time; every number needs a unit, and no unit comes twice.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (mut rest, mut total, mut last) = (text.trim(), 0_u64, u64::MAX);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let word = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(word);
        let milliseconds = match unit.trim() {
            "h" => 3_600_000,
            "m" | "min" => 60_000,
            "s" => 1000,
            "ms" => 1,
            _ => return None,
        };
        if milliseconds >= last {
            return None;
        }
        let part = number.parse::<u64>().ok()?.checked_mul(milliseconds)?;
        total = total.checked_add(part)?;
        (rest, last) = (tail, milliseconds);
    }
    Some(Duration::from_millis(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_read() {
        let check = |text, milliseconds| {
            assert_eq!(
                parse(text),
                Some(Duration::from_millis(milliseconds)),
                "{text}"
            );
        };
        check("15m", 900_000);
        check("90s", 90_000);
        check("1h30m", 5_400_000);
        check("1h 30m", 5_400_000);
        check("50ms", 50);
        check("1s500ms", 1500);
        check("0s", 0);
    }

    #[test]
    fn what_is_no_span_of_time_is_refused() {
        for text in [
            "",
            "15",
            "m",
            "15x",
            "-1s",
            "1.5h",
            "1s1h",
            "1s2s",
            "1m30",
            "99999999999999999999h",
            "18446744073709551615h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
