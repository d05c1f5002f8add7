//! `mosdat replay`: judges the stored pictures of a run anew. Asks no machine, changes no record.

use crate::{
    cli::{
        arguments::ReplayArguments,
        error::CliError,
        exit::Ended,
        rejudge::{Judge, Judgement},
        settings::Settings,
        workplace::Workplace,
    },
    driver::disk::{self, SystemClock},
    model::{Answer, EvidenceKind, Sight, SightKind, StepKey},
    port::{Clock, Vision, VisionError},
    report::{Attempt, InstructionView, RunView},
};
use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

/// A step of a scenario, and where it happened.
struct Told<'a> {
    key: &'a StepKey,
    attempt: &'a Attempt,
    instruction: &'a InstructionView,
}

/// One question about one picture.
enum Question<'a> {
    Look(&'a Sight),
    Verify(&'a str, &'a str),
}

/// Judges anew. An error ends with [`Ended::UNTOLD`], since 1 says that something does not hold.
pub(in crate::cli) fn run(settings: &Settings, typed: &ReplayArguments) -> Result<Ended, CliError> {
    replay(settings, typed).or_else(|err| {
        if matches!(err, CliError::Output(_)) {
            return Err(err);
        }
        settings.face.say(&err.show(settings.face.color_err));
        Ok(Ended::UNTOLD)
    })
}

fn replay(settings: &Settings, typed: &ReplayArguments) -> Result<Ended, CliError> {
    let mut settings = settings.clone();
    let environment = &mut settings.environment;
    environment.insert("MOSDAT_VLM_NOCACHE".into(), "1".into());
    if let Some(model) = &typed.model {
        environment.insert("VLM_MODEL".into(), model.clone());
        environment.insert("VLM_VERIFY_MODEL".into(), model.clone());
    }
    let dir = folder(&settings, typed)?;
    let view = super::report::replay(&disk::read_events(&dir)?);
    let Some(step) = &typed.step else {
        return settings.face.result(|out| list(out, &view));
    };
    let told = steps(&view, step, typed);
    if told.is_empty() {
        let hint = "without --step, `mosdat replay` lists those that can be judged anew";
        return Err(CliError::Usage(format!(
            "no step {step} was told of; {hint}"
        )));
    }
    let judge = Judge {
        dir: &dir,
        threshold: typed.threshold,
        readers: settings.readers(),
        vision: vision(&settings, typed),
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build()?;
    let mut sum = Answer::Yes;
    let mut asked = 0;
    for told in &told {
        for question in questions(told, typed.verify.as_deref()) {
            let judged = runtime.block_on(async {
                match question {
                    Question::Look(sight) => judge.again(sight).await,
                    Question::Verify(file, text) => judge.verify(file, text).await,
                }
            });
            asked += 1;
            sum = summed(sum, held(&question, &judged));
            settings
                .face
                .result(|out| answer(out, told, &question, &judged))?;
        }
    }
    if asked == 0 {
        let why = format!("of step {step} no picture was kept that could be judged anew");
        return Err(CliError::Usage(why));
    }
    Ok(match sum {
        Answer::Yes => Ended::GOOD,
        Answer::No => Ended::UNMET,
        Answer::Unclear => Ended::UNTOLD,
    })
}

/// Returns the folder of the run: one that was typed, or that of the run with this name.
fn folder(settings: &Settings, typed: &ReplayArguments) -> Result<PathBuf, CliError> {
    let typed_dir = PathBuf::from(&typed.run);
    if typed_dir.join("events.jsonl").is_file() {
        return Ok(typed_dir);
    }
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let runs = disk::runs(&place.runs_dir());
    let found = runs.into_iter().find(|(id, _)| id.as_str() == typed.run);
    found.map(|(_, dir)| dir).ok_or_else(|| {
        let run = &typed.run;
        CliError::Usage(format!(
            "`{run}` is neither a run nor the folder of one; `mosdat state log` lists them"
        ))
    })
}

/// Returns the model of the plan file, or why there is none. Nobody needs one for anchors and texts.
fn vision(settings: &Settings, typed: &ReplayArguments) -> Result<Box<dyn Vision>, String> {
    let place = Workplace::open(settings, typed.file.file.as_deref());
    let place = place.map_err(|err| format!("the plan file that names the model: {err}"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let vision = place.vision(&clock);
    vision
        .map(|vlm| Box::new(vlm) as _)
        .ok_or_else(|| VisionError::None.to_string())
}

/// Returns the steps with this path: of each cell those of the last attempt, or of all.
fn steps<'a>(view: &'a RunView, path: &str, typed: &ReplayArguments) -> Vec<Told<'a>> {
    let is_meant = |key: &StepKey| {
        let cell = typed.cell.as_deref();
        cell.is_none_or(|cell| key.as_str().contains(cell))
    };
    let mut told = Vec::new();
    for step in view.steps.values().filter(|step| is_meant(&step.key)) {
        let skipped = if typed.all_attempts {
            0
        } else {
            step.attempts.len().saturating_sub(1)
        };
        for attempt in &step.attempts[skipped..] {
            let own = attempt.instructions.iter();
            told.extend(
                own.filter(|one| one.number == path)
                    .map(|instruction| Told {
                        key: &step.key,
                        attempt,
                        instruction,
                    }),
            );
        }
    }
    told
}

/// Returns what to ask about a step: a statement of each of its pictures, or what it looked for.
fn questions<'a>(told: &Told<'a>, verify: Option<&'a str>) -> Vec<Question<'a>> {
    let number = told.instruction.number.as_str();
    let Some(text) = verify else {
        let all = told.instruction.sights.iter();
        return all
            .filter(|one| is_stored(one))
            .map(Question::Look)
            .collect();
    };
    let mut frames = told.attempt.evidence.iter().filter(|one| {
        one.kind == EvidenceKind::Frame && told.attempt.instruction_of(one) == Some(number)
    });
    // The last is what the verdict was about.
    let last = frames.next_back();
    last.map(|frame| Question::Verify(&frame.file, text))
        .into_iter()
        .collect()
}

/// Whether the picture is there on which it was looked for.
fn is_stored(sight: &Sight) -> bool {
    let is_seen = !matches!(sight.kind, SightKind::Widget | SightKind::Window);
    is_seen && !sight.picture.is_empty()
}

/// Returns whether what the step wants holds. What could not be judged is unclear.
fn held(question: &Question<'_>, judged: &Result<Judgement, String>) -> Answer {
    let Ok(judged) = judged else {
        return Answer::Unclear;
    };
    let is_absent = matches!(question, Question::Look(sight) if sight.is_absent);
    match (judged.answer, is_absent) {
        (Answer::Unclear, _) => Answer::Unclear,
        (Answer::Yes, false) | (Answer::No, true) => Answer::Yes,
        (Answer::No, false) | (Answer::Yes, true) => Answer::No,
    }
}

/// One that certainly does not hold settles it; one that is unclear leaves it open.
fn summed(one: Answer, other: Answer) -> Answer {
    match (one, other) {
        (Answer::No, _) | (_, Answer::No) => Answer::No,
        (Answer::Unclear, _) | (_, Answer::Unclear) => Answer::Unclear,
        (Answer::Yes, Answer::Yes) => Answer::Yes,
    }
}

fn list(out: &mut dyn Write, view: &RunView) -> io::Result<()> {
    for step in view.steps.values() {
        for attempt in &step.attempts {
            for one in &attempt.instructions {
                for sight in one.sights.iter().filter(|sight| is_stored(sight)) {
                    let (kind, what) = (sight.kind.as_str(), &sight.what);
                    writeln!(
                        out,
                        "{} attempt {} step {} {}: {kind} `{what}`: {}",
                        step.key,
                        attempt.number,
                        one.number,
                        one.verdict,
                        sight.answer.as_str()
                    )?;
                }
            }
        }
    }
    Ok(())
}

fn answer(
    out: &mut dyn Write,
    told: &Told<'_>,
    question: &Question<'_>,
    judged: &Result<Judgement, String>,
) -> io::Result<()> {
    let (picture, asked, before) = match question {
        Question::Look(sight) => {
            let absent = if sight.is_absent { "no " } else { "" };
            let asked = format!("{absent}{} `{}`", sight.kind.as_str(), sight.what);
            (sight.picture.as_str(), asked, Some(sight.answer.as_str()))
        }
        Question::Verify(file, text) => (*file, format!("statement `{text}`"), None),
    };
    let number = told.attempt.number;
    writeln!(out, "{} attempt {number}", told.key)?;
    writeln!(out, "  picture  {picture}")?;
    writeln!(out, "  wanted   {asked}")?;
    if let Some(before) = before {
        writeln!(out, "  then     {before}")?;
    }
    match judged {
        Ok(judged) => writeln!(out, "  now      {}: {}", judged.answer.as_str(), judged.why),
        Err(why) => writeln!(out, "  now      it could not be judged: {why}"),
    }
}
