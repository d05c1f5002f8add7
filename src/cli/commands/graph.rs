//! `mosdat graph`: the plan as a graph, its critical path marked.

use crate::{
    cli::{
        arguments::{GraphArguments, GraphFormat},
        error::CliError,
        exit::Ended,
        select,
        settings::Settings,
        sign_in,
        workplace::Workplace,
    },
    plan::{self, graph},
};

pub(in crate::cli) fn run(settings: &Settings, typed: &GraphArguments) -> Result<Ended, CliError> {
    let vars = sign_in::variables(&typed.vars.var)?;
    let place = Workplace::open_with(settings, typed.file.file.as_deref(), &vars)?;
    let selection = select::selection(&typed.select)?;
    let scene = place.look(selection, select::look(&typed.select))?;
    let plan = plan::plan(&scene.input());
    settings.face.result(|out| match typed.format {
        GraphFormat::Dot => write!(out, "{}", graph::dot(&plan)),
        GraphFormat::Mermaid => write!(out, "{}", graph::mermaid(&plan)),
        GraphFormat::Json => {
            let (path, length_ms) = graph::critical_path(&plan);
            let key = |index: &crate::model::StepIndex| plan.step(*index).key.as_str();
            let edges = plan
                .steps
                .iter()
                .flat_map(|step| step.needs.iter().map(|need| [key(need), step.key.as_str()]));
            let document = serde_json::json!({
                "format_version": crate::cli::view::json::FORMAT_VERSION,
                "nodes": plan.steps.iter().map(|step| step.key.as_str()).collect::<Vec<_>>(),
                "edges": edges.collect::<Vec<_>>(),
                "critical_path": path.iter().map(key).collect::<Vec<_>>(),
                "critical_path_ms": length_ms,
            });
            writeln!(out, "{document}")
        }
    })
}
