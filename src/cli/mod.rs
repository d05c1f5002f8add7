//! The command line: reads arguments, picks drivers, shows results.
//!
//! [`run`] is all of it. `arguments` is what can be typed, `settings` the environment, `workplace`
//! which driver is behind which port, `commands` one file a command, `view` what they show,
//! `error` what an error says and exits with.

mod age;
mod arguments;
mod commands;
mod diagnostics;
mod dispatch;
mod drivers;
mod error;
mod exit;
mod face;
mod image_hints;
pub mod progress;
mod rejudge;
mod saved_plan;
mod secrets;
mod select;
mod session;
mod settings;
mod sign_in;
mod trying;
mod unrecorded;
mod video;
mod view;
mod vision;
mod visual;
mod workplace;

use arguments::routine::RoutinesCommand;
use arguments::{Arguments, Command, LockCommand, StateCommand, VlmCommand};
use clap::{CommandFactory as _, Parser as _};
use error::CliError;
use exit::Ended;
use settings::Settings;
use std::{ffi::OsString, io, process::ExitCode};

/// Carries out one command line and returns what the process exits with.
pub fn run(typed: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(typed) {
        Ok(arguments) => arguments,
        Err(err) => {
            let is_wrong = err.use_stderr();
            // Help that nobody reads to its end is no error.
            drop(err.print());
            return if is_wrong {
                ExitCode::from(Ended::ERROR.0)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let settings = Settings::read(&arguments.global);
    start_log(&settings);
    let ended = carry_out(&settings, arguments.command).unwrap_or_else(|err| {
        // Whoever closed the pipe has seen enough.
        if !matches!(&err, CliError::Output(err) if err.kind() == io::ErrorKind::BrokenPipe) {
            settings.face.say(&err.show(settings.face.color_err));
        }
        err.ended()
    });
    ExitCode::from(ended.0)
}

fn carry_out(settings: &Settings, command: Command) -> Result<Ended, CliError> {
    match command {
        Command::Plan(typed) => commands::plan::run(settings, &typed),
        Command::Apply(typed) => commands::apply::run(settings, &typed),
        Command::Functional(typed) => commands::functional::run(settings, &typed),
        Command::Why(typed) => commands::why::run(settings, &typed),
        Command::Flakes(typed) => commands::flakes::run(settings, &typed),
        Command::Status(typed) => commands::status::run(settings, &typed),
        Command::Drift(typed) => commands::drift::run(settings, &typed),
        Command::Graph(typed) => commands::graph::run(settings, &typed),
        Command::Report(typed) => commands::report::run(settings, &typed),
        Command::Replay(typed) => commands::replay::run(settings, &typed),
        Command::Validate(typed) => commands::validate::run(settings, &typed),
        Command::AtspiDump(typed) => commands::atspi_dump::run(settings, &typed),
        Command::Doctor(typed) => commands::doctor::run(settings, &typed),
        Command::ListVms(typed) => commands::list_vms::run(settings, &typed),
        Command::State(typed) => state(settings, typed),
        Command::Lock(LockCommand::Info { file, json }) => {
            commands::lock::info(settings, &file, json)
        }
        Command::ForceUnlock(typed) => commands::lock::force_unlock(settings, &typed),
        Command::Import(typed) => commands::import::run(settings, &typed),
        Command::Destroy(typed) => commands::destroy::run(settings, &typed),
        Command::Gc(typed) => commands::gc::run(settings, &typed),
        Command::Visual(typed) => commands::visual::run(settings, &typed),
        Command::Image(typed) => commands::image::run(settings, &typed),
        Command::Vlm(VlmCommand::Probe(typed)) => commands::vlm::probe(settings, &typed),
        Command::VlmCache(typed) => commands::vlm_cache::run(settings, &typed),
        Command::Lint(typed) => commands::lint::run(settings, &typed),
        Command::Anchors(typed) => commands::anchors::run(settings, &typed),
        Command::Routines(typed) => routines(settings, &typed),
        Command::Trace(typed) => commands::trace::run(settings, &typed),
        Command::Recipes(typed) => commands::recipes::run(settings, &typed),
        Command::Schema(typed) => commands::schema::run(settings, &typed),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "mosdat", &mut text);
            settings.face.result(|out| out.write_all(&text))
        }
        Command::Man => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut text)?;
            settings.face.result(|out| out.write_all(&text))
        }
    }
}

fn routines(settings: &Settings, typed: &RoutinesCommand) -> Result<Ended, CliError> {
    match typed {
        RoutinesCommand::Test(typed) => commands::routine_tests::test(settings, typed),
        RoutinesCommand::Report(typed) => commands::routine_tests::report(settings, typed),
        RoutinesCommand::Look(typed) => commands::routines::run(settings, typed),
    }
}

fn state(settings: &Settings, typed: StateCommand) -> Result<Ended, CliError> {
    use commands::state;
    match typed {
        StateCommand::List { file, target } => state::list(settings, &file, target.as_deref()),
        StateCommand::Show { key, file } => state::show(settings, &file, &key),
        StateCommand::Rm { selector, file } => state::remove(settings, &file, &selector),
        StateCommand::Mv { from, to, file } => state::rename(settings, &file, &from, &to),
        StateCommand::Pull { file } => state::pull(settings, &file),
        StateCommand::Push {
            document,
            file,
            force,
        } => state::push(settings, &file, &document, force),
        StateCommand::Log { file } => state::log(settings, &file),
        StateCommand::Recover { file } => state::recover(settings, &file),
    }
}

fn start_log(settings: &Settings) {
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.log);
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("mosdat=warn"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(settings.face.color_err)
        .with_writer(io::stderr)
        .without_time()
        .finish();
    // A second start within one process, as in tests, keeps the first one's log.
    drop(tracing::subscriber::set_global_default(subscriber));
}
