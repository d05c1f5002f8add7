//! The rule about waiting for time.

use super::{
    Report,
    steps::Step,
    yaml::{Data, Value},
};

/// From how many seconds on it is worth a word.
const LONG: f64 = 5.0;

/// Looks at a step and the one after it.
pub(super) fn look(step: &Step<'_>, next: Option<&Step<'_>>, report: &mut Report<'_>) {
    let Some(wait) = step.get("wait").filter(|wait| seconds(wait) >= LONG) else {
        return;
    };
    // Beside `launch` it is how long the window may take.
    if step.get("launch").is_some() {
        return;
    }
    if step.looks() || next.is_some_and(Step::looks) {
        let message = "a fixed time is waited before a look, which waits by itself";
        let hint = "leave it out, and give the look a `timeout`";
        report.warn("fixed-wait", &wait.at, message, hint);
    }
}

fn seconds(value: &Value) -> f64 {
    if let Data::Number(number, _) = value.data {
        number
    } else {
        0.0
    }
}
