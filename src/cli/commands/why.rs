//! `mosdat why`: the chain of causes of a step's decision.

use crate::{
    cli::{
        arguments::WhyArguments, error::CliError, exit::Ended, settings::Settings, sign_in,
        workplace::Workplace,
    },
    plan::{
        self,
        select::{Filter, Selection},
        why::{self, Cause},
    },
    run::Look,
};
use std::io::{self, Write};

pub(in crate::cli) fn run(settings: &Settings, typed: &WhyArguments) -> Result<Ended, CliError> {
    let filter = Filter::parse(&typed.selector)?;
    let vars = sign_in::variables(&typed.vars.var)?;
    let place = Workplace::open_with(settings, typed.file.file.as_deref(), &vars)?;
    let look = if typed.no_refresh {
        Look::Recall
    } else {
        Look::Refresh
    };
    let scene = place.look(Selection::default(), look)?;
    let input = scene.input();
    let plan = plan::plan(&input);
    let steps: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| filter.admits(&step.key))
        .collect();
    if steps.is_empty() {
        let left_out = plan.skips.iter().find(|skip| filter.admits(&skip.key));
        return match left_out {
            Some(skip) => settings
                .face
                .result(|out| writeln!(out, "`{}` is left out: {}", skip.key, skip.why)),
            None => Err(CliError::Nothing(format!(
                "no step fits `{}`",
                typed.selector
            ))),
        };
    }
    settings.face.result(|out| {
        for step in steps {
            show(out, &why::why(&input, &plan, step), 0)?;
        }
        Ok(())
    })
}

fn show(out: &mut dyn Write, cause: &Cause, depth: usize) -> io::Result<()> {
    let indent = "  ".repeat(depth);
    writeln!(out, "{indent}{}", cause.text)?;
    cause
        .because
        .iter()
        .try_for_each(|cause| show(out, cause, depth + 1))
}
