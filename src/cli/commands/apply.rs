//! `mosdat apply`: makes it so.

use super::{
    plan::{something, warn},
    report::html,
};
use crate::{
    cli::{
        arguments::ApplyArguments,
        drivers::Drivers,
        error::CliError,
        exit::Ended,
        face,
        progress::Progress,
        saved_plan::SavedPlan,
        select,
        settings::Settings,
        sign_in,
        view::{matrix, plan::PlanView},
        workplace::{Scene, Workplace},
    },
    driver::disk::{DiskRunFolder, DiskStore},
    model::{Event, Fact, Plan, PoolName, Recorded, RunId, Secrets, Timestamp},
    plan,
    port::{Builder as _, PastAttempts, RunFolder as _, Store},
    report::{self, RunView},
    run::{self, Applied, ApplyOptions, Ports, Stop, World, retry::RetryPolicy},
};
use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;

pub(in crate::cli) fn run(settings: &Settings, typed: &ApplyArguments) -> Result<Ended, CliError> {
    let saved = typed
        .file
        .as_deref()
        .map(SavedPlan::read)
        .transpose()?
        .flatten();
    let mut vars = sign_in::variables(&typed.vars.var)?;
    let (file, select) = match &saved {
        Some(saved) => (Some(saved.file.as_path()), saved.select()),
        None => (typed.file.as_deref(), typed.select.clone()),
    };
    if let Some(saved) = &saved {
        // What is typed now may not be what the plan was made with; then the facts differ.
        for (name, value) in &saved.var {
            vars.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let mut place = Workplace::open_with(settings, file, &vars)?;
    place.warn_of_unused();
    widen_pools(&mut place, &typed.pool)?;
    if let Some(reruns) = typed.reruns {
        place.loaded.desired.reruns = reruns;
    }
    let typed = Typed {
        arguments: typed,
        select,
        facts: saved.map(|saved| saved.facts),
    };
    place.locked("apply", |store, recorded| {
        let applying = apply(&place, &typed, store, recorded);
        place.block_on(applying)?
    })
}

/// What was asked for, on the command line or by a saved plan.
struct Typed<'a> {
    arguments: &'a ApplyArguments,
    select: crate::cli::arguments::SelectArguments,
    facts: Option<Vec<Fact>>,
}

async fn apply(
    place: &Workplace,
    typed: &Typed<'_>,
    store: &mut DiskStore,
    recorded: Recorded,
) -> Result<Ended, CliError> {
    let drivers = place.drivers()?;
    let selection = select::selection(&typed.select)?;
    let look = select::look(&typed.select);
    let scene = place.observe(&drivers, recorded, selection, look).await;
    let plan = plan::plan(&scene.input());
    something(&scene, &plan)?;
    warn(&place.settings, &scene, &plan);
    agree(place, typed, &scene, &plan)?;
    let is_dry =
        plan.is_empty() && typed.arguments.junit.is_none() && typed.arguments.markdown.is_none();
    if is_dry && !typed.arguments.json && typed.arguments.json_into.is_none() {
        // What a crash left may be all that there is to do.
        drivers.wind_up().await?;
        let view = PlanView {
            color: place.settings.face.color_out,
            all: false,
        };
        return place
            .settings
            .face
            .result(|out| write!(out, "{}", view.write(&plan)));
    }
    let kept = (store as &mut dyn Store, Arc::new(place.past()) as _);
    carry_out(place, typed.arguments, &drivers, kept, scene, plan).await
}

/// Shows the plan and asks, unless the user agreed beforehand.
fn agree(
    place: &Workplace,
    typed: &Typed<'_>,
    scene: &Scene<'_>,
    plan: &Plan,
) -> Result<(), CliError> {
    if let Some(then) = &typed.facts {
        let now = plan::facts(&scene.input(), plan);
        return match plan::first_difference(then, &now) {
            Some((name, then, now)) => Err(CliError::Stale { name, then, now }),
            None => Ok(()),
        };
    }
    if plan.is_empty() || typed.arguments.yes {
        return Ok(());
    }
    let face = place.settings.face;
    let view = PlanView {
        color: face.color_err,
        all: false,
    };
    face.ask(
        "the plan",
        &format!("{}\nApply this plan?", view.write(plan)),
    )
}

pub(in crate::cli) async fn carry_out(
    place: &Workplace,
    typed: &ApplyArguments,
    drivers: &Drivers,
    (store, past): (&mut dyn Store, Arc<dyn PastAttempts>),
    scene: Scene<'_>,
    plan: Plan,
) -> Result<Ended, CliError> {
    drivers.builder.clean_up().await;
    let run = run_id(drivers.now);
    let folder = Arc::new(DiskRunFolder::create(&place.runs_dir().join(run.as_str()))?);
    let options = ApplyOptions {
        run,
        parallel: typed.parallel.map_or(64, |parallel| parallel as usize),
        max_fail: match typed.max_fail {
            Some(most) => Some(most as usize),
            None => typed.fail_fast.then_some(1),
        },
        retry: RetryPolicy::default(),
        grace: Duration::from_secs(10),
        heartbeat: Duration::from_secs(if place.is_simulated() { 60 } else { 1 }),
    };
    let ports = Ports {
        performer: place.performer(drivers)?,
        keepers: drivers.keepers.clone(),
        store,
        folder: Arc::clone(&folder) as _,
        past,
        clock: Arc::clone(&drivers.clock),
        secrets: Secrets::new(place.known_secrets()),
    };
    let world = World {
        desired: scene.desired,
        recorded: scene.recorded,
        observed: &scene.observed,
        selection: &scene.selection,
    };
    let mut told = Told::new(place, typed, drivers)?;
    let (sender, stop) = watch::channel(Stop::No);
    let applied = {
        let approved = plan.approve();
        let mut tell = |event: &Event| told.event(event);
        let applying = run::apply(&approved, world, ports, &options, stop, &mut tell);
        tokio::select! {
            applied = applying => applied,
            never = listen(sender) => match never {},
        }
    };
    let (view, lost) = told.finish()?;
    let applied = applied?;
    write_reports(typed, &view, &folder.path())?;
    if let Some(err) = lost {
        return Err(err);
    }
    conclude(place, typed, &view, &applied, &folder.path())
}

/// Turns the first Ctrl-C into a gentle stop, the second and any SIGTERM into one at once.
async fn listen(stop: watch::Sender<Stop>) -> std::convert::Infallible {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    loop {
        let wish = tokio::select! {
            _ = interrupt.recv() => {
                let is_first = *stop.borrow() == Stop::No;
                if is_first { Stop::Gently } else { Stop::AtOnce }
            }
            _ = terminate.recv() => Stop::AtOnce,
        };
        stop.send_replace(wish);
    }
}

/// Where events go while the run goes on.
struct Told {
    progress: Option<Progress<io::Stderr>>,
    json: bool,
    json_into: Option<File>,
    clock: Arc<dyn crate::port::Clock>,
    /// Why events could not be shown any more. The run goes on: its record is kept elsewhere.
    lost: Option<CliError>,
}

impl Told {
    fn new(place: &Workplace, typed: &ApplyArguments, drivers: &Drivers) -> Result<Self, CliError> {
        let face = place.settings.face;
        let progress = if face.is_live && !place.is_simulated() {
            Progress::live(io::stderr(), face.width, face.color_err)
        } else {
            Progress::plain(io::stderr())
        };
        let create = |path: &std::path::PathBuf| {
            File::create(path).map_err(|source| CliError::File {
                what: "create",
                path: path.clone(),
                source,
            })
        };
        Ok(Self {
            progress: Some(progress),
            json: typed.json,
            json_into: typed.json_into.as_ref().map(create).transpose()?,
            clock: Arc::clone(&drivers.clock),
            lost: None,
        })
    }

    fn event(&mut self, event: &Event) {
        if let Err(err) = self.show(event) {
            self.lost.get_or_insert(CliError::Output(err));
            self.json = false;
            self.json_into = None;
        }
    }

    fn show(&mut self, event: &Event) -> io::Result<()> {
        if self.json || self.json_into.is_some() {
            let mut line = serde_json::to_vec(event)?;
            line.push(b'\n');
            if self.json {
                io::stdout().lock().write_all(&line)?;
            }
            if let Some(file) = &mut self.json_into {
                file.write_all(&line)?;
            }
        }
        if let Some(progress) = &mut self.progress {
            progress.event(event, self.clock.now())?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(RunView, Option<CliError>), CliError> {
        let progress = self.progress.take().expect("progress is taken only here");
        let mut view = progress.finish()?;
        view.stream_ended();
        Ok((view, self.lost))
    }
}

/// Writes what a run leaves for people and pipelines.
fn write_reports(typed: &ApplyArguments, view: &RunView, dir: &Path) -> Result<(), CliError> {
    let junit = report::junit::write(view);
    let markdown = report::markdown::write(view);
    face::write_file(&dir.join("junit.xml"), junit.as_bytes())?;
    face::write_file(&dir.join("summary.md"), markdown.as_bytes())?;
    face::write_file(&dir.join("report.html"), html(view, dir).as_bytes())?;
    if let Some(path) = &typed.junit {
        face::write_file(path, junit.as_bytes())?;
    }
    if let Some(path) = &typed.markdown {
        face::write_file(path, markdown.as_bytes())?;
    }
    Ok(())
}

fn conclude(
    place: &Workplace,
    typed: &ApplyArguments,
    view: &RunView,
    applied: &Applied,
    dir: &Path,
) -> Result<Ended, CliError> {
    let face = place.settings.face;
    if !typed.json {
        face.result(|out| {
            write!(out, "{}", matrix::write(view, face.color_out))?;
            writeln!(out, "{}", view.counts().to_text())?;
            writeln!(out, "Report: {}", dir.join("report.html").display())?;
            writeln!(out, "JUnit:  {}", dir.join("junit.xml").display())
        })?;
    }
    if applied.stopped {
        face.say("stopped; the same command goes on from here");
    }
    Ok(Ended(applied.exit_code))
}

/// Names a run by when it began: names sort as runs follow each other.
fn run_id(at: Timestamp) -> RunId {
    let text = at.to_string();
    let digits = text.chars().filter(char::is_ascii_alphanumeric);
    RunId::new(digits.collect::<String>().to_lowercase())
}

fn widen_pools(place: &mut Workplace, pools: &[String]) -> Result<(), CliError> {
    for text in pools {
        let parsed = text
            .rsplit_once('=')
            .and_then(|(name, n)| Some((name, n.parse().ok()?)));
        let Some((name, limit @ 1..)) = parsed else {
            let why = format!("`{text}` is no pool; one reads like `gpu:rtx3060=2`");
            return Err(CliError::Usage(why));
        };
        let limit: usize = limit;
        place
            .loaded
            .desired
            .pools
            .insert(PoolName::new(name), limit);
    }
    Ok(())
}
