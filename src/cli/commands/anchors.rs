//! `mosdat anchors`: shows pictures that are proposed for targets which look otherwise than
//! remembered, and accepts or refuses them.

use crate::{
    cli::{
        arguments::scenario::{AnchorsCommand, ProposalArguments},
        error::CliError,
        exit::Ended,
        face,
        settings::Settings,
        view::review_page,
        workplace::Workplace,
    },
    driver::disk::{DiskAnchors, Proposal},
};

pub(in crate::cli) fn run(settings: &Settings, typed: &AnchorsCommand) -> Result<Ended, CliError> {
    match typed {
        AnchorsCommand::List { file } => {
            let (_, anchors) = open(settings, file.file.as_deref())?;
            let lines = anchors.proposals()?.iter().map(line).collect();
            write(settings, lines, "nothing is proposed")
        }
        AnchorsCommand::Review { file } => {
            let (place, anchors) = open(settings, file.file.as_deref())?;
            review(settings, &place, &anchors)
        }
        AnchorsCommand::Accept { names, all } => {
            decide(settings, names, *all, ("accepted", DiskAnchors::accept))
        }
        AnchorsCommand::Refuse { names, all } => {
            decide(settings, names, *all, ("refused", DiskAnchors::refuse))
        }
    }
}

fn open(
    settings: &Settings,
    file: Option<&std::path::Path>,
) -> Result<(Workplace, DiskAnchors), CliError> {
    let place = Workplace::open(settings, file)?;
    let anchors = DiskAnchors::new(place.scenario_dir.clone());
    Ok((place, anchors))
}

fn line(proposal: &Proposal) -> String {
    let Proposal {
        name,
        target,
        found_by,
        ..
    } = proposal;
    format!("{name}  \"{target}\", found by {found_by}")
}

fn write(settings: &Settings, lines: Vec<String>, none: &str) -> Result<Ended, CliError> {
    settings.face.result(|out| {
        if lines.is_empty() {
            writeln!(out, "{none}")?;
        }
        for line in lines {
            writeln!(out, "{line}")?;
        }
        Ok(())
    })
}

/// Writes the page, and asks about each proposal where somebody can be asked.
fn review(
    settings: &Settings,
    place: &Workplace,
    anchors: &DiskAnchors,
) -> Result<Ended, CliError> {
    let proposals = anchors.proposals()?;
    if proposals.is_empty() {
        return write(settings, Vec::new(), "nothing is proposed");
    }
    let page = place.dir.join("anchors.html");
    face::write_file(&page, review_page(&proposals).as_bytes())?;
    let mut lines: Vec<String> = proposals.iter().map(line).collect();
    lines.push(format!("see {}", page.display()));
    let ended = write(settings, lines, "")?;
    if settings.face.can_ask {
        for proposal in &proposals {
            let question = format!("{}\nIs the new picture the right one?", line(proposal));
            match settings.face.decide(&question)? {
                Some(true) => anchors.accept(&proposal.name)?,
                Some(false) => anchors.refuse(&proposal.name)?,
                None => {}
            }
        }
    }
    Ok(ended)
}

type Decision = (
    &'static str,
    fn(&DiskAnchors, &str) -> Result<(), crate::port::AnchorsError>,
);

/// Accepts or refuses what is named. All names are looked up before anything is changed.
fn decide(
    settings: &Settings,
    named: &ProposalArguments,
    all: bool,
    (word, act): Decision,
) -> Result<Ended, CliError> {
    let (_, anchors) = open(settings, named.file.as_deref())?;
    let known: Vec<String> = anchors
        .proposals()?
        .into_iter()
        .map(|one| one.name)
        .collect();
    for name in &named.names {
        if !known.contains(name) {
            let near = crate::model::did_you_mean(name, known.iter().map(String::as_str));
            let near = near.map(|near| format!("; did you mean `{near}`?"));
            let why = format!(
                "nothing is proposed for `{name}`{}",
                near.unwrap_or_default()
            );
            return Err(CliError::Usage(why));
        }
    }
    let names = if all { known } else { named.names.clone() };
    let mut lines = Vec::new();
    for name in &names {
        act(&anchors, name)?;
        lines.push(format!("{word} {name}"));
    }
    write(settings, lines, "nothing is proposed")
}
