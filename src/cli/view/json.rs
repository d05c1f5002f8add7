//! JSON documents. Their shape is a contract of its own, apart from the types inside: fields are
//! added, never changed, without a new `format_version`.

use crate::model::{Action, Phase, Plan, PoolName, Reason, Release, StepHash};
use serde::Serialize;
use std::collections::BTreeMap;

/// The version that every document carries.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// `plan --json`.
#[derive(Debug, Serialize)]
pub(crate) struct PlanDocument<'a> {
    format_version: u32,
    matrix: &'a str,
    plan_id: String,
    steps: Vec<StepDocument<'a>>,
    releases: Vec<ReleaseDocument>,
    skipped: Vec<SkipDocument<'a>>,
    summary: SummaryDocument,
}

#[derive(Debug, Serialize)]
struct StepDocument<'a> {
    key: &'a str,
    phase: Phase,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
    /// Missing while a build that it rests on has to run first.
    hash: Option<String>,
    needs: Vec<&'a str>,
    pools: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redo: Vec<&'a str>,
    estimate_ms: u64,
}

#[derive(Debug, Serialize)]
struct ReleaseDocument {
    action: &'static str,
    reason: Reason,
    what: String,
}

#[derive(Debug, Serialize)]
struct SkipDocument<'a> {
    key: &'a str,
    why: &'a str,
}

#[derive(Debug, Serialize)]
struct SummaryDocument {
    run: usize,
    keep: usize,
    release: usize,
    skipped: usize,
    by_reason: BTreeMap<&'static str, usize>,
}

impl<'a> PlanDocument<'a> {
    /// Puts a plan into its document.
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let run = plan.runs().count();
        Self {
            format_version: FORMAT_VERSION,
            matrix: plan.matrix.as_str(),
            plan_id: plan.id.to_string(),
            steps: plan
                .steps
                .iter()
                .map(|step| step_document(plan, step))
                .collect(),
            releases: plan.releases.iter().map(release_document).collect(),
            skipped: plan
                .skips
                .iter()
                .map(|skip| SkipDocument {
                    key: skip.key.as_str(),
                    why: &skip.why,
                })
                .collect(),
            summary: SummaryDocument {
                run,
                keep: plan.steps.len() - run,
                release: plan.releases.len(),
                skipped: plan.skips.len(),
                by_reason: plan.by_reason(),
            },
        }
    }
}

fn step_document<'a>(plan: &'a Plan, step: &'a crate::model::Step) -> StepDocument<'a> {
    let key = |index: &crate::model::StepIndex| plan.step(*index).key.as_str();
    StepDocument {
        key: step.key.as_str(),
        phase: step.phase,
        action: if step.will_run() { "run" } else { "keep" },
        reason: match &step.action {
            Action::Run(reason) => Some(reason),
            Action::Keep => None,
        },
        hash: match step.hash {
            StepHash::Known(hash) => Some(hash.to_string()),
            StepHash::Pending => None,
        },
        needs: step.needs.iter().map(key).collect(),
        pools: step.pools.iter().map(PoolName::as_str).collect(),
        from: step.from.as_ref().map(ToString::to_string),
        redo: step.redo.iter().map(key).collect(),
        estimate_ms: step.estimate_ms,
    }
}

fn release_document(release: &Release) -> ReleaseDocument {
    let (what, reason) = super::plan::release_in_words(release);
    ReleaseDocument {
        action: "release",
        reason,
        what,
    }
}
