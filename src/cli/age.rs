//! Ages as people type them: a number and a unit.

use std::time::Duration;

/// Reads `7d`, `48h`, `30m` or `3600s`.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let refuse = || "write it as `7d`, `48h`, `30m` or `3600s`".to_owned();
    let unit = text.chars().next_back().ok_or_else(refuse)?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3600,
        'm' => 60,
        's' => 1,
        _ => return Err(refuse()),
    };
    let number = text.strip_suffix(unit).unwrap_or_default();
    let number: u64 = number.parse().map_err(|_| refuse())?;
    let seconds = number.checked_mul(seconds).ok_or_else(refuse)?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read() {
        assert_eq!(parse("7d"), Ok(Duration::from_hours(168)));
        assert_eq!(parse("48h"), Ok(Duration::from_hours(48)));
        assert_eq!(parse("3600s"), Ok(Duration::from_hours(1)));
        for wrong in [
            "",
            "7",
            "d",
            "-1d",
            "1.5h",
            "1w",
            "99999999999999999999d",
            "7é",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
