//! `mosdat plan`: shows what apply would do, and why; changes nothing, takes no lock.

use crate::{
    cli::{
        arguments::{PlanArguments, PlanFormat},
        error::CliError,
        exit::Ended,
        face,
        saved_plan::SavedPlan,
        select,
        settings::Settings,
        sign_in,
        view::{
            json::PlanDocument,
            plan::{PlanView, markdown},
        },
        workplace::{Scene, Workplace},
    },
    model::{Phase, Plan, Presence, SourceSeen},
    plan,
};

pub(in crate::cli) fn run(settings: &Settings, typed: &PlanArguments) -> Result<Ended, CliError> {
    let vars = sign_in::variables(&typed.vars.var)?;
    let place = Workplace::open_with(settings, typed.file.file.as_deref(), &vars)?;
    place.warn_of_unused();
    let selection = select::selection(&typed.select)?;
    let scene = place.look(selection, select::look(&typed.select))?;
    let plan = plan::plan(&scene.input());
    something(&scene, &plan)?;
    warn(settings, &scene, &plan);
    if let Some(path) = &typed.out {
        let facts = plan::facts(&scene.input(), &plan);
        SavedPlan::new(&place.file, &typed.select, vars, facts).write(path)?;
    }
    if let Some(path) = &typed.json_into {
        let document = serde_json::to_vec(&PlanDocument::new(&plan));
        face::write_file(path, &document.expect("a plan is plain data"))?;
    }
    show(settings, typed, &plan)?;
    let is_due = typed.detailed_exitcode && !plan.is_empty();
    // The process is about to end, which gives all memory back at once. Taking a plan of ten
    // thousand steps apart piece by piece first costs a tenth of the whole command.
    std::mem::forget((plan, scene));
    std::mem::forget(place.loaded);
    Ok(if is_due { Ended::DUE } else { Ended::GOOD })
}

fn show(settings: &Settings, typed: &PlanArguments, plan: &Plan) -> Result<Ended, CliError> {
    let format = if typed.json {
        PlanFormat::Json
    } else {
        typed.format
    };
    settings.face.result(|out| match format {
        PlanFormat::Json => {
            serde_json::to_writer(&mut *out, &PlanDocument::new(plan))?;
            writeln!(out)
        }
        PlanFormat::Markdown => write!(out, "{}", markdown(plan)),
        PlanFormat::Human => {
            let view = PlanView {
                color: settings.face.color_out,
                all: typed.all,
            };
            write!(out, "{}", view.write(plan))
        }
    })
}

/// Says beforehand what steps that run will stumble over: machines that are not there, sources
/// that cannot be read. And what the end of the run does besides.
pub(in crate::cli) fn warn(settings: &Settings, scene: &Scene<'_>, plan: &Plan) {
    let runs_on = |name| {
        plan.runs()
            .any(|(step, _)| step.machine.as_ref() == Some(name))
    };
    for (name, presence) in &scene.observed.machines {
        if let Presence::Absent { why } | Presence::Unknown { why } = presence
            && runs_on(name)
        {
            settings
                .face
                .say(&format!("warning: machine `{name}`: {why}"));
        }
    }
    for (build, seen) in &scene.observed.sources {
        if let SourceSeen::Unknown { why } = seen {
            settings
                .face
                .say(&format!("warning: source of build `{build}`: {why}"));
        }
    }
    for what in &scene.left_over {
        let words = "an earlier run has not given back";
        settings
            .face
            .say(&format!("warning: {words} {what}; `mosdat apply` does"));
    }
}

/// A plan in which nothing is exercised must not look like one in which all is well.
pub(super) fn something(scene: &Scene<'_>, plan: &Plan) -> Result<(), CliError> {
    let asks_for_less = !scene.selection.targets.is_empty();
    let is_tested = plan.steps.iter().any(|step| step.phase == Phase::Exercise);
    if is_tested || (asks_for_less && !plan.steps.is_empty()) {
        return Ok(());
    }
    if scene.selection.failed {
        // All that was asked for is there: no exercise failed.
        return Ok(());
    }
    Err(CliError::Nothing(if plan.skips.is_empty() {
        "no step fits what was asked for".into()
    } else {
        format!("all {} cells are left out", plan.skips.len())
    }))
}
