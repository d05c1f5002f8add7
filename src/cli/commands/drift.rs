//! `mosdat drift`: what providers say against what is recorded. Changes nothing.

use crate::{
    cli::{
        arguments::DriftArguments,
        error::CliError,
        exit::Ended,
        settings::Settings,
        view::json::FORMAT_VERSION,
        workplace::{Scene, Workplace},
    },
    model::{MachineName, Presence, SourceSeen, StepKey},
    plan::select::Selection,
    run::Look,
};
use serde::Serialize;

pub(in crate::cli) fn run(settings: &Settings, typed: &DriftArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let scene = place.look(Selection::default(), Look::Refresh)?;
    let mut found = Vec::new();
    for (machine, presence) in &scene.observed.machines {
        machine_drift(&scene, machine, presence, &mut found);
    }
    source_drift(&scene, &mut found);
    settings.face.result(|out| {
        if typed.json {
            let document = serde_json::json!({ "format_version": FORMAT_VERSION, "drift": found });
            return writeln!(out, "{document}");
        }
        for drift in &found {
            writeln!(
                out,
                "{}: {} (recorded: {})",
                drift.what, drift.now, drift.recorded
            )?;
        }
        if found.is_empty() {
            writeln!(out, "nothing has drifted")?;
        }
        Ok(())
    })?;
    Ok(if found.is_empty() {
        Ended::GOOD
    } else {
        Ended::DUE
    })
}

/// One thing that is not as it was recorded.
#[derive(Debug, Serialize)]
struct Drift {
    what: String,
    recorded: String,
    now: String,
}

fn machine_drift(
    scene: &Scene<'_>,
    machine: &MachineName,
    presence: &Presence,
    found: &mut Vec<Drift>,
) {
    let what = format!("machine `{machine}`");
    let recorded = &scene.recorded;
    let (base, layers) = match presence {
        Presence::Present { base, layers, .. } => (base, layers),
        Presence::Absent { why } | Presence::Unknown { why } => {
            // A machine that was never used cannot have drifted.
            if recorded.steps.contains_key(&StepKey::restore(machine)) {
                found.push(Drift {
                    what,
                    recorded: "present".into(),
                    now: why.clone(),
                });
            }
            return;
        }
    };
    let restore = recorded.steps.get(&StepKey::restore(machine));
    let then = restore.and_then(|step| step.ingredients.iter().find(|part| &*part.name == "base"));
    if let Some(then) = then
        && *then.value != **base
    {
        found.push(Drift {
            what: format!("base of {what}"),
            recorded: then.value.to_string(),
            now: base.clone(),
        });
    }
    let known: Vec<_> = recorded
        .layers
        .iter()
        .filter(|(name, _)| name == machine)
        .collect();
    for (_, layer) in &known {
        if !layers.contains(layer) {
            found.push(Drift {
                what: format!("layer {layer} of {what}"),
                recorded: "present".into(),
                now: "gone".into(),
            });
        }
    }
    for layer in layers {
        if !known.iter().any(|(_, name)| name == layer) {
            found.push(Drift {
                what: format!("layer {layer} of {what}"),
                recorded: "nothing".into(),
                now: "present; `mosdat import` takes it in".into(),
            });
        }
    }
}

fn source_drift(scene: &Scene<'_>, found: &mut Vec<Drift>) {
    for (build, seen) in &scene.observed.sources {
        let steps = scene.recorded.steps.iter();
        let mut steps = steps.filter(|(key, _)| {
            key.parts()
                .is_some_and(|parts| parts.machine.is_none() && parts.build == Some(build.as_str()))
        });
        let Some((_, step)) = steps.next() else {
            continue;
        };
        let then = step.ingredients.iter().find(|part| &*part.name == "source");
        let then = then.map(|part| part.value.to_string()).unwrap_or_default();
        let now = match seen {
            SourceSeen::Known { identity, .. } => identity.clone(),
            SourceSeen::Unknown { why } => why.clone(),
        };
        if then != now {
            found.push(Drift {
                what: format!("source of build `{build}`"),
                recorded: then,
                now,
            });
        }
    }
}
