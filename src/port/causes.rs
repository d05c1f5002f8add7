//! An error in words, for those that are not handed on as errors.

use std::error::Error;

/// Returns an error's words and those of what caused it, in one line.
pub fn with_causes(err: &dyn Error) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        text = format!("{text}: {err}");
        cause = err.source();
    }
    text
}
