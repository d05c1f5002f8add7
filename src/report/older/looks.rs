//! What a step looked for and how often it was done, as older readers know it.

use super::{cell::TARGET, line::Line};
use crate::model::{Answer, Event, InstructionKind, Rect, Sight, SightKind};
use serde_json::Value;

/// The longest answer of a model.
const ANSWER: usize = 1024;

/// Returns the lines that stand before the end of a step.
pub(super) fn lines(event: &Event, path: &str, kind: InstructionKind) -> Vec<Line> {
    let Event::Instruction {
        verdict,
        detail,
        label,
        attempts,
        duration_ms,
        sights,
        ..
    } = event
    else {
        return Vec::new();
    };
    let attempt = (*attempts).max(1);
    let mut lines: Vec<Line> = (1..attempt)
        .map(|attempt| {
            let line = Line::new("retry").step(Some(path));
            line.with("attempt", attempt)
                .with("reason", "verify_failed")
        })
        .collect();
    for sight in sights {
        let own = looked(sight, kind);
        let told = own
            .into_iter()
            .map(|line| line.step(Some(path)).with("attempt", attempt));
        lines.extend(told);
    }
    if kind == InstructionKind::Wait {
        let line = if verdict.holds() {
            Line::new("wait_for_fired").with("result", "ok")
        } else {
            Line::new("wait_for_timeout").with("error", detail.as_str())
        };
        let line = line.step(Some(path)).with_short("target", label, TARGET);
        lines.push(line.with("latency_ms", *duration_ms));
    }
    lines
}

/// Returns the lines about one look. Pictures, texts and windows have none: only models and trees
/// are known.
fn looked(sight: &Sight, kind: InstructionKind) -> Vec<Line> {
    let (answer, latency) = (sight.answer.as_str(), sight.duration_ms);
    match sight.kind {
        SightKind::Statement => {
            let asked_for = if kind == InstructionKind::Branch {
                "if_visible"
            } else {
                "verify"
            };
            let verify = Line::new("vlm_verify")
                .with_short("question", &sight.what, TARGET)
                .with("answer", answer)
                .with("latency_ms", latency)
                .with("kind", asked_for)
                .with("is_absent", sight.is_absent);
            let step = Line::new("verify_step")
                .with("prompt_text", sight.what.as_str())
                .with_short("raw_vlm_response", &sight.why, ANSWER)
                .with("verdict", answer)
                // A run does not tell.
                .with("cache_hit", Value::Null)
                .with("latency_ms", latency);
            vec![verify, step]
        }
        SightKind::Thing => {
            // What is merely nearest is no place to click at.
            let place = sight.place.filter(|_| sight.answer == Answer::Yes);
            let place = place.map(Rect::center);
            let line = Line::new("vlm_localize")
                .with_short("target", &sight.what, TARGET)
                .with("x", place.map(|at| at.x))
                .with("y", place.map(|at| at.y))
                .with("answer", answer)
                .with("latency_ms", latency);
            vec![line]
        }
        SightKind::Widget => {
            let line = Line::new("atspi_verify")
                .with_short("target", &sight.what, TARGET)
                .with("verdict", answer)
                .with("is_absent", sight.is_absent)
                .with("latency_ms", latency);
            vec![line]
        }
        SightKind::Anchor | SightKind::Text | SightKind::Window => Vec::new(),
    }
}
